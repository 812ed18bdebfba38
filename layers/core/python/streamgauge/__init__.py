"""Streamgauge's shared code: rooms per subject, over the stores and the ground floor.

The ground floor (`settings`, `clock`, `errors`, `ids`, `paging`) imports nothing of ours; `pyproject.toml` has the layers above it.
"""
