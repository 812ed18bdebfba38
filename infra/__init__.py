"""The infrastructure: what a stage is made of, as CDK stacks.

It knows the functions by their names, and imports neither them nor `streamgauge`, but for the places that `pyproject.toml` names.
"""

import os

# jsii prints a page about the age of the Node it finds; what we need of Node is in every version that it runs on.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "18,20,22,24")
os.environ.setdefault("JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION", "1")
os.environ.setdefault("JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION", "1")
