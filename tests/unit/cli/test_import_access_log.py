"""The import of access logs from file to service: counts, repetition, growth, interruption."""

import gzip
import json
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from streamgauge_cli.errors import CommandError

from tests.oracle.access_log import open_log, read

AGENT = "Mozilla/5.0 (X11)"


def row(number, path="/", *, agent=AGENT):
    minute, second = divmod(number, 60)
    stamp = f"17/May/2015:{10 + minute // 60:02d}:{minute % 60:02d}:{second:02d} +0000"
    return f'192.0.2.{number % 250} - - [{stamp}] "GET {path} HTTP/1.1" 200 12 "-" "{agent}"\n'


def write(path, *rows):
    path.write_text("".join(rows))
    return path


@pytest.fixture
def import_(run):
    def run_import(*arguments, key="sgs_1"):
        return run("import", "access-log", *arguments, "--url", "http://service.test", "--key", key, "--json")

    return run_import


def counts(outcome):
    assert outcome.exit_code == 0, (outcome.exception, outcome.stderr)
    return json.loads(outcome.stdout)


def test_counts_and_events(service, import_, tmp_path):
    log = write(
        tmp_path / "access.log",
        row(1, "/a"),
        row(2, "/b.png"),
        "rubbish\n",
        "\n",
        row(3, "/c", agent="-"),
        row(4, "/x").replace('"\n', "\n"),
    )
    outcome = import_(log)
    assert counts(outcome) == {
        "lines": 6,
        "page_views": 2,
        "accepted": 2,
        "duplicates": 0,
        "refused": 0,
        "skipped": 2,
        "unreadable": 2,
    }
    assert [event["url"] for event in service.events.values()] == ["/a", "/c"]
    assert all(event["historical"] is True for event in service.events.values())
    assert "website_id" not in next(iter(service.events.values()))
    kept = next(tmp_path.glob("access.log-*.unreadable"))
    assert kept.read_text() == "rubbish\n" + row(4, "/x").replace('"\n', "\n")
    assert kept.with_name(f"{kept.name}.reasons").read_text().splitlines() == [
        "line 3: not in the common or combined format",
        "line 6: a quote is missing in its referrer or user agent",
    ]
    assert "2 lines of" in outcome.stderr
    assert "line 3: not in the common or combined format" in outcome.stderr
    assert not list(tmp_path.glob("*.progress.json"))


