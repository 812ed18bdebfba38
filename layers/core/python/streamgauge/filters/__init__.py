"""Filters of reports: how they are written in a query, what they mean, and the conditions in SQL that they become.

It lies below the rooms of the subjects: each puts the conditions of `conditions` into its own statements over `visits` and
`events`; `days` says whether the raw rows that this needs are still there.
"""
