import json
import re
from pathlib import Path

import pytest
from streamgauge import telemetry
from streamgauge.telemetry import Metric

SECRETS = {
    "a write key": "sgw_Zk3l-aB_cdefghijklmnopqrstuvwx",
    "an admin key": "sga_Zk3lxaBxcdefghijklmnopqrstuvwx",
    "a token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEifQ.c2lnbmF0dXJl",
    "IPv4": "203.0.113.77",
    "IPv6": "2001:db8:85a3:8d3:1319:8a2e:370:7348",
    "IPv6, short": "2001:db8::7334",
    "IPv6, a prefix": "fe80::",
    "IPv6 of IPv4": "::ffff:203.0.113.77",
    "IPv6, loopback": "::1",
}


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_and_addresses_do_not_reach_the_log(environment, capsys, name) -> None:
    secret = SECRETS[name]
    logger = telemetry.logger()
    logger.error("for %s", secret, extra={"given": secret, "within": [f"x={secret};"]})
    try:
        int(f"cannot take {secret}")
    except ValueError:
        logger.exception("failed")
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 2
    for line in out.splitlines():
        assert json.loads(line)["level"] == "ERROR"
        assert secret not in line
        assert "203.0.113" not in line


@pytest.mark.parametrize(
    "text", ["12:34:56", '{"line":84,"n":1}', "2026-11-21T02:12:15.319+00:00", "std::vector", "v1.2.3"]
)
def test_other_texts_stay(text) -> None:
    assert telemetry.redact(text) == text


def test_a_log_line_is_one_line_whatever_it_tells(environment, capsys) -> None:
    telemetry.logger().error('x\n{"level":"INFO","message":"forged"}\r\n\x1b[31m')
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["level"] == "ERROR"


def test_debug_is_silent_unless_asked_for(environment, capsys) -> None:
    telemetry.logger().debug("quiet")
    assert not capsys.readouterr().out


@pytest.mark.parametrize("level", ["trace", "debug", "info", "warn", "error", "fatal"])
def test_every_level_that_lambda_knows_can_be_set(environment, capsys, level) -> None:
    environment.setenv("LOG_LEVEL", level)
    telemetry.logger().critical("heard")
    assert "heard" in capsys.readouterr().out


def test_metrics_are_one_line_with_the_stage_as_their_only_dimension(environment, capsys) -> None:
    telemetry.measure(Metric.EVENTS_REFUSED, 2)
    telemetry.measure(Metric.EVENTS_REFUSED, 3)
    telemetry.flush()
    line = json.loads(capsys.readouterr().out)
    (metric,) = line["_aws"]["CloudWatchMetrics"]
    assert metric["Namespace"] == "Streamgauge"
    assert metric["Dimensions"] == [["service"]]
    assert (line["service"], line["EventsRefused"]) == ("streamgauge-local", [2.0, 3.0])
    telemetry.flush()
    assert not capsys.readouterr().out


def test_lines_say_to_which_invocation_they_belong(environment, capsys) -> None:
    telemetry.correlate("JKJaXmPLvHcESHA=")
    telemetry.logger().warning("first")
    telemetry.correlate("")
    telemetry.logger().warning("second")
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["correlation_id"] == "JKJaXmPLvHcESHA="
    assert "correlation_id" not in second


def test_every_metric_is_documented_and_ten_are_free() -> None:
    documented = re.findall(r"^\| `([A-Z][a-z]\w+)` \|", Path("docs/operate.md").read_text(), re.MULTILINE)
    assert documented == [str(metric) for metric in Metric]
    assert len(Metric) <= 10
