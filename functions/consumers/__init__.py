"""Functions that read the stream of events."""
