"""The import of Plausible's export: which files of it are taken, and what their rows become."""

import json
import zipfile

import pytest
from streamgauge_cli.errors import CommandError

PUT = "/api/v1/sites/main/imports/plausible/"
VISITORS = '"date","visitors","pageviews","bounces","visits","visit_duration"\n"2024-01-01",10,20,5,12,600\n'
PAGES = (
    "\ufeffpage,visitors,date,hostname,visits,pageviews,total_time_on_page,later\r\n"
    '"/a, ""b""/",4,2024-01-01,example.com,5,6,60,x\r\n/c,1,2024-01-01,www.example.com,1,1,,\r\n/d,1,2024-13-01,,1,1,0,\r\n'
)


@pytest.fixture
def import_(local_stack, service, run):
    for part in ("totals", "pages", "custom_events"):
        service.answers["PUT", f"{PUT}{part}"] = 200, {"import_id": "plausible", "rows": 1, "counted_before": None}
    return lambda *files: run("import", "plausible", *files, "--json")


def sent(service):
    return {path.removeprefix(PUT): body["rows"] for method, path, _, body, _ in service.calls if method == "PUT"}


def test_an_archive_with_more_than_is_known(import_, service, tmp_path):
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("export/imported_visitors_20240101_20240131.csv", VISITORS)
        archive.writestr("__MACOSX/export/._imported_visitors_20240101_20240131.csv", b"\0\5\26\7\0\2")
        archive.writestr("export/imported_custom_props_20240101_20240131.csv", "date,property,value,visitors\n")
        archive.writestr("export/imported_devices_20240101_20240131.csv", "")
    outcome = import_(path)
    assert outcome.exit_code == 0, outcome.exception
    assert sent(service) == {
        "totals": [
            {"date": "2024-01-01", "visitors": 10, "visits": 12, "bounces": 5, "pageviews": 20, "visit_duration": 600}
        ]
    }
    assert "imported_custom_props_20240101_20240131.csv is no file of Plausible's export" in outcome.stderr
    assert "imported_devices_20240101_20240131.csv is empty and is left out." in outcome.stderr
    assert "._imported" not in outcome.stderr


def test_columns_are_found_by_name_and_bad_rows_kept(import_, service, tmp_path):
    path = tmp_path / "imported_pages_20240101_20240131.csv"
    path.write_text(PAGES, newline="")
    outcome = import_(path)
    assert json.loads(outcome.stdout) == {"rows": 3, "sent": 2, "skipped": 0, "unreadable": 1}
    assert "line 4: its date cannot be read" in outcome.stderr
    assert sent(service)["pages"] == [
        {"date": "2024-01-01", "page": '/a, "b"/', "visitors": 4, "visits": 5, "pageviews": 6, "time_on_page": 60},
        {"date": "2024-01-01", "page": "/c", "visitors": 1, "visits": 1, "pageviews": 1},
    ]


def test_engagement_is_no_custom_event(import_, service, tmp_path):
    events, visitors = (tmp_path / f"imported_{part}_20240101_20240131.csv" for part in ("custom_events", "visitors"))
    events.write_text(
        '"date","name","link_url","path","visitors","events"\n'
        '"2024-01-01","engagement","","",9,40\n"2024-01-01","404","","/missing",1,2\n"2024-01-01","404","","/gone",1,1\n'
    )
    visitors.write_text(VISITORS)
    assert json.loads(import_(visitors, events).stdout)["skipped"] == 1
    assert sent(service)["custom_events"] == [{"date": "2024-01-01", "event": "404", "visitors": 2, "events": 3}]
    assert sent(service)["totals"][0]["events"] == 3


def test_a_file_of_something_else_and_empty_ones_are_told(import_, service, tmp_path):
    other = tmp_path / "visits.csv"
    other.write_text("date,visitors\n")
    assert "is no file of Plausible's export" in str(import_(other).exception)
    empty = tmp_path / "imported_pages_20240101_20240131.csv"
    empty.write_text("")
    outcome = import_(empty)
    assert isinstance(outcome.exception, CommandError)
    assert "none of these files holds a list of Plausible's export" in str(outcome.exception)
    assert not service.calls
