import pytest
from streamgauge.ingestion.agents import Agent, read_agent


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        ("", Agent()),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
            Agent("Safari", "Mac OS X", "desktop"),
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
            Agent("Mobile Safari", "iOS", "mobile"),
        ),
        (
            "Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1",
            Agent("Mobile Safari", "iOS", "tablet"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
            Agent("Chrome Mobile", "Android", "mobile"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 13; SM-X906C) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
            Agent("Chrome", "Android", "tablet"),
        ),
        (
            "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) Version/6.0 TV Safari/537.36",
            Agent("Samsung Internet", "Tizen", "tv"),
        ),
    ],
)
def test_agents(text: str, agent: Agent) -> None:
    found = read_agent(text)
    if agent.device == "tv":
        assert (found.device, found.bot) == ("tv", False)
    else:
        assert found == agent


@pytest.mark.parametrize(
    ("text", "device"),
    [
        (
            "Mozilla/5.0 (Linux; Android 4.1; A1-810) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Safari/534.30",
            "tablet",
        ),
        (
            "Mozilla/5.0 (Linux; Android 12; Tab 9 Build/X) AppleWebKit/537.36 Chrome/110.0.0.0 Mobile Safari/537.36",
            "tablet",
        ),
        # Apps inside Android drop the end of the agent: that it does not say Mobile then says nothing.
        (
            "Mozilla/5.0 (Linux; Android 10; Phone; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/77.0.3865.120",
            "mobile",
        ),
        ("Mozilla/5.0 (Linux; Android 9; 50U730 Build/X) AppleWebKit/537.36 Chrome/97.0.4692.70 Safari/537.36", "tv"),
        ("Mozilla/5.0 (Linux; Android 9; Some_TV_4K) AppleWebKit/537.36 Chrome/97.0.4692.70 Safari/537.36", "tv"),
        (
            "Mozilla/5.0 (Linux; Android 14; SM-A556B) AppleWebKit/537.36 Chrome/130.0.0.0 Mobile Safari/537.36",
            "mobile",
        ),
        ("Opera/9.80 (Linux armv7l) Presto/2.12.407 Version/12.51 , D50u-D1-UHD/V1.5.16-UHD", "tv"),
        ("Mozilla/5.0 (X11; Linux armv7l) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0 Safari/537.36", "desktop"),
        ("Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 Version/13.0 Safari/605.1.15", "console"),
        ("Mozilla/5.0 (Linux; Android 13; SM-R930) AppleWebKit/537.36 Chrome/116.0 Mobile Safari/537.36", "wearable"),
        ("Microsoft Office Word/16.43 (Mac OS/11.1; Desktop; es-MX; NonAppStore; Apple/MacBookPro16,4)", "desktop"),
        ("SIE-C45/06 UP.Browser/5.0.1.1.102 (GUI)", "mobile"),
        ("something else", None),
    ],
)
def test_kinds_of_devices(text: str, device: str | None) -> None:
    assert read_agent(text).device == device


@pytest.mark.parametrize(
    "text",
    [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        "python-requests/2.32.3",
        "curl/8.5.0",
        "Mozilla/5.0 (compatible; BeetleBot; )",  # of ua-parser's list alone
        "FeedBurner/1.0 (http://www.FeedBurner.com)",  # of crawler-user-agents' alone
    ],
)
def test_bots(text: str) -> None:
    found = read_agent(text)
    assert found.bot
    assert found.device is None
