"""`make up` and `make down`: what is started in which order, what is kept, and what is told."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from infra.local.aws import ACCOUNT, REGION
from infra.local.postgres import Postgres, free_port
from infra.local.processes import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ROOT: Final = Path(__file__).resolve().parents[2]
_MINISTACK: Final = ROOT / ".tools" / "ministack" / "bin" / "python"
_CDK: Final = ROOT / "infra" / "node_modules" / ".bin" / "cdk"
_DASHBOARDS: Final = (ROOT / "web" / "dist", ROOT / "web" / "dashboard" / "dist")
# Settings of api.md that the caller's environment hands on to the functions.
_SETTINGS: Final = (
    "ANALYTICS_", "RETENTION_DAYS", "ROLLUP_RETENTION_DAYS", "AGGREGATION_", "BATCH_", "WORKER_COUNT", "MAX_DB_CONNECTIONS",
    "ENVIRONMENT", "LOG_LEVEL", "JWT_", "PUBLIC_VIEW_STATS",
)  # fmt: skip
# What changes nothing about what is deployed.
_NOT_DEPLOYED: Final = frozenset({"node_modules", "__pycache__", "local"})
_DEMO_DURATION: Final = "1h"
_DEMO_FIGURES: Final = 5
_CLOUD: Final = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",  # MiniStack checks no credentials
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    # No file of the user's real account is read.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


class StackError(RuntimeError):
    """Raised when a step fails; the message says in one sentence what to do."""


@dataclass(frozen=True)
class Deployment:
    """What the deployed template says about itself."""

    outputs: Mapping[str, str]

    @property
    def functions(self) -> dict[str, str]:
        """Physical names by module name."""
        found: dict[str, str] = json.loads(self.outputs["Functions"])
        return found

    @property
    def resources(self) -> dict[str, str]:
        """Names of stores, as `endpoints.json` lists them."""
        names = {
            "stream": "Stream",
            "counters_table": "CountersTable",
            "live_table": "LiveTable",
            "registry_table": "RegistryTable",
            "status_table": "StatusTable",
            "dead_letters_table": "DeadLettersTable",
            "dead_letter_bucket": "ArchiveBucket",
        }
        return {name: self.outputs[output] for name, output in names.items()}

    @property
    def variables(self) -> dict[str, str]:
        """The names as functions get them, for our own code that runs outside of one."""
        renamed = {
            "stream": "STREAM_NAME",
            "dead_letter_bucket": "ARCHIVE_BUCKET",
        }
        return {renamed.get(name, name.upper()): value for name, value in self.resources.items()}


class Stack:
    """The local stack of one state folder and one port."""

    def __init__(self, home: Path, port: int) -> None:
        self.home = home.resolve()
        self.port = port
        self.base_url = f"http://127.0.0.1:{port}"
        self._ministack = Process("ministack", self.home)
        self._event_source = Process("event_source", self.home)
        self._front_door = Process("front_door", self.home)
        self._traffic = tuple(Process(f"traffic_{kind}", self.home) for kind in ("live", "history"))
        self._started = time.monotonic()

    @classmethod
    def of_environment(cls) -> Stack:
        """Return the stack that STREAMGAUGE_HOME and STREAMGAUGE_PORT name."""
        home = Path(os.environ.get("STREAMGAUGE_HOME") or ROOT / ".streamgauge")
        return cls(ROOT / home, int(os.environ.get("STREAMGAUGE_PORT") or 8787))

    # -- up -----------------------------------------------------------------------------------------------------------

    def up(self) -> None:
        """Start or update everything; return when a request is answered. Raises StackError."""
        self._make_home()
        with self._alone():
            ports = self._ports()
            postgres = self._postgres(ports["postgres"])
            endpoint = f"http://127.0.0.1:{ports['aws']}"
            with ThreadPoolExecutor() as pool:
                database = pool.submit(self._start_postgres, postgres)
                cloud = pool.submit(self._start_ministack, ports["aws"])
                database.result()
                synthesis = pool.submit(self._synthesize, postgres.url(), endpoint)
                fresh, wanted = cloud.result(), synthesis.result()
            deployment, deployed = self._deploy(endpoint, wanted, force=fresh)
            if fresh and (self.home / "endpoints.json").exists():
                self._restore(endpoint, deployment)
            self._start_event_source(endpoint, again=deployed)
            self._start_front_door(endpoint, deployment, again=deployed)
            self._tell(postgres, endpoint, deployment)
            self._say(f"ready in {time.monotonic() - self._started:.0f} s: {self.base_url}/")

    def _make_home(self) -> None:
        for folder in ("logs/functions", "run", "tmp", "layers", "checkpoints"):
            (self.home / folder).mkdir(parents=True, exist_ok=True)

    def _ports(self) -> dict[str, int]:
        """Return the ports of the folder, chosen at its first start and again only where another program took one."""
        file = self.home / "ports.json"
        known: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
        ours = {"postgres": self._postgres(0).head() is not None, "aws": self._ministack.pid() is not None}
        ports = {
            name: known[name] if name in known and (running or _is_free(known[name])) else free_port()
            for name, running in ours.items()
        }
        file.write_text(json.dumps(ports))
        if self._front_door.pid() is None and not _is_free(self.port):
            raise StackError(
                f"Port {self.port} is in use by another program: stop it, or set STREAMGAUGE_PORT (and STREAMGAUGE_HOME) to others."
            )
        return ports

    def _postgres(self, port: int) -> Postgres:
        return Postgres(self.home / "postgres", port, self.home / "logs" / "postgres.log")

    def _start_postgres(self, postgres: Postgres) -> None:
        if postgres.head() is None or not postgres.answers():
            postgres.start()
            self._say("Postgres is up")
        postgres.create_database("streamgauge")

    def _start_ministack(self, port: int) -> bool:
        """Start MiniStack when it does not run; True when what it holds cannot be trusted to be the last deployment."""
        clean = self.home / "run" / "clean"
        if self._ministack.pid() is not None:
            return False
        saved = clean.exists()
        clean.unlink(missing_ok=True)
        # What a killed MiniStack left lying about; layers of a deployment that is still the last one are kept.
        for folder in ("tmp",) if saved else ("tmp", "layers"):
            shutil.rmtree(self.home / folder, ignore_errors=True)
            (self.home / folder).mkdir()
        environment = {
            **_basic_environment(),
            **_CLOUD,
            "STREAMGAUGE_HOME": str(self.home),
            "TMPDIR": str(self.home / "tmp"),
            "GATEWAY_PORT": str(port),
            "BIND_HOST": "127.0.0.1",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.home / "ministack" / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.home / "ministack" / "s3"),
            "LOG_LEVEL": "WARNING",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self._ministack.start([_MINISTACK, ROOT / "infra" / "local" / "ministack_main.py"], environment, self.home)
        self._wait(self._ministack, lambda: _get(f"http://127.0.0.1:{port}/_ministack/ready") == 200)  # noqa: PLR2004
        self._say("MiniStack is up")
        return not saved

    def _synthesize(self, database_url: str, endpoint: str) -> str:
        """Write the template of the stage `local` unless it is there; return the hash of everything that it is made from."""
        told = {
            **{name: value for name, value in os.environ.items() if name.startswith(_SETTINGS)},
            "STREAMGAUGE_STAGE": "local",
            "PORT": str(self.port),
            "DATABASE_URL": database_url,
            "AWS_ENDPOINT_URL": endpoint,
            "ORIGIN_SECRET": self._secret("origin_secret"),
            "STREAMGAUGE_LOCAL_PYTHON": str(_MINISTACK),
            "CDK_DEFAULT_ACCOUNT": ACCOUNT,
            "CDK_DEFAULT_REGION": REGION,
        }
        wanted = _digest(told)
        if (self.home / "cdk.out" / "manifest.json").exists() and self._read("synthesized.json").get("hash") == wanted:
            return wanted
        began = time.monotonic()
        self._say("making the template and the layers …")
        shutil.rmtree(self.home / "cdk.out", ignore_errors=True)
        self._run(
            [sys.executable, "-m", "infra.app"],
            {**told, "CDK_OUTDIR": str(self.home / "cdk.out"), "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1"},
            "synth",
            "The template could not be made",
        )
        self._write("synthesized.json", {"hash": wanted})
        self._say(f"the template is made ({time.monotonic() - began:.0f} s)")
        return wanted

    def _deploy(self, endpoint: str, wanted: str, *, force: bool) -> tuple[Deployment, bool]:
        """Deploy the template when it changed or when MiniStack lost its state; say whether it did."""
        outputs = self.home / "outputs.json"
        if not force and outputs.exists() and self._read("deployed.json").get("hash") == wanted:
            return self._deployment(), False
        began = time.monotonic()
        self._say("deploying …")
        (self.home / "deployed.json").unlink(missing_ok=True)
        common: list[str | Path] = [
            "--app",
            self.home / "cdk.out",
            "--no-version-reporting",
            "--no-notices",
            "--ci",
            "--no-color",
        ]
        environment = {"AWS_ENDPOINT_URL": endpoint, "AWS_ENDPOINT_URL_S3": endpoint}
        self._run(
            [_CDK, "bootstrap", f"aws://{ACCOUNT}/{REGION}", *common],
            environment,
            "deploy",
            "MiniStack could not be prepared",
        )
        self._run(
            [
                *(_CDK, "deploy", "--all", *common, "--require-approval", "never"),
                *("--method", "direct", "--progress", "events", "--outputs-file", outputs),
            ],
            environment,
            "deploy",
            "The stack could not be deployed",
        )
        self._write("deployed.json", {"hash": wanted})
        self._say(f"deployed ({time.monotonic() - began:.0f} s)")
        return self._deployment(), True

    def _deployment(self) -> Deployment:
        stacks = self._read("outputs.json")
        return Deployment({name: value for outputs in stacks.values() for name, value in outputs.items()})

    def _restore(self, endpoint: str, deployment: Deployment) -> None:
        """After a kill: bring sites, keys and counters from Postgres, the truth, into MiniStack's empty or old tables."""
        self._say("restoring sites, keys and counters from Postgres …")
        answer = _invoke(endpoint, deployment.functions["migrations"], {"restore": True})
        if isinstance(answer, dict) and "errorMessage" in answer:
            raise StackError(
                f"The registry could not be restored: see {self.home}/logs/functions ({answer['errorMessage']})."
            )

    def _start_event_source(self, endpoint: str, *, again: bool) -> None:
        if self._event_source.pid() is not None:
            if not again:
                return
            self._event_source.stop()
        ready = self.home / "run" / "event_source.ready"
        ready.unlink(missing_ok=True)
        environment = {**_basic_environment(), "STREAMGAUGE_HOME": str(self.home), "AWS_ENDPOINT_URL": endpoint}
        self._event_source.start([sys.executable, "-m", "infra.local.mapping_runner"], environment, ROOT)
        self._wait(self._event_source, ready.exists)

    def _start_front_door(self, endpoint: str, deployment: Deployment, *, again: bool) -> None:
        trust = os.environ.get("STREAMGAUGE_TRUST_FORWARDED", "")
        told = {
            "port": self.port,
            "endpoint": endpoint,
            "api_id": deployment.outputs["ApiId"],
            "socket_api_id": deployment.outputs.get("WebSocketApiId"),
            "origin_secret": self._secret("origin_secret"),
            "trust_forwarded": trust == "1",
            "dashboard": next((str(folder) for folder in _DASHBOARDS if folder.is_dir()), None),
        }
        if self._front_door.pid() is not None:
            if not again and self._read("front_door.json") == told:
                return
            self._front_door.stop()
        self._write("front_door.json", told)
        environment = {**_basic_environment(), "STREAMGAUGE_HOME": str(self.home)}
        self._front_door.start([sys.executable, "-m", "infra.local.front_door"], environment, ROOT)
        self._wait(self._front_door, lambda: _get(f"{self.base_url}/health") == 200)  # noqa: PLR2004

    def _tell(self, postgres: Postgres, endpoint: str, deployment: Deployment) -> None:
        """Write `endpoints.json`; at the first start make the site and the keys that it names."""
        known = self._read("endpoints.json")
        site_id, keys = known.get("site_id"), known.get("keys") or {}
        admin = keys.get("admin") or self._secret("admin_key")
        if not site_id or _get(f"{self.base_url}/api/v1/sites/{site_id}", admin) != 200:  # noqa: PLR2004
            self._let_in(admin, postgres, endpoint, deployment)
            if not site_id or _get(f"{self.base_url}/api/v1/sites/{site_id}", admin) != 200:  # noqa: PLR2004
                made = _post(f"{self.base_url}/api/v1/sites", admin, {"name": "Local site"})
                site_id, keys = made["site_id"], made["keys"]
        self._write(
            "endpoints.json",
            {
                "base_url": self.base_url,
                "ws_url": f"ws://127.0.0.1:{self.port}/ws",
                "dashboard_url": f"{self.base_url}/",
                "aws_endpoint_url": endpoint,
                "database_url": postgres.url(),
                "site_id": site_id,
                "keys": {**keys, "admin": admin},
                "resources": deployment.resources,
                "functions": deployment.functions,
            },
        )

    def _let_in(self, admin: str, postgres: Postgres, endpoint: str, deployment: Deployment) -> None:
        """Make the admin key for all sites, straight in the stores: nobody is there yet who could ask for it."""
        environment = {
            **deployment.variables,
            "STREAMGAUGE_STAGE": "local",
            "DATABASE_URL": postgres.url(),
            "AWS_ENDPOINT_URL": endpoint,
            "STREAMGAUGE_FIRST_KEY": admin,
        }
        self._run(
            [sys.executable, "-m", "infra.local.first_key"], environment, "first_key", "The admin key could not be made"
        )

    # -- demo ---------------------------------------------------------------------------------------------------------

    def demo(self) -> None:
        """Start traffic in the background of a running stack, and return once figures are to be seen. Raises StackError."""
        known = self._read("endpoints.json")
        command: list[str | Path] = [ROOT / ".venv" / "bin" / "streamgauge", "simulate"]
        environment = {**_basic_environment(), "STREAMGAUGE_HOME": str(self.home)}
        live, history = self._traffic
        if live.pid() is None:
            live.start([*command, "--rate", "10", "--duration", _DEMO_DURATION], environment, ROOT)
        if not (self.home / "run" / "demo").exists():
            # Some days before today, so that every report has something to show.
            history.start([*command, "--rate", "0", "--backfill-days", "14", "--seed", "2"], environment, ROOT)
            (self.home / "run" / "demo").touch()
        report = f"{self.base_url}/api/v1/analytics/dashboard/{known['site_id']}?period=today"
        deadline = time.monotonic() + 90
        shown = 0
        while shown < _DEMO_FIGURES:
            if time.monotonic() > deadline:
                raise StackError(f"{live.last_words()}\nNo figures came: see {live.log} and {self._event_source.log}.")
            time.sleep(2)
            metrics = _read_json(report, known["keys"]["read"]).get("metrics") or {}
            if metrics.get("pageviews"):
                shown += 1
                self._say(
                    f"today: {metrics['visitors']} visitors, {metrics['visits']} visits, {metrics['pageviews']} page views"
                )
        self._say(f"traffic goes on for {_DEMO_DURATION}, or until `make down`")
        self._say(f"dashboard: {known['dashboard_url']}")
        self._say(f"read key:  {known['keys']['read']}")

    # -- down ---------------------------------------------------------------------------------------------------------

    def down(self) -> None:
        """Stop everything, keeping all data. Raises StackError when a part does not stop."""
        if not self.home.exists():
            self._say("nothing was started")
            return
        with self._alone():
            for traffic in self._traffic:
                traffic.stop()
            self._front_door.stop()
            self._event_source.stop()
            if self._ministack.stop(60):
                (self.home / "run" / "clean").touch()
            self._postgres(0).stop()
        self._say("stopped; all data is kept")

    def clean(self) -> None:
        """Stop everything and remove its data."""
        if self.home.exists():
            if not (self.home / "ports.json").exists() and any(self.home.iterdir()):
                raise StackError(f"{self.home} does not look like a state folder; remove it by hand.")
            self.down()
            shutil.rmtree(self.home)
            self._say(f"{self.home} is removed")

    def status(self) -> dict[str, int | None]:
        """Return the process id of each part that runs."""
        return {
            "postgres": self._postgres(0).head(),
            **{
                part.name: part.pid()
                for part in (self._ministack, self._event_source, self._front_door, *self._traffic)
            },
        }

    # -- small things -------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one `up` or `down` work on the folder at a time."""
        with (self.home / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                self._say("another make works on this stack; waiting for it …")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _say(self, line: str) -> None:
        sys.stdout.write(f"  {line}\n")
        sys.stdout.flush()

    def _wait(self, process: Process, ready: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until a part is ready. Raises StackError with its last words when it stops or takes too long."""
        deadline = time.monotonic() + seconds
        while not ready():
            if process.pid() is None:
                raise StackError(f"{process.last_words()}\n{process.name} stopped at once: see {process.log}.")
            if time.monotonic() > deadline:
                raise StackError(
                    f"{process.last_words()}\n{process.name} does not answer: see {process.log}, then `make down up`."
                )
            time.sleep(0.05)

    def _run(self, command: Sequence[str | Path], environment: Mapping[str, str], log: str, sentence: str) -> None:
        """Run a command with its output in a log; when it fails, show the end of it and say where the rest is."""
        file = self.home / "logs" / f"{log}.log"
        with file.open("a", encoding="utf-8") as output:
            done = subprocess.run(  # noqa: S603 - our own commands
                [str(part) for part in command],
                cwd=ROOT,
                env={**_basic_environment(), **_CLOUD, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            words = "\n".join(file.read_text("utf-8", "replace").splitlines()[-15:])
            raise StackError(f"{words}\n{sentence}: the whole output is in {file}.")

    def _secret(self, name: str) -> str:
        """Return a secret of this stack, made at its first use."""
        held: dict[str, str] = self._read("secrets.json")
        if name not in held:
            held[name] = secrets.token_urlsafe(24)
            self._write("secrets.json", held)
        return held[name]

    def _read(self, name: str) -> dict[str, Any]:
        file = self.home / name
        found: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {}
        return found

    def _write(self, name: str, value: Mapping[str, Any]) -> None:
        """Write a file of the state folder whole, readable by its owner only."""
        fresh = self.home / f".{name}.new"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=2)
            file.write("\n")
        fresh.replace(self.home / name)


def _basic_environment() -> dict[str, str]:
    """Return what every process of ours gets: nothing of the user's AWS account, nothing of another project."""
    kept = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "USER", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS")
    found = {name: os.environ[name] for name in kept if name in os.environ}
    found["PATH"] = os.pathsep.join([str(ROOT / ".tools" / "uv" / "bin"), found.get("PATH", os.defpath)])
    return found


def _digest(told: Mapping[str, str]) -> str:
    """Return the hash of every file and value that the deployed template is made from."""
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    files = [ROOT / name for name in ("cdk.json", "uv.lock", "pyproject.toml", "infra/package-lock.json")]
    for folder in ("functions", "infra", "layers"):
        files += [
            path
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and path.suffix != ".pyc" and not _NOT_DEPLOYED.intersection(path.relative_to(ROOT).parts)
        ]
    for path in sorted(files):
        digest.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _get(url: str, key: str | None = None) -> int:
    """Return the status of a GET, 0 when nothing answers."""
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {key}"} if key else {})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=35) as answer:  # noqa: S310 - our own address
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def _read_json(url: str, key: str) -> dict[str, Any]:
    """Return what a report says now; nothing while it says none."""
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {key}", "cache-control": "no-cache"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=35) as answer:  # noqa: S310 - our own address
            found: dict[str, Any] = json.load(answer)
            return found
    except OSError:
        return {}


def _post(url: str, key: str, body: Mapping[str, Any]) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=35) as answer:  # noqa: S310 - our own address
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        raise StackError(f"POST {url} answered {error.code}: {error.read()[:500].decode(errors='replace')}") from error


def _invoke(endpoint: str, function: str, event: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Invoke a function and return what it returned."""
    request = urllib.request.Request(  # noqa: S310
        f"{endpoint}/2015-03-31/functions/{function}/invocations",
        json.dumps(event).encode(),
        {
            "authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/lambda/aws4_request, SignedHeaders=host, Signature=0"
        },
    )
    with urllib.request.urlopen(request, timeout=900) as answer:  # noqa: S310 - our own address
        return json.load(answer)
