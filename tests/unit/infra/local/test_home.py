from __future__ import annotations

import pytest

from infra.local.home import Home, StackError
from infra.local.stack import Stack


@pytest.mark.parametrize("port", ["no", "0", "65536", "-1", "80 80", "٨٧٨٧"])
def test_what_is_no_port_is_named(monkeypatch, tmp_path, port) -> None:
    monkeypatch.setenv("STREAMGAUGE_HOME", str(tmp_path))
    monkeypatch.setenv("STREAMGAUGE_PORT", port)
    with pytest.raises(StackError, match="STREAMGAUGE_PORT"):
        Stack.of_environment()


def test_a_state_folder_that_cannot_be_is_named(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StackError, match="STREAMGAUGE_HOME"):
        Home(tmp_path / "file" / "state").make()


def test_a_file_of_the_folder_is_written_whole_and_for_its_owner_alone(tmp_path) -> None:
    home = Home(tmp_path)
    home.write("ports.json", {"aws": 1})
    home.write("ports.json", {"aws": 2})
    assert home.read("ports.json") == {"aws": 2}
    assert [(path.name, path.stat().st_mode & 0o777) for path in tmp_path.iterdir()] == [("ports.json", 0o600)]
