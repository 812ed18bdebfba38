import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamgauge.ingestion.split import BrokenError, depth_over, elements, members

values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=12,
)


@given(st.lists(values, max_size=8), st.sampled_from([None, 2]), st.booleans())
def test_elements_are_those_of_json(content: list[object], indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(content, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert [json.loads(piece.decode("utf-8", "surrogatepass")) for piece in elements(text)] == content


@given(st.dictionaries(st.text("abc", min_size=1), values, max_size=8), st.sampled_from([None, 2]))
def test_members_are_those_of_json(content: dict[str, object], indent: int | None) -> None:
    text = json.dumps(content, indent=indent).encode()
    assert {name.decode(): json.loads(value) for name, value in members(text).items()} == content


@given(st.binary(max_size=200))
def test_any_bytes_are_cut_or_broken(text: bytes) -> None:
    for cut in (elements, members):
        with suppress(BrokenError):
            cut(text)
    depth_over(text, 3)


@given(st.lists(st.sampled_from([b'"', b"\\", b"[", b"]", b"{", b"}", b",", b":", b"a", b"1", b" "]), max_size=30))
def test_marks_in_any_order_are_cut_or_broken(marks: list[bytes]) -> None:
    text = b"[" + b"".join(marks) + b"]"
    try:
        pieces = elements(text)
    except BrokenError:
        return
    assert (
        b",".join(piece.strip() for piece in pieces).replace(b" ", b"") == text[1:-1].replace(b" ", b"") or not pieces
    )


@pytest.mark.parametrize("text", [b"", b"[", b"]", b"[1", b"[1]]", b"[[1]", b'["]', b"{}", b"[1] 2", b"[][]"])
def test_what_does_not_close_is_broken(text: bytes) -> None:
    with pytest.raises(BrokenError):
        elements(text)


def test_depth() -> None:
    assert not depth_over(b"[[[" + b"]]]", 3)
    assert depth_over(b"[[[[" + b"]]]]", 3)
    assert not depth_over(b'["[[[[{{{{", [], [], [], []]', 3), "brackets in strings are text"
