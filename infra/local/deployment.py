"""The template of the stage `local`: made when something it is made from changed, and deployed into MiniStack."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from infra.geoip import city_database
from infra.local.aws import ACCOUNT, REGION
from infra.local.home import ROOT, Home, StackError, say

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MINISTACK_PYTHON: Final = ROOT / ".tools" / "ministack" / "bin" / "python"
_CDK: Final = ROOT / "infra" / "node_modules" / ".bin" / "cdk"
# Settings of the stage that the caller's environment hands on to the functions.
_SETTINGS: Final = (
    "ANALYTICS_", "RETENTION_DAYS", "ROLLUP_RETENTION_DAYS", "AGGREGATION_", "BATCH_", "WORKER_COUNT", "MAX_DB_CONNECTIONS",
    "ENVIRONMENT", "LOG_LEVEL", "JWT_", "PUBLIC_VIEW_STATS",
)  # fmt: skip
# What changes nothing about what is deployed.
_NOT_DEPLOYED: Final = frozenset({"node_modules", "__pycache__", "local"})
_RESOURCES: Final = {
    "stream": "Stream",
    "counters_table": "CountersTable",
    "live_table": "LiveTable",
    "sessions_table": "SessionsTable",
    "outbox_table": "OutboxTable",
    "sockets_table": "SocketsTable",
    "registry_table": "RegistryTable",
    "status_table": "StatusTable",
    "dead_letters_table": "DeadLettersTable",
    "dead_letter_bucket": "ArchiveBucket",
}
_VARIABLES: Final = {"stream": "STREAM_NAME", "dead_letter_bucket": "ARCHIVE_BUCKET"}
CLOUD: Final = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",  # MiniStack checks no credentials
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    # No file of the user's real account is read.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True)
class Deployment:
    """What the deployed template says about itself: its outputs."""

    outputs: Mapping[str, str]

    @classmethod
    def last(cls, home: Home) -> Deployment:
        """Return the deployment of a state folder."""
        stacks = home.read("outputs.json")
        return cls({name: value for outputs in stacks.values() for name, value in outputs.items()})

    @property
    def functions(self) -> dict[str, str]:
        """Physical names by module name."""
        found: dict[str, str] = json.loads(self.outputs["Functions"])
        return found

    @property
    def resources(self) -> dict[str, str]:
        """Names of stores, as `endpoints.json` lists them."""
        return {name: self.outputs[output] for name, output in _RESOURCES.items()}

    @property
    def variables(self) -> dict[str, str]:
        """The same names as functions get them, for our own code that runs outside of one."""
        return {_VARIABLES.get(name, name.upper()): value for name, value in self.resources.items()}


def synthesize(home: Home, port: int, database_url: str, endpoint: str) -> str:
    """Write the template unless it is there already; return the hash of everything that it is made from."""
    told = {
        **{name: value for name, value in os.environ.items() if name.startswith(_SETTINGS)},
        **CLOUD,
        "STREAMGAUGE_STAGE": "local",
        "PORT": str(port),
        "DATABASE_URL": database_url,
        "AWS_ENDPOINT_URL": endpoint,
        "ORIGIN_SECRET": home.secret("origin_secret"),
        "STREAMGAUGE_LOCAL_PYTHON": str(MINISTACK_PYTHON),
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "CDK_DEFAULT_REGION": REGION,
    }
    # The free city database may be fetched, or go, between one start and the next.
    wanted = _digest({**told, "cities": _cities(told)})
    output = home.folder / "cdk.out"
    if (output / "manifest.json").exists() and home.read("synthesized.json").get("hash") == wanted:
        return wanted
    began = time.monotonic()
    say("making the template and the layers …")
    shutil.rmtree(output, ignore_errors=True)
    environment = {**told, "CDK_OUTDIR": str(output), "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1"}
    home.run([sys.executable, "-m", "infra.app"], environment, "synth", "The template could not be made")
    home.write("synthesized.json", {"hash": wanted})
    say(f"the template is made ({time.monotonic() - began:.0f} s)")
    return wanted


def deploy(home: Home, endpoint: str, wanted: str, *, force: bool) -> bool:
    """Deploy the template when it changed or when MiniStack lost its state; say whether that was needed."""
    outputs = home.folder / "outputs.json"
    if not force and outputs.exists() and home.read("deployed.json").get("hash") == wanted:
        return False
    began = time.monotonic()
    say("deploying …")
    (home.folder / "deployed.json").unlink(missing_ok=True)
    common: list[str | Path] = [
        "--app",
        home.folder / "cdk.out",
        "--no-version-reporting",
        "--no-notices",
        "--ci",
        "--no-color",
    ]
    environment = {**CLOUD, "AWS_ENDPOINT_URL": endpoint, "AWS_ENDPOINT_URL_S3": endpoint}
    place = f"aws://{ACCOUNT}/{REGION}"
    home.run([_CDK, "bootstrap", place, *common], environment, "deploy", "MiniStack could not be prepared")
    home.run(
        [
            *(_CDK, "deploy", "--all", *common, "--require-approval", "never"),
            *("--method", "direct", "--progress", "events", "--outputs-file", outputs),
        ],
        environment,
        "deploy",
        "The stack could not be deployed",
    )
    home.write("deployed.json", {"hash": wanted})
    say(f"deployed ({time.monotonic() - began:.0f} s)")
    return True


def _cities(told: Mapping[str, str]) -> str:
    try:
        found = city_database(told.get("ANALYTICS_GEOIP_DB_PATH"))
    except ValueError as error:
        raise StackError(str(error)) from error
    return found.path if found else ""


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
