"""Where an address is.

Names of places for events; positions with the radius to trust, for the detection of sharing; and the attribution that the
database's licence asks for. Knows no events and no stores; any room may ask.
"""
