"""Playback sessions of media servers: what their calls say together, and the live ones at hand.

In: the fold of calls (`folding`, pure), their shapes (`models`), the live state in DynamoDB (`live`), history and figures of days
read from Postgres. Not in: who may call and how a call becomes an event (`ingestion`), the storing of history (`warehouse`),
libraries and sharing. Ingestion, the warehouse and the rooms that look at sessions call it.
"""
