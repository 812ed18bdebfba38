"""CSV records out of lines, also out of broken ones."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st
from streamgauge_cli.reading import Line
from streamgauge_cli.records import MOST_LINES, records


def read(text):
    lines = text.encode().splitlines() if isinstance(text, str) else text
    return list(records(Line(number, line, 0, False, True) for number, line in enumerate(lines, 1)))


def test_quotes_commas_and_lines_inside_a_field():
    first, second = read('a,"b, ""c""\nd",\n\\N,2,3')
    assert (first.number, first.fields) == (1, ("a", 'b, "c"\nd', ""))
    assert first.text == b'a,"b, ""c""\nd",'
    assert (second.number, second.fields) == (3, ("", "2", "3"))


def test_a_stray_quote_spoils_its_line_alone():
    found = read([b"a,b", b'c,"d', *(b"e,f" for _ in range(MOST_LINES + 5))])
    assert [record.number for record in found] == list(range(1, MOST_LINES + 8))
    assert [record.reason for record in found if record.fields is None] == ["a quote is open"]


def test_what_is_no_text_or_no_csv_is_told():
    assert [record.reason for record in read([b"\xff,1", b'"a"b,c"d"'])] == [
        "not encoded as UTF-8",
        "',' expected after '\"'",
    ]


@given(st.lists(st.lists(st.text("ab,\"' \n", max_size=6), min_size=2, max_size=4), max_size=6))
def test_what_was_written_is_read(rows):
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerows(rows)
    text = made.getvalue()
    lines = text.encode().split(b"\n")[:-1]
    found = records(Line(number, line, 0, False, True) for number, line in enumerate(lines, 1))
    assert [list(record.fields or ()) for record in found] == rows
