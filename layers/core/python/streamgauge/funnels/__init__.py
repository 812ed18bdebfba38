"""Funnels: definitions, the rules that decide who got how far, and their figures.

In: all of `/api/v1/funnels` but the door for reported steps, which is ingest's. It reads raw events and visits, and keeps results
per day. An aggregating room: it may call `filters`, `video`, `web` and `warehouse`; entry points and `jobs` call it.
"""
