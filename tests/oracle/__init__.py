"""Offline counts of the same things, straight from the definitions, that share no code with the product."""
