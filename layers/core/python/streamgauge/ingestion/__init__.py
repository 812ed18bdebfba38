"""From a request to stamped events on the stream, as a visible list of named steps (`pipeline`).

In: reading of requests in their dialects, checks with a reason for every drop, what is known of the visitor, the stamp, and
delivery. Not in: what an event changes (`warehouse` and the subjects' rooms) and what HTTP answers errors with (`edge`). The
entry points of ingest, of dead letters and of the spill call it. Its hot path imports neither boto3 nor pydantic.
"""
