"""The transaction that counts: de-duplication, locks, state, rollups, and their projection to DynamoDB.

In: how a batch of stamped events is stored exactly once, and how the result is recounted from raw events. Not in: what counts
(the rules stand in `web`, `video` and `views`) or how a batch arrives (`edge.stream`). One row above the subjects' rooms.
"""
