"""Websites: what a visit is and what it adds to the rollups, and the website reports.

In: pure rules (`visits`, `contributing`) and the queries of its reports. Not in: how state is stored (`warehouse`). Uses `rollups`, stores and the
ground floor; no other subject's room.
"""
