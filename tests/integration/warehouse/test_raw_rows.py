"""What stands in the texts of an event stands in its raw row, whatever means something to COPY."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.stamped import stamped
from tests.support.warehouse import add_site, store_stamped

if TYPE_CHECKING:
    import psycopg

_ROW = "SELECT event_id, anonymous_id, user_id, session_id, name, properties, metadata FROM events WHERE site_no = %s"


@pytest.mark.parametrize("text", [r"\N", "\\.", "a\tb\nc\rd\x0b\x08", '\\t"{},', "ä\u2028€ \U0001f600", ""])
def test_any_text_is_read_back_as_it_was_told(connection: psycopg.Connection[Any], text: str) -> None:
    site = f"raw rows {text!a}"
    site_no = add_site(connection, site)
    told = {"anonymous_id": text, "user_id": text, "session_id": text, "name": text}
    event = stamped(
        "custom", "2026-11-20 12:00", site=site, id=f"id{text}", properties={text: text}, metadata=[text, None], **told
    )
    store_stamped(connection, [event])
    found = connection.execute(_ROW, [site_no]).fetchall()
    assert found == [(f"id{text}", text, text, text, text, {text: text}, [text, None])]


def test_numbers_of_a_video_are_read_back_as_they_were_told(connection: psycopg.Connection[Any]) -> None:
    site_no = add_site(connection, "raw numbers")
    event = stamped(
        "video_progress", "2026-11-20 12:00", site="raw numbers", position=0.1 + 0.2, duration=1e-7, bitrate=4500.0
    )
    store_stamped(connection, [event])
    row = connection.execute("SELECT position, duration, bitrate, seek_to FROM events WHERE site_no = %s", [site_no])
    assert row.fetchall() == [(0.1 + 0.2, 1e-7, 4500.0, None)]
