"""Browsers, systems and kinds of devices as Umami writes them, and as they are called here."""

from __future__ import annotations

from typing import Final

BROWSERS: Final = {
    "chrome": "Chrome",
    "chromium-webview": "Chrome Mobile WebView",
    "crios": "Chrome Mobile iOS",
    "edge": "Edge",
    "edge-chromium": "Edge",
    "edge-ios": "Edge Mobile",
    "facebook": "Facebook",
    "firefox": "Firefox",
    "fxios": "Firefox iOS",
    "ie": "IE",
    "instagram": "Instagram",
    "ios": "Mobile Safari",
    "ios-webview": "Mobile Safari UI/WKWebView",
    "android": "Android",
    "android-webview": "Chrome Mobile WebView",
    "kakaotalk": "KakaoTalk",
    "miui": "MiuiBrowser",
    "opera": "Opera",
    "opera-mini": "Opera Mini",
    "safari": "Safari",
    "samsung": "Samsung Internet",
    "silk": "Amazon Silk",
    "yandexbrowser": "Yandex Browser",
}
SYSTEMS: Final = {"Mac OS": "Mac OS X", "Android OS": "Android", "Amazon OS": "Android"}
DEVICES: Final = {
    "desktop": "desktop",
    "laptop": "desktop",
    "mobile": "mobile",
    "tablet": "tablet",
    "smarttv": "tv",
    "console": "console",
    "wearable": "wearable",
}
