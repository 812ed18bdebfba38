"""Starts MiniStack 1.5.33 with its Lambda and Kinesis fitted to this stack. Runs in MiniStack's own environment.

What is changed, and why (`docs/decisions/2026-11-21-local-stack.md`):

- Kinesis mappings are left to our own runner (`event_source.py`), which knows windows, lanes, bisect and retry limits.
- A warm function answers at once; MiniStack waits 50 ms for log lines after every silent call.
- A function has at most a few workers, and further calls wait for one: MiniStack starts another process for every call at
  the same time, as Lambda does, but two cores cannot start dozens.
- Layers are unpacked once, not once per worker; workers do not import botocore unless their code does.
- What functions log goes to one file each in the log folder instead of growing in memory for ever.
- Records and iterators of a stream expire once a minute, and positions are found by bisection: all were linear in the
  number of records or iterators, on every call.
- The records of a table's stream are kept over a stop. MiniStack keeps the tables and how far each mapping has read, and so
  would pass over as many new records as there were old ones.
"""

# ruff: noqa: SLF001, ANN401 - it reaches into another program, pinned to one version
# mypy: ignore-errors

from __future__ import annotations

import bisect
import copy
import hashlib
import os
import sys
import threading
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ministack import app
from ministack.core import lambda_runtime
from ministack.services import dynamodb, kinesis, lambda_svc

if TYPE_CHECKING:
    from collections.abc import Callable

_EXPIRY_SECONDS: Final = 60.0
_WORKERS_OF_A_FUNCTION: Final = max(4, os.cpu_count() or 1)


def _quicken_workers(layer_folder: Path) -> None:
    """Make cold and warm starts of functions quick."""
    lambda_runtime.Worker._drain_stderr_bounded.__defaults__ = (0.001, 0.001, 0.05)
    lambda_runtime._PYTHON_WORKER_SCRIPT = lambda_runtime._PYTHON_WORKER_SCRIPT.replace(
        "    _ms_install_invoke_depth()\n", ""
    )
    spawn = lambda_runtime.Worker._spawn

    def spawn_with_shared_layers(worker: Any) -> None:
        layers = worker.config.get("Layers") or []
        if layers and str(worker.config.get("Runtime", "")).startswith("python"):
            folders = [_unpacked(layer, layer_folder) for layer in layers]
            environment = dict((worker.config.get("Environment") or {}).get("Variables") or {})
            # A path of its own keeps the order: MiniStack puts each folder before the last one.
            environment["_LAMBDA_LAYERS_DIRS"] = os.pathsep.join(str(folder) for folder in folders)
            worker.config = {**worker.config, "Layers": [], "Environment": {"Variables": environment}}
        spawn(worker)

    lambda_runtime.Worker._spawn = spawn_with_shared_layers


