"""Each case names its sentence of the published definitions, and no sentence is without a case."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conformance.cases import load, name_of

ROOT = Path(__file__).resolve().parents[2]
HELD_ELSEWHERE = {
    "An event has its client's": "tests/unit/ingestion/test_times.py",
    "A dead letter can be replayed": "tests/integration/ingestion/test_ingest.py",
    "Its days get partitions": "tests/integration/jobs/retention/test_raw.py",
    "Reconciliation, rebuild and the slow path": "tests/integration/jobs/retention/test_raw.py",
    "A site's zone is fixed": "tests/integration/access/test_admin.py",
    "Salts are deleted after 48 h": "tests/unit/access/test_salts.py",
    "**access logs** (import)": "tests/conformance/test_access_logs.py",
    "Visitors by address and user agent": "tests/conformance/test_access_logs.py",
    "Other lines are counted as skipped": "tests/conformance/test_access_logs.py",
    "**goal**": "tests/integration/reports/test_goals.py",
    "**retention cohorts**": "tests/integration/reports/test_retention.py",
    "**path**": "tests/integration/reports/test_paths.py",
    "**history of other tools**": "tests/unit/cli/test_import_umami.py",
    "**imported days**": "tests/integration/reports/test_imported.py",
    "**view counters**": "tests/unit/views/test_counting.py",
    "A range with days whose playbacks": "tests/integration/reports/test_video_reports.py",
}
"""Sentences that no case can show in a report of a few events, and what tests them."""
WHOLE = {
    "**goal**",
    "**retention cohorts**",
    "**path**",
    "**history of other tools**",
    "**imported days**",
    "**view counters**",
}


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def section(name: str) -> str:
    """Return a section of the definitions as one line."""
    text = (ROOT / "docs" / "definitions.md").read_text(encoding="utf-8")
    return plain(text.partition(f"## {name}\n")[2].partition("\n## ")[0])


def sentences(name: str) -> list[str]:
    """Return the sentences of a section; a paragraph that is held elsewhere as a whole is one."""
    found = []
    for paragraph in re.split(r"(?:^|(?<=[.:]) )- ", section(name)):
        whole = any(paragraph.startswith(begin) for begin in HELD_ELSEWHERE if begin in WHOLE)
        found += [paragraph] if whole else re.split(r"(?<=[.:;]) (?=[A-Z*])", paragraph)
    return [one.strip() for one in found if one.strip()]


TEXT = " ".join(section(name) for name in ("Time", "Website", "Video", "Funnels", "Filters", "Read closely"))


def quoted(case) -> list[str]:
    return [case["says"]] if isinstance(case["says"], str) else case["says"]


@pytest.mark.parametrize("case", load(), ids=name_of)
def test_a_case_quotes_the_definitions(case):
    for quote in quoted(case):
        assert plain(quote) in TEXT, quote


def test_every_sentence_has_a_case():
    quotes = [plain(quote) for case in load() for quote in quoted(case)]
    for name in ("Time", "Website", "Video"):
        text = section(name)
        covered = [(text.find(quote), text.find(quote) + len(quote)) for quote in quotes if quote in text]
        for sentence in sentences(name):
            start = text.find(sentence)
            held = any(first < start + len(sentence) and last > start for first, last in covered)
            elsewhere = next((where for begin, where in HELD_ELSEWHERE.items() if sentence.startswith(begin)), None)
            if elsewhere is not None:
                assert (ROOT / elsewhere).is_file()
            assert held or elsewhere, sentence
