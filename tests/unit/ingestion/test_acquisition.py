import pytest
from streamgauge.events.models import Acquisition
from streamgauge.ingestion.acquisition import acquisition
from streamgauge.ingestion.models import SentEvent
from streamgauge.ingestion.pages import cut, folded
from streamgauge.ingestion.sources import Source, source_of

DOMAINS = ("example.org", "www.Example.net")


def of(**fields: str) -> Acquisition:
    return acquisition(SentEvent(event_type="page_view", **fields), DOMAINS)


@pytest.mark.parametrize(
    ("referrer", "source", "channel", "kept"),
    [
        ("", "(direct)", "direct", None),
        ("-", "(direct)", "direct", None),
        ("/relative", "(direct)", "direct", None),
        ("nonsense", "(direct)", "direct", None),
        ("http://", "(direct)", "direct", None),
        ("http://[::1", "(direct)", "direct", None),
        ("https://example.org/a", "(direct)", "direct", None),
        ("https://www.example.org/a", "(direct)", "direct", None),
        ("https://blog.EXAMPLE.org:8080/a", "(direct)", "direct", None),
        ("https://example.net", "(direct)", "direct", None),
        ("https://notexample.org/a", "notexample.org", "referral", "notexample.org/a"),
        ("https://www.google.com/search?q=a#b", "Google", "search", "www.google.com/search"),
        ("https://google.co.uk", "Google", "search", "google.co.uk"),
        ("https://duckduckgo.com/", "DuckDuckGo", "search", "duckduckgo.com"),
        ("https://user:pw@www.bing.com:443/x", "Bing", "search", "www.bing.com/x"),
        ("https://gemini.google.com/app", "Gemini", "ai", "gemini.google.com/app"),
        ("https://chatgpt.com/", "ChatGPT", "ai", "chatgpt.com"),
        ("https://x.com/i/grok", "Grok", "ai", "x.com/i/grok"),
        ("https://x.com/someone", "Twitter", "social", "x.com/someone"),
        ("https://www.facebook.com/", "Facebook", "social", "www.facebook.com"),
        ("https://l.facebook.com/l.php?u=x", "Facebook", "social", "l.facebook.com/l.php"),
        ("https://news.ycombinator.com/item?id=1", "Hacker News", "social", "news.ycombinator.com/item"),
        ("https://mail.google.com/mail/u/0", "Gmail", "email", "mail.google.com/mail/u/0"),
        ("android-app://com.google.android.gm/", "Gmail", "email", "com.google.android.gm"),
        ("https://webmail.some-host.ch/x", "webmail.some-host.ch", "email", "webmail.some-host.ch/x"),
        ("https://www.some-blog.ch/post/", "some-blog.ch", "referral", "www.some-blog.ch/post"),
        ("some-blog.ch/post", "some-blog.ch", "referral", "some-blog.ch/post"),
    ],
)
def test_referrers(referrer: str, source: str, channel: str, kept: str | None) -> None:
    assert of(referrer=referrer) == Acquisition(source, channel, kept)


@pytest.mark.parametrize(
    ("fields", "channel"),
    [
        ({"utm_medium": "cpc"}, "paid"),
        ({"utm_medium": "Paid-Social", "utm_source": "facebook"}, "paid"),
        ({"url": "/?gclid=abc", "referrer": "https://www.google.com"}, "paid"),
        ({"utm_medium": "email"}, "email"),
        ({"utm_source": "newsletter"}, "email"),
        ({"utm_source": "facebook"}, "social"),
        ({"utm_source": "google"}, "search"),
        ({"utm_source": "chatgpt.com"}, "ai"),
        ({"utm_source": "partner"}, "referral"),
        ({"utm_medium": "banner", "referrer": "https://some-blog.ch"}, "paid"),
        ({"utm_campaign": "spring"}, "direct"),
    ],
)
def test_channels_of_campaigns(fields: dict[str, str], channel: str) -> None:
    assert of(**fields).channel == channel


def test_tags_stand_in_the_event_or_in_its_address() -> None:
    url = (
        "https://example.org/?utm_source=a%20b&utm_medium=email&utm_term=x+y&utm_source=late&utm_content=%00%ff#utm_x=1"
    )
    found = of(url=url, utm_medium="social")
    assert (found.utm_source, found.utm_medium, found.utm_term, found.utm_campaign) == ("a b", "social", "x y", None)
    assert found.utm_content == "\ufffd"
    assert len(of(url="/?utm_source=" + "x" * 3000).utm_source or "") == 255


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://example.org", "/"),
        ("https://example.org/", "/"),
        ("https://example.org/a/b/?q=1#f", "/a/b"),
        ("//example.org/a", "/a"),
        ("/a//", "/a"),
        ("/a?x=/b/", "/a"),
        ("/a#b?c", "/a"),
        ("a/b", "/a/b"),
        ("?q", "/"),
        ("javascript:alert(1)", "/javascript:alert(1)"),
        ("http://[::1]:80/x", "/x"),
        ("app://localhost/screen", "/screen"),
        ("/redirect/https://other.org/x", "/redirect/https://other.org/x"),
    ],
)
def test_paths(url: str, path: str) -> None:
    assert folded(cut(url).path) == path


def test_unlisted_hosts_stand_for_themselves() -> None:
    assert source_of("docs.google.com") == Source("docs.google.com", "referral")
    assert source_of("www.some-blog.ch") == Source("some-blog.ch", "referral")