def test_twice_grown_zipped_renamed_and_cut_give_the_same_events(service, import_, tmp_path):
    rows = [row(number // 2, f"/{number % 7}") for number in range(1300)]
    counts(import_(write(tmp_path / "access.log", *rows[:1000])))
    assert len(service.events) == 1000
    counts(import_(tmp_path / "access.log"))
    assert len(service.events) == 1000
    counts(import_(write(tmp_path / "access.log", *rows)))
    assert len(service.events) == 1300
    (tmp_path / "access.log.1.gz").write_bytes(gzip.compress("".join(rows).encode()))
    counts(import_(tmp_path / "access.log.1.gz", write(tmp_path / "tail", *rows[600:])))
    counts(import_(write(tmp_path / "crlf", *(text.replace("\n", "\r\n") for text in rows))))
    assert len(service.events) == 1300


def test_ids_sort_as_lines_within_a_second(service, import_, tmp_path):
    log = write(tmp_path / "access.log", *(row(5, f"/{number}") for number in range(30)))
    counts(import_(log))
    assert [service.events[name]["url"] for name in sorted(service.events)] == [f"/{number}" for number in range(30)]


def test_an_unfinished_last_line_waits_for_its_rest(service, import_, tmp_path):
    cut = row(2).partition(' "-"')[0]
    assert counts(import_(write(tmp_path / "access.log", row(1), cut)))["unreadable"] == 1
    assert counts(import_(write(tmp_path / "access.log", row(1), row(2))))["page_views"] == 2
    assert len(service.events) == 2
    assert not list(tmp_path.glob("*.unreadable"))


def test_a_last_line_without_line_end_counts(service, import_, tmp_path):
    assert counts(import_(write(tmp_path / "access.log", row(1), row(2).rstrip())))["accepted"] == 2


def test_refusals_are_told_and_no_failure(service, import_, tmp_path):
    service.refuse = lambda event: "invalid" if event["url"] == "/3" else None
    outcome = import_(write(tmp_path / "access.log", *(row(number, f"/{number}") for number in range(5))))
    assert counts(outcome)["refused"] == 1
    assert "line 4: invalid Why." in outcome.stderr


def test_interrupted_import_goes_on_where_it_stopped(service, import_, tmp_path):
    log = write(tmp_path / "access.log", *(row(number, f"/{number}") for number in range(2200)), "rubbish\n")
    service.fail_after = 2
    outcome = import_(log, "--in-flight", 1)
    assert isinstance(outcome.exception, CommandError)
    assert "is not complete. Run the same command again to go on" in str(outcome.exception)
    state = next(tmp_path.glob("*.progress.json"))
    assert json.loads(state.read_text())["line"] == 1000
    service.fail_after, service.batches = None, 0
    outcome = import_(log, "--in-flight", 1)
    assert counts(outcome) == {
        "lines": 2201,
        "page_views": 2200,
        "accepted": 2200,
        "duplicates": 0,
        "refused": 0,
        "skipped": 0,
        "unreadable": 1,
    }
    assert service.batches == 3
    assert len(service.events) == 2200
    assert not state.exists()


def test_progress_of_another_file_with_the_same_beginning_is_not_used(service, import_, tmp_path):
    rows = [row(number, f"/{number}") for number in range(1200)]
    service.fail_after = 1
    import_(write(tmp_path / "access.log", *rows), "--in-flight", 1)
    service.fail_after, service.batches = None, 0
    rows[10] = row(10, "/other")
    assert counts(import_(write(tmp_path / "access.log", *rows)))["accepted"] == 1200
    assert service.batches == 3


def test_restart_sends_all_again(service, import_, tmp_path):
    log = write(tmp_path / "access.log", *(row(number) for number in range(1200)))
    service.fail_after = 1
    import_(log, "--in-flight", 1)
    service.fail_after, service.batches = None, 0
    counts(import_(log, "--restart"))
    assert service.batches == 3


def test_local_stack_gives_address_key_site_and_domain(service, local_stack, run, tmp_path):
    service.answers["GET", "/api/v1/sites/main"] = (
        200,
        {"site_id": "main", "domains": ["example.com", "other.example"]},
    )
    outcome = run("import", "access-log", write(tmp_path / "access.log", row(1, "/a"), "rubbish\n"))
    assert outcome.exit_code == 0, outcome.exception
    event = next(iter(service.events.values()))
    assert (event["website_id"], event["url"]) == ("main", "https://example.com/a")
    assert "page views sent" in outcome.stdout
    assert list((local_stack / "imports").glob("access.log-*.unreadable"))


def test_missing_file(service, import_, tmp_path):
    outcome = import_(tmp_path / "none")
    assert "there is no file" in str(outcome.exception)


def test_wrong_key(service, import_, tmp_path):
    service.fail_after = 0
    outcome = import_(write(tmp_path / "access.log", row(1)))
    assert outcome.exit_code != 0
    assert "403" in str(outcome.exception)
    assert "--key" in str(outcome.exception)


def test_empty_file(service, import_, tmp_path):
    assert set(counts(import_(write(tmp_path / "access.log"))).values()) == {0}


def test_a_page_view_too_long_for_an_event_is_kept(service, import_, tmp_path):
    outcome = import_(write(tmp_path / "access.log", row(1, "/" + "é" * 20_000), row(2)))
    assert (counts(outcome)["unreadable"], counts(outcome)["accepted"]) == (1, 1)


WEBLOGS = Path(__file__).resolve().parents[4] / "shared" / "data" / "weblogs"


@pytest.mark.skipif(not WEBLOGS.is_dir(), reason="the public logs are not beside this checkout")
@pytest.mark.parametrize("name", ["semicomplete_apache_2015", "hackers_access_2015"])
def test_public_logs_are_read_as_the_oracle_reads_them(service, import_, name):
    log = read(open_log(WEBLOGS / f"{name}.log"))
    told = counts(import_(WEBLOGS / f"{name}.log"))
    assert (told["lines"], told["skipped"], told["unreadable"]) == (log.lines, log.skipped, log.unreadable)
    assert told["accepted"] == len(service.events) == len(log.page_views)

    def path(url):
        return (urlsplit(url).path or "/").rstrip("/") or "/"

    ours = sorted(
        service.events.values(), key=lambda event: (datetime.fromisoformat(event["timestamp"]), event["event_id"])
    )
    theirs = sorted(log.page_views, key=lambda view: (view.time, view.line))
    assert [
        (event["context"]["ip"], event["context"].get("user_agent"), path(event["url"]), event.get("referrer"))
        for event in ours
    ] == [(*view.who, view.page, view.referrer) for view in theirs]
