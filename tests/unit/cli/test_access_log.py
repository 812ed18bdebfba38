"""Lines of access logs: formats, broken ones, page views, events, ids."""

from datetime import UTC, datetime

import pytest
from streamgauge_cli.access_log import (
    Kind,
    LineIds,
    Request,
    Unreadable,
    address,
    event,
    kind,
    page_url,
    parse_line,
    target_path,
)

COMBINED = (
    b'203.0.113.7 - frank [17/May/2015:10:05:03 +0200] "GET /a/b.html?x=1 HTTP/1.1" 200 2326 '
    b'"https://www.example.org/from" "Mozilla/5.0 (X11)"'
)


def parsed(line) -> Request:
    read = parse_line(line)
    assert isinstance(read, Request), read
    return read


def line(request="GET / HTTP/1.1", status="200", *, host="192.0.2.1", rest=' "-" "Agent"', size="12"):
    return f'{host} - - [17/May/2015:10:05:03 +0000] "{request}" {status} {size}{rest}'.encode()


def test_combined():
    read = parsed(COMBINED)
    assert read.host == "203.0.113.7"
    assert read.time == datetime(2015, 5, 17, 8, 5, 3, tzinfo=UTC)
    assert read.time.isoformat() == "2015-05-17T10:05:03+02:00"
    assert (read.method, read.target, read.status) == ("GET", "/a/b.html?x=1", 200)
    assert (read.referrer, read.agent) == ("https://www.example.org/from", "Mozilla/5.0 (X11)")


def test_dashes_are_none():
    read = parsed(line(rest=' "-" "-"', size="-"))
    assert (read.referrer, read.agent) == (None, None)


def test_common_format_has_neither_referrer_nor_agent():
    read = parsed(line(rest=""))
    assert (read.referrer, read.agent, read.has_agent) == (None, None, False)


@pytest.mark.parametrize("rest", [' "-" "Agent" 0.003', ' "-" "Agent" "10.0.0.1" rt=0.1', ' "-" "Agent" 512 2326'])
def test_fields_behind_the_agent(rest):
    assert parsed(line(rest=rest)).agent == "Agent"


@pytest.mark.parametrize(
    ("front", "virtual_host"),
    [
        ("www.Example.com:443 192.0.2.1", "www.example.com"),
        ("example.com 192.0.2.1", "example.com"),
        ("192.168.0.9:80 192.0.2.1", "192.168.0.9"),
        ("_ 192.0.2.1", None),
        ("- 192.0.2.1", None),
        ("192.0.2.1", None),
        # What proxies forwarded, the client first.
        ("192.0.2.1, 10.0.0.1, 10.0.0.2", None),
        ("example.com:443 192.0.2.1,10.0.0.1", "example.com"),
        # Sent through syslog.
        ("Feb  9 23:59:59 web1 nginx: 192.0.2.1", None),
        ("<190>Feb 29 23:59:59 web1 nginx[7]: example.com:443 192.0.2.1", "example.com"),
    ],
)
def test_virtual_host_in_front(front, virtual_host):
    read = parsed(line(host=front))
    assert (read.host, read.virtual_host) == ("192.0.2.1", virtual_host)


def test_virtual_host_before_a_resolved_name():
    read = parsed(line(host="example.com:80 host.provider.example"))
    assert (read.host, read.virtual_host) == ("host.provider.example", "example.com")


@pytest.mark.parametrize("between", [" ", "  ", " " * 60_000])
def test_spaces_around_the_target_are_no_part_of_it(between):
    assert parsed(line(f"GET{between}/history/skylab.html{between}HTTP/1.0")).target == "/history/skylab.html"


def test_iso_time():
    read = parsed(b'192.0.2.1 - - [2015-05-17T10:05:03+02:00] "GET / HTTP/1.1" 200 1 "-" "A"')
    assert read.time == datetime(2015, 5, 17, 8, 5, 3, tzinfo=UTC)


def test_ipv6_and_user_with_spaces():
    read = parsed(b'2001:db8::1 - john doe [17/May/2015:10:05:03 -0730] "GET / HTTP/1.1" 200 1 "-" "A"')
    assert read.host == "2001:db8::1"
    assert read.time == datetime(2015, 5, 17, 17, 35, 3, tzinfo=UTC)


