"""Kills the warehouse consumer of a local stack at random, as crashes and deploys would."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator


def warehouse_workers(home: Path) -> list[int]:
    """Return the processes that run the warehouse function of the stack in this state folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        of_warehouse = any(
            part.startswith(b"AWS_LAMBDA_FUNCTION_NAME=") and b"warehouse" in part for part in environment
        )
        if of_warehouse and any(os.fsencode(home) in part for part in environment):
            found.append(int(entry.name))
    return found


@contextmanager
def killing_the_consumer(home: Path, chance: random.Random) -> Iterator[list[int]]:
    """Kill its processes every now and then; what has been killed is in the list."""
    stop = threading.Event()
    killed: list[int] = []

    def kill_at_random() -> None:
        while not stop.wait(chance.uniform(0.1, 0.8)):
            for pid in warehouse_workers(home):
                try:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
                except ProcessLookupError:
                    continue

    killer = threading.Thread(target=kill_at_random)
    killer.start()
    try:
        yield killed
    finally:
        stop.set()
        killer.join()
