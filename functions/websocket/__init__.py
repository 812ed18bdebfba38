"""Functions that a live connection starts."""
