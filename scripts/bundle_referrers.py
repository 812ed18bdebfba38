# ruff: noqa: INP001 - run as a script, not imported
"""Makes `ingestion/referrers.json` from Matomo's lists of search engines, networks and assistants (CC0).

Usage: python scripts/bundle_referrers.py FOLDER, with SearchEngines.yml, Socials.yml and AIAssistants.yml of
https://github.com/matomo-org/searchengine-and-social-list in FOLDER (any prefix of the names will do).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

TARGET = Path(__file__).parents[1] / "layers/core/python/streamgauge/ingestion/referrers.json"
CHANNELS = {"ai": "AIAssistants", "social": "Socials", "search": "SearchEngines"}
"""In the order of precedence: an assistant of a search engine is an assistant, a network that can be searched a network."""


def addresses(entries: list[Any]) -> list[str]:
    """Return the hosts (with a path, where the list has one) of one name."""
    found: list[str] = []
    for entry in entries:
        found += entry.get("urls", []) if isinstance(entry, dict) else [entry]
    return sorted({address.lower().removeprefix("android-app//").strip("/") for address in found})


def bundle(folder: Path) -> dict[str, Any]:
    """Return the document: channel -> name -> addresses."""
    channels = {}
    for channel, stem in CHANNELS.items():
        (path,) = folder.glob(f"*{stem}.yml")
        groups = yaml.safe_load(path.read_text(encoding="utf-8"))
        channels[channel] = {unquote(name): addresses(entries) for name, entries in groups.items()}
    networks = {address for listed in channels["social"].values() for address in listed}
    for name, listed in channels["search"].items():
        channels["search"][name] = [address for address in listed if address.removeprefix("www.") not in networks]
    return {"source": "matomo-org/searchengine-and-social-list", "licence": "CC0-1.0", "channels": channels}


if __name__ == "__main__":
    text = json.dumps(bundle(Path(sys.argv[1])), ensure_ascii=False, separators=(",", ":"), sort_keys=False)
    TARGET.write_text(text.replace('"],"', '"],\n"') + "\n", encoding="utf-8")
