"""Videos: what a playback is and what it adds to the rollups, and the per-video figures.

In: pure rules (`playbacks`, `contributing`) and the queries of its reports. Not in: how state is stored (`warehouse`), or the view counters of the
view route (`views`).
"""
