"""Chance that can be had again: pytest shows the seed of a run that fails."""

from __future__ import annotations

import random


def seeded(seed: int) -> random.Random:
    """Print a seed and return its generator."""
    print(f"seed {seed}")
    return random.Random(seed)
