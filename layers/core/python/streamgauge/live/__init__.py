"""The last five minutes: what the live consumer writes, and the realtime figures that are read from it.

In: the packed items (`items`), the pure figures (`figures`) and their reader (`realtime`). Not in: anything that must be exact for
longer; the warehouse counts that. Uses DynamoDB alone and never waits for Postgres.
"""
