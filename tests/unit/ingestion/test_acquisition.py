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
        ("https://EXAMPLE.org./a", "(direct)", "direct", None),
        ("https://de.images.search.yahoo.com/x", "Yahoo! Images", "search", "de.images.search.yahoo.com/x"),
        ("https://fr.yahoo.com", "Yahoo!", "search", "fr.yahoo.com"),
        ("https://s7-eu.ixquick.com/do", "IxQuick", "search", "s7-eu.ixquick.com/do"),
        ("https://docs.google.com/d", "docs.google.com", "referral", "docs.google.com/d"),
        ("https://www.dailymail.co.uk/a", "dailymail.co.uk", "referral", "www.dailymail.co.uk/a"),
        ("https://news.mail.ru/a", "news.mail.ru", "referral", "news.mail.ru/a"),
        ("https://e.mail.ru/inbox", "Mail.ru", "email", "e.mail.ru/inbox"),
        ("https://lightmailer-bs.gmx.ch/x", "GMX", "email", "lightmailer-bs.gmx.ch/x"),
        ("https://deref-web.de/x", "Web.de", "email", "deref-web.de/x"),
        ("https://beta.character.ai/chat", "Character.AI", "ai", "beta.character.ai/chat"),
        ("https://www.bing.com/chat?q=1", "Copilot", "ai", "www.bing.com/chat"),
        ("https://ad.doubleclick.net/x", "Google", "paid", "ad.doubleclick.net/x"),
        ("android-app://com.linkedin.android/", "LinkedIn", "social", "com.linkedin.android"),
        ("android-app://org.some.app", "org.some.app", "referral", "org.some.app"),
        # With and without `www.`, whichever the list has.
        ("https://www.perplexity.ai/", "Perplexity", "ai", "www.perplexity.ai"),
        ("https://qwant.com/", "Qwant", "search", "qwant.com"),
        # A portal with a search of somebody else's, and hosts that only begin like an engine.
        ("https://www.cnn.com/2026/a", "cnn.com", "referral", "www.cnn.com/2026/a"),
        ("https://google.example.com/x", "google.example.com", "referral", "google.example.com/x"),
        ("https://webmail1m.orange.fr/x", "Orange Webmail", "email", "webmail1m.orange.fr/x"),
        (
            "https://eur01.safelinks.protection.outlook.com/",
            "Outlook.com",
            "email",
            "eur01.safelinks.protection.outlook.com",
        ),
        ("https://syndicatedsearch.goog/", "Google", "paid", "syndicatedsearch.goog"),
        ("https://b\u00fccher.de/x", "xn--bcher-kva.de", "referral", "xn--bcher-kva.de/x"),
        ("https://" + "\u00fc" * 70 + ".de/", "\u00fc" * 70 + ".de", "referral", "\u00fc" * 70 + ".de"),
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
        ({"utm_medium": "PPC"}, "paid"),
        ({"utm_medium": "affiliate", "utm_source": "facebook"}, "referral"),
        ({"utm_medium": "e_mail"}, "email"),
        ({"utm_medium": "organic", "utm_source": "google"}, "search"),
        ({"utm_medium": "organic", "utm_source": "fb"}, "social"),
        ({"utm_medium": "referral", "utm_source": "chatgpt.com"}, "ai"),
        ({"utm_medium": "whatever"}, "referral"),
        ({"utm_source": "Hacker-News"}, "social"),
        ({"utm_source": "google_ads"}, "paid"),
        ({"utm_source": "downloads"}, "referral"),
        ({"utm_source": "threads"}, "social"),
        ({"utm_source": "weekly-newsletter", "referrer": "https://www.google.com"}, "email"),
        ({"utm_source": "partner", "referrer": "https://www.google.com"}, "search"),
        ({"url": "/?MSCLKID=1"}, "paid"),
        ({"url": "/?fbclid=1", "referrer": "https://l.facebook.com"}, "social"),
        ({"url": "/?fbclid=1"}, "direct"),
        ({"url": "/?mc_cid=1"}, "email"),
        ({"url": "/?gclid="}, "direct"),
        ({"utm_medium": "social_paid"}, "paid"),
        ({"utm_medium": "(none)", "utm_source": "(direct)"}, "direct"),
        ({"utm_medium": "(not set)", "utm_source": "facebook"}, "social"),
        ({"utm_source": "openai"}, "ai"),
        ({"utm_source": "bsky"}, "social"),
        ({"utm_source": "gads"}, "paid"),
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


@pytest.mark.parametrize("host", ["." * 4000, "a." * 2000 + "com", "google." * 600 + "com", ".mail" * 800])
def test_a_host_that_cannot_be_stands_for_itself(host: str) -> None:
    assert source_of(host) == Source(host, "referral")


def test_a_pages_own_host_is_no_referrer() -> None:
    sent = SentEvent(event_type="page_view", url="https://www.shop.test:8443/b", referrer="https://shop.test/a")
    assert acquisition(sent, ()).source == "(direct)"
    elsewhere = SentEvent(event_type="page_view", url="https://www.shop.test/b", referrer="https://workshop.test/a")
    assert acquisition(elsewhere, ()).source == "workshop.test"


@pytest.mark.parametrize("domain", ["b\u00fccher.de", "xn--bcher-kva.de", "https://www.B\u00dcCHER.de:443/shop"])
@pytest.mark.parametrize(
    "referrer", ["https://b\u00fccher.de/x", "https://shop.xn--bcher-kva.de/", "http://www.b\u00fccher.de:8080"]
)
def test_domains_in_other_scripts_have_one_form(domain: str, referrer: str) -> None:
    sent = SentEvent(event_type="page_view", referrer=referrer)
    assert acquisition(sent, (domain,)).channel == "direct"
