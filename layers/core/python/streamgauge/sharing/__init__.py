"""Account sharing: what sessions of one user say of it (pure detectors), the alerts that come of it, and what leaves.

`docs/sharing.md` says how it is decided, `docs/definitions.md` (Sharing alerts) what the words mean.
"""
