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
        ("Mozilla/5.0 (X11; Linux x86_64; Quest 3) AppleWebKit/537.36 OculusBrowser/33.1 VR Safari/537.36", "wearable"),
        ("Mozilla/5.0 (Linux; Android 9; HP Chromebook 13 G1) AppleWebKit/537.36 Chrome/80.0 Safari/537.36", "desktop"),
        ("Podcasts/1410.53 CFNetwork/1111 Darwin/19.0.0 (x86_64)", "desktop"),
        (
            "Mozilla/5.0 (Windows NT 10.0; ARM; Lumia 550) AppleWebKit/537.36 Chrome/46.0 Safari/537.36 Edge/13",
            "mobile",
        ),
        ("DoCoMo/1.0/P501i", "mobile"),
        # Phones with a tuner, and phones whose names end like those of sets and boxes.
        ("Mozilla/5.0 (Linux; Android 7.0; myA8 DTV) AppleWebKit/537.36 Chrome/78.0 Mobile Safari/537.36", "mobile"),
        ("Mozilla/5.0 (Linux; Android 6.0.1; STV100-4) AppleWebKit/537.36 Chrome/55.0 Mobile Safari/537.36", "mobile"),
        ("Mozilla/5.0 (Linux; Android 6.0; TurboX5Hero) AppleWebKit/537.36 Chrome/79.0 Mobile Safari/537.36", "mobile"),
        (
            "Mozilla/5.0 (Linux; Android 11; EcostarTV Build/R; wv) AppleWebKit/537.36 Chrome/132.0 Mobile Safari/537.36",
            "tv",
        ),
        ("Mozilla/5.0 (Linux; Android 5.1; PCBox Build/L) AppleWebKit/537.36 Chrome/50.0 Safari/537.36", "tv"),
        ("VIZIO V755x-K04 ViziOS/1.4.512.847.1 WatchFree/24.06.13.2 FancyPlayer/1.1.30-qa", "tv"),
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


@pytest.mark.parametrize(
    "text",
    [
        "Mozilla/5.0 (Linux; Android 15; CPH2655 Build/AP3A.240617.008; wv) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36 Instagram 406.0",
        "Mozilla/5.0 (Linux; U; Android 4.3; en-US; ViewSonic A8+ Build/JLS36C) AppleWebKit/534.30 Version/4.0 Mobile Safari/534.30",
        "Mozilla/5.0 (Linux; Android 11; moto g power (2022); Fever) AppleWebKit/537.36 Chrome/109.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 13; SM-A536B; wv) AppleWebKit/537.36 Chrome/120.0.0.0 Mobile Safari/537.36 Viber/21.9.2.1",
        "Mozilla/5.0 (Linux; Android 7.0; BZK-L00; wv) AppleWebKit/537.36 Chrome/56.0 Mobile Safari/537.36 SogouMSE,SogouMobileBrowser/5.23",
    ],
)
def test_words_of_bots_in_names_of_devices_and_browsers(text: str) -> None:
    found = read_agent(text)
    assert (found.bot, found.device) == (False, "mobile")


def test_a_bot_among_the_names_of_a_device_is_one() -> None:
    device = "Linux; Android 8.0; Pixel 2 Build/OPD3.170816.012; Storebot-Google/1.0"
    assert read_agent(f"Mozilla/5.0 ({device}) AppleWebKit/537.36 Chrome/81.0.4044.138 Mobile Safari/537.36").bot
