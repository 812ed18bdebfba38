"""Functions that a schedule starts; each is a function of its slot."""
