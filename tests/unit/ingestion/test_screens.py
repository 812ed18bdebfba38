import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamgauge.ingestion.screens import language_of, screen_of


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("1920x1080", "1920x1080"),
        (" 1920 X 1080 ", "1920x1080"),
        ("1920\u00d71080", "1920x1080"),
        ("1920, 1080", "1920x1080"),
        ("01920x1080", "1920x1080"),
        ("411.4x731.2", "411x731"),
        ("0x0", None),
        ("1920", None),
        ("1920x", None),
        ("-1x5", None),
        ("1234567x1", None),
        ("large", None),
    ],
)
def test_screens_have_one_form(text: str, form: str | None) -> None:
    assert screen_of(text) == form


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("en-US", "en-US"),
        ("en_us", "en-US"),
        ("EN", "en"),
        ("de-ch-1901", "de-CH"),
        ("zh_hant_tw", "zh-Hant-TW"),
        ("zh-Hans", "zh-Hans"),
        ("es-419", "es-419"),
        ("en_US.UTF-8", "en-US"),
        ("ca-ES@valencia", "ca-ES"),
        ("de-CH,de;q=0.9,en;q=0.8", "de-CH"),
        ("gsw", "gsw"),
        ("*", None),
        ("C", None),
        ("english", None),
        ("12-34", None),
        ("", None),
    ],
)
def test_languages_have_one_form(text: str, form: str | None) -> None:
    assert language_of(text) == form


@given(st.text(max_size=64))
def test_a_form_is_its_own_form(text: str) -> None:
    for form_of in (screen_of, language_of):
        form = form_of(text)
        assert form is None or form_of(form) == form
