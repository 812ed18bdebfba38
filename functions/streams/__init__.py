"""Functions that the stream of a table starts."""