def test_escaped_quotes_and_hex():
    read = parsed(rb'192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /\x22q\xC3\xA9 HTTP/1.1" 200 1 "-" "a \"b\" c\\"')
    assert read.target == '/"qé'
    assert read.agent == 'a "b" c\\'


def test_control_characters_stay_written_out():
    read = parsed(rb'192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /\x00\x0A HTTP/1.1" 200 1 "-" "A"')
    assert read.target == r"/\x00\x0a"


def test_bytes_that_are_no_utf8_are_kept_apart():
    first = parsed(line().replace(b"Agent", b"caf\xe9"))
    second = parsed(line().replace(b"Agent", b"caf\xe8"))
    assert (first.agent, second.agent) == (r"caf\xe9", r"caf\xe8")


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"rubbish",
        b'192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "Mozilla',
        b'192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-',
        b'192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-"',
        b'192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "a "b" c"',
        b'192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1 200 1 "-" "A"',
        b'192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 20',
        b'192.0.2.1 - - [17/Mai/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "A"',
        b'192.0.2.1 - - [31/Feb/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "A"',
        b'192.0.2.1 - - [17/May/2015:25:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "A"',
        b'192.0.2.1 - - [2015-05-17T10:05:03] "GET / HTTP/1.1" 200 1 "-" "A"',
        b"#Fields: date time cs-method",
        b'"\\' * 20_000,
        b"\xff" * 60_000,
    ],
)
def test_unreadable(broken):
    assert isinstance(parse_line(broken), Unreadable)


def test_leap_second_is_the_second_before():
    read = parsed(line().replace(b"10:05:03", b"23:59:60"))
    assert read.time == datetime(2015, 5, 17, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("request_", "status", "wanted"),
    [
        ("GET / HTTP/1.1", "200", Kind.PAGE_VIEW),
        ("GET /", "200", Kind.PAGE_VIEW),
        ("GET /a/ HTTP/2.0", "299", Kind.PAGE_VIEW),
        ("GET /a HTTP/1.1", "304", Kind.PAGE_VIEW),
        ("GET /a HTTP/1.1", "206", Kind.PAGE_VIEW),
        ("GET /a HTTP/1.1", "300", Kind.SKIPPED),
        ("GET /a HTTP/1.1", "404", Kind.SKIPPED),
        ("GET /a HTTP/1.1", "-", Kind.SKIPPED),
        ("HEAD /a HTTP/1.1", "200", Kind.SKIPPED),
        ("POST /a HTTP/1.1", "200", Kind.SKIPPED),
        ("get /a HTTP/1.1", "200", Kind.SKIPPED),
        ("GET /a.HTML HTTP/1.1", "200", Kind.PAGE_VIEW),
        ("GET /a.aspx?x=/b.png HTTP/1.1", "200", Kind.PAGE_VIEW),
        ("GET /a.Jsp#c.png HTTP/1.1", "200", Kind.PAGE_VIEW),
        ("GET /a.png HTTP/1.1", "200", Kind.SKIPPED),
        ("GET /a.html.gz HTTP/1.1", "200", Kind.SKIPPED),
        ("GET /a.xhtml HTTP/1.1", "200", Kind.SKIPPED),
        ("GET /v1.2/a HTTP/1.1", "200", Kind.PAGE_VIEW),
        ("GET http://a.example/b.php HTTP/1.1", "200", Kind.PAGE_VIEW),
        ("GET http://a.example/b.gif HTTP/1.1", "200", Kind.SKIPPED),
        ("GET http://a.example HTTP/1.1", "200", Kind.PAGE_VIEW),
        ("CONNECT a.example:443 HTTP/1.1", "200", Kind.SKIPPED),
        ("OPTIONS * HTTP/1.0", "200", Kind.SKIPPED),
        ("GET * HTTP/1.0", "200", Kind.SKIPPED),
        ("-", "400", Kind.SKIPPED),
        (r"\x16\x03\x01", "400", Kind.SKIPPED),
        ("", "200", Kind.SKIPPED),
        ("GET /a b HTTP/1.1", "200", Kind.PAGE_VIEW),
    ],
)
def test_page_views(request_, status, wanted):
    assert kind(parsed(line(request_, status))) is wanted


