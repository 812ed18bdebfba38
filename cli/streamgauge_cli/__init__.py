"""The `streamgauge` command: imports, simulated traffic and administration, over the HTTP API alone.

One module per command group; pure parsing and generating stand apart from sending. Nothing here imports the service's code.
"""
