"""Measurements behind `docs/performance.md`: every figure with its reference, taken in one run."""
