"""CPU seconds of this process and of a Postgres server, read where the kernel keeps them."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")


def own_cpu() -> float:
    """Return this process' CPU seconds."""
    return time.process_time()


def cpu_of(process: int) -> float:
    """Return the CPU seconds of a process alone."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / _TICKS


def server_cpu(head: int) -> float:
    """Return the CPU seconds of a server: its head, the children it has reaped, and those alive."""
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(stat.parent.name) == head:
            total += sum(map(int, fields[11:15]))
        elif int(fields[1]) == head:
            total += sum(map(int, fields[11:13]))
    return total / _TICKS
