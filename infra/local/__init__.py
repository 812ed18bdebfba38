"""The deployed template on a laptop, without Docker and without an account (`docs/decisions/2026-11-21-local-stack.md`).

`python -m infra.local up|down|status|demo|clean` starts and stops it: Postgres, MiniStack, our runner of event source
mappings and the front door. Nothing here is deployed, and nothing deployed imports it.
"""
