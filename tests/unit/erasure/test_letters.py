"""Which bodies name a person: ids as values, in any encoding a client may have used, and not as parts of other words."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamgauge.erasure.letters import mentions

WHO = "zoë@example.test"
NAMING = [
    json.dumps({"user_id": WHO}).encode(),
    json.dumps({"user_id": WHO}, ensure_ascii=False).encode(),
    json.dumps({"batch": [{"traits": {"id": WHO}}]}).encode(),
    json.dumps({"payload": json.dumps({"user": WHO}, ensure_ascii=False)}, ensure_ascii=False).encode(),
    urlencode({"user": WHO, "x": 1}).encode(),
    f'{{broken "user_id": "{WHO}"'.encode(),
    f"GET /users/{WHO}/profile".encode(),
]


@pytest.mark.parametrize("body", NAMING)
def test_an_id_is_found_as_a_value(body: bytes) -> None:
    assert mentions([WHO]).search(body)


@pytest.mark.parametrize(
    "body", [b'{"user_id": "ann"}', b'{"user_id": "joanna"}', b'{"note": "for anna and ben"}', b""]
)
def test_a_part_of_another_word_is_no_id(body: bytes) -> None:
    assert not mentions(["anna"]).search(body)


def test_a_number_is_an_id_in_a_field_of_ids_alone() -> None:
    assert mentions(["17"]).search(b'{"Account": {"id": 17}}')
    assert mentions(["17"]).search(b'{"accountId" : 17, "x": 1}')
    assert not mentions(["17"]).search(b'{"position": 17}')


@given(text=st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1))
def test_any_id_in_any_json_is_found(text: str) -> None:
    for ensure_ascii in (True, False):
        assert mentions([text]).search(json.dumps({"a": [{"user_id": text}]}, ensure_ascii=ensure_ascii).encode())