def test_path_of_a_target():
    assert target_path("/a?b#c") == "/a"
    assert target_path("//a/b") == "//a/b"
    assert target_path("http://h.example?x") == "/"
    assert target_path("HTTP://h.example:80/a/?x") == "/a/"
    assert target_path("h.example:443") is None


def test_page_url():
    read = parsed(line("GET /a?b=1 HTTP/1.1"))
    assert page_url(read, None) == "/a?b=1"
    assert page_url(read, "example.com") == "https://example.com/a?b=1"
    assert page_url(parsed(line("GET http://o.example/a HTTP/1.1")), "example.com") == "http://o.example/a"
    assert page_url(parsed(line("GET //a/b HTTP/1.1")), None) == "https://unknown.invalid//a/b"
    assert page_url(parsed(line(host="v.example:80 192.0.2.1")), "example.com") == "https://v.example/"


def test_names_instead_of_addresses_become_private_addresses():
    assert address("192.0.2.1") == "192.0.2.1"
    assert address("2001:DB8:0::1") == "2001:db8::1"
    assert address("[2001:db8::1]") == address("[2001:db8::1]:443") == "2001:db8::1"
    assert address("192.0.2.1:5555") == "192.0.2.1"
    assert address("crawler.example.net").startswith("fd")
    assert address("crawler.example.net") == address("crawler.example.net") != address("other.example.net")


def test_event():
    made = event(parsed(COMBINED), "log-1", site="s", domain="example.com")
    assert made == {
        "event_type": "page_view",
        "event_id": "log-1",
        "timestamp": "2015-05-17T10:05:03+02:00",
        "historical": True,
        "url": "https://example.com/a/b.html?x=1",
        "referrer": "https://www.example.org/from",
        "context": {"ip": "203.0.113.7", "user_agent": "Mozilla/5.0 (X11)"},
        "website_id": "s",
    }
    bare = event(parsed(line(rest="")), "log-1", site=None, domain=None)
    assert bare["context"] == {"ip": "192.0.2.1"}
    assert {"referrer", "website_id"}.isdisjoint(bare)


def test_too_long_queries_are_cut():
    long = event(
        parsed(line("GET /a?" + "x" * 9000 + " HTTP/1.1", rest=f' "http://r.example/{"y" * 9000}" "A"')),
        "i",
        site=None,
        domain=None,
    )
    assert len(long["url"]) == len(long["referrer"]) == 4096


def ids(*rows, source=""):
    maker = LineIds(source)
    return [maker.next(parsed(row)) for row in rows]


def at(second, path="/"):
    return line(f"GET {path} HTTP/1.1").replace(b"10:05:03", f"10:05:{second:02d}".encode())


def test_ids_of_a_second_sort_as_their_lines():
    made = ids(*(at(1, f"/{number}") for number in range(40)))
    assert made == sorted(made)
    assert len(set(made)) == 40


def test_equal_lines_of_a_second_differ():
    assert len(set(ids(at(1), at(1), at(1)))) == 3


def test_ids_do_not_depend_on_what_stands_before():
    alone = ids(at(2, "/x"), at(2, "/y"))
    assert ids(at(1), at(1), at(2, "/x"), at(2, "/y"), at(3))[2:4] == alone


def test_ids_of_disordered_lines_are_counted_by_second():
    assert ids(at(2, "/x"), at(1), at(2, "/y")) == [*ids(at(2, "/x")), *ids(at(1)), ids(at(2, "/x"), at(2, "/y"))[1]]


def test_the_same_instant_in_another_offset_is_the_same_second():
    other = at(1).replace(b"10:05:01 +0000", b"12:05:01 +0200")
    assert ids(at(1)) == ids(other)


def test_source_keeps_servers_apart():
    assert ids(at(1), source="web-1") != ids(at(1), source="web-2")


def test_ids_are_stable_over_releases():
    assert ids(COMBINED) == ["log-000000-0d01535b4bb484985c8676d9"]


def test_memory_of_seconds_is_bounded(monkeypatch):
    monkeypatch.setattr(LineIds, "SECONDS_KEPT", 2)
    assert ids(at(1), at(2), at(3), at(1))[3] == ids(at(1))[0]
