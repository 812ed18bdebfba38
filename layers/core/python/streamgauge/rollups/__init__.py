"""What the reports of every room share: ranges of local days, exact uniques over them, and top lists by visitors.

It lies below the rooms of the subjects, which read their own rollups; `build` is called by the job that closes a day.
"""
