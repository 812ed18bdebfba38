"""The event on the wire between ingest and the consumers: the only thing that both sides share.

In: versioned models of stamped events and their encoding. Not in: how a request becomes an event (`ingestion`) or what an
event changes (`warehouse` and the subjects' rooms). Anyone may import it.
"""
