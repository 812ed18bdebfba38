"""`python -m infra.local up|down|demo|status|clean`: the local stack, for `make`."""

from __future__ import annotations

import argparse
import json
import sys

from infra.local import demo
from infra.local.home import StackError
from infra.local.postgres import PostgresError
from infra.local.stack import Stack


def main() -> None:
    """Do what the command line says. Exits with one sentence when it cannot."""
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    parser.add_argument("action", choices=["up", "down", "demo", "status", "clean"])
    action = parser.parse_args().action
    try:
        stack = Stack.of_environment()
        if action == "status":
            print(json.dumps(stack.status(), indent=2))
        elif action == "demo":
            demo.run(stack.home)
        else:
            getattr(stack, action)()
    except (StackError, PostgresError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
