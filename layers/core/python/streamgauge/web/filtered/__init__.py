"""Website reports with filters: counted from the visits of the range and, where these do not say enough, their events.

In: what a statement is to give (`shape`), its parts (`visits`, `hits`), the whole (`statement`), what it counts in (`buckets`) and
what reports ask of it (`counting`). Not in: what filters mean (`filters`), the shapes of answers. Called by the reports of `web` alone.
"""
