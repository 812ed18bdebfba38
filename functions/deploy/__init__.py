"""Functions that a deployment runs: database roles, migrations."""
