"""The scheduled work: closing hours and days, closing the periods of view counters, retention, partitions.

In: each job as a function of its slot, safe to run twice, ten at once, late, or again after being killed half way; what a job
has to do it asks of DynamoDB first, so that nothing wakes Postgres when nothing has happened. Not in: when a job runs (infra) or
how its event reads (`edge.schedule`). An aggregating room: it may call `warehouse`, `rollups`, `views` and `access`; only entry
points call it.
"""
