"""Days that another tool has counted: taking them in, listing and removing them.

In: what such rows may say and what they become (`rows`), and how they are stored. Not in: imports of events, which go through
ingest like all others; and the reports, which add these days (`rollups.imported`). Only the function `api/imports` calls in here.
"""
