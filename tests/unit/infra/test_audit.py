from __future__ import annotations

import pytest

from infra import audit

CLEAN = '{"auditReportVersion": 2, "vulnerabilities": {}}'
BAD = '{"auditReportVersion": 2, "vulnerabilities": {"preact": {"severity": "high"}}}'


@pytest.mark.parametrize(("code", "found"), [(0, False), (1, True), (2, None)])
def test_uv_says_by_its_exit_code_what_it_found(monkeypatch, code, found) -> None:
    monkeypatch.setattr(audit, "run", lambda _: (code, "said"))
    assert audit.of_python() == (found, "said")


@pytest.mark.parametrize(
    ("code", "said", "found"),
    [
        (0, CLEAN, False),
        (0, f"npm warn something\n{CLEAN}", False),
        (1, BAD, True),
        (1, '{"error": {"code": "ENOTFOUND"}}', None),
        (1, "npm error audit endpoint returned an error", None),
    ],
)
def test_npm_without_a_report_could_not_ask(monkeypatch, code, said, found) -> None:
    monkeypatch.setattr(audit, "run", lambda _: (code, said))
    assert audit.of_browsers(audit.PACKAGES_OF_BROWSERS[0])[0] is found


@pytest.mark.parametrize(("found", "exits"), [(True, 1), (False, 0), (None, 0)])
def test_only_a_finding_is_a_failure(monkeypatch, capsys, found, exits) -> None:
    monkeypatch.setattr(audit, "of_python", lambda: (found, "details"))
    monkeypatch.setattr(audit, "of_browsers", lambda _: (False, ""))
    with pytest.raises(SystemExit) as stopped:
        audit.main()
    assert int(stopped.value.code) == exits
    assert ("details" in capsys.readouterr().out) == (found is True)