def _limit_workers() -> None:
    """Let calls wait for one of a function's workers. No function of ours calls itself, so none waits for its own caller."""
    execute = lambda_svc._execute_function_warm
    rooms: dict[str, threading.BoundedSemaphore] = {}
    guard = threading.Lock()

    def execute_in_turn(function: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        config = function.get("config") or function
        with guard:
            room = rooms.setdefault(config["FunctionArn"], threading.BoundedSemaphore(_WORKERS_OF_A_FUNCTION))
        with room:
            return execute(function, event, request_id)

    lambda_svc._execute_function_warm = execute_in_turn


def _unpacked(layer: Any, layer_folder: Path) -> Path:
    """Return the folder that holds a layer's files, unpacking them when no worker has yet."""
    content = lambda_svc._resolve_layer_zip(layer)
    if not content:
        raise RuntimeError(f"the layer {layer} has no content")
    folder = layer_folder / hashlib.sha256(content).hexdigest()[:24]
    if not folder.exists():
        packed = layer_folder / f"{folder.name}.{os.getpid()}.{time.monotonic_ns()}"
        packed.mkdir(parents=True)
        (packed / "layer.zip").write_bytes(content)
        with zipfile.ZipFile(packed / "layer.zip") as archive:
            archive.extractall(packed / "files")
        try:
            (packed / "files").rename(folder)
        except OSError:
            if not folder.exists():  # another worker was first: its files are the same
                raise
        (packed / "layer.zip").unlink()
    return folder


def _log_to_files(log_folder: Path) -> None:
    """Write what functions log to one file each, and keep no metrics of invocations."""
    log_folder.mkdir(parents=True, exist_ok=True)

    def write(
        function: dict[str, Any],
        request_id: str,
        text: str,
        error: bool,
        milliseconds: int,
        **_: Any,
    ) -> None:
        if not text and not error:
            return
        config = function.get("config") or function
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
        with (log_folder / f"{config.get('FunctionName', 'unknown')}.log").open("a", encoding="utf-8") as file:
            if error:
                file.write(f"{stamp} {request_id} failed after {milliseconds} ms\n")
            file.write(text.rstrip("\n") + "\n")

    def no_metrics(*_: Any, **__: Any) -> None:
        return

    lambda_svc._emit_lambda_logs = write
    lambda_svc._emit_lambda_metrics = no_metrics


def _cut_expired() -> Callable[[dict[str, Any]], None]:
    """Return what replaces MiniStack's removal of expired records: at most once a minute, iterators moving along."""
    last_cut: dict[str, float] = {}

    def cut(stream: dict[str, Any]) -> None:
        now = time.time()
        if now - last_cut.get(stream["StreamARN"], 0.0) < _EXPIRY_SECONDS:
            return
        last_cut[stream["StreamARN"]] = now
        horizon = now - stream["RetentionPeriodHours"] * 3600
        for name, shard in stream["shards"].items():
            count = bisect.bisect_left(shard["records"], horizon, key=_arrival)
            del shard["records"][:count]
            # Iterators are positions in the list.
            for state in list(kinesis._shard_iterators.values()) if count else ():
                if state["stream_arn"] == stream["StreamARN"] and state["shard_id"] == name:
                    state["position"] = max(0, state["position"] - count)

    return cut


def _seldom(expire: Callable[[], None]) -> Callable[[], None]:
    """Return a function that calls another one at most once a minute."""
    last = 0.0

    def maybe() -> None:
        nonlocal last
        if time.monotonic() - last >= _EXPIRY_SECONDS:
            last = time.monotonic()
            expire()

    return maybe


def _start_position(records: list[dict[str, Any]], kind: str, sequence: str, moment: Any) -> int | None:
    """Return where an iterator starts, by bisection."""
    match kind:
        case "TRIM_HORIZON":
            return 0
        case "LATEST":
            return len(records)
        case "AT_SEQUENCE_NUMBER":
            return bisect.bisect_left(records, sequence, key=_sequence)
        case "AFTER_SEQUENCE_NUMBER":
            return bisect.bisect_right(records, sequence, key=_sequence)
        case "AT_TIMESTAMP":
            return bisect.bisect_left(records, float(moment), key=_arrival)
    return None


def _arrival(record: dict[str, Any]) -> float:
    return record["ApproximateArrivalTimestamp"]


def _sequence(record: dict[str, Any]) -> str:
    return record["SequenceNumber"]


def _no_mappings() -> bool:
    return False


def _quicken_streams() -> None:
    """Leave mappings to our runner and make reads of a long stream cheap."""
    lambda_svc._poll_kinesis = _no_mappings
    kinesis._expire_records = _cut_expired()
    kinesis._expire_iterators = _seldom(kinesis._expire_iterators)
    kinesis._start_position = _start_position


def _keep_table_streams() -> None:
    """Keep the records of tables' streams with the tables."""
    state_of_tables, load_tables = dynamodb.get_state, dynamodb.load_persisted_state

    def get_state() -> dict[str, Any]:
        records, trimmed = copy.deepcopy(dynamodb._stream_records), copy.deepcopy(dynamodb._stream_trimmed)
        return {**state_of_tables(), "stream_records": records, "stream_trimmed": trimmed}

    def load_persisted_state(data: dict[str, Any]) -> None:
        load_tables(data)
        dynamodb._stream_records.update(data.get("stream_records", {}))
        dynamodb._stream_trimmed.update(data.get("stream_trimmed", {}))

    dynamodb.get_state, dynamodb.load_persisted_state = get_state, load_persisted_state


def main() -> None:
    """Run MiniStack in the foreground; folders come from the environment."""
    state = Path(os.environ["STREAMGAUGE_HOME"])
    _quicken_workers(state / "layers")
    _limit_workers()
    _log_to_files(state / "logs" / "functions")
    _quicken_streams()
    _keep_table_streams()
    sys.argv = sys.argv[:1]
    app.main()


if __name__ == "__main__":
    main()
