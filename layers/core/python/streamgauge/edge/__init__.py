"""Adapters to what starts a function: one module per trigger. Entry points call in here; rooms never do."""
