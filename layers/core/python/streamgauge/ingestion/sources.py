"""Groups referrers by source: search engines, networks and assistants from a kept list, mail by its usual names.

The list (`referrers.json`) is made from Matomo's (CC0) by `scripts/bundle_referrers.py`.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Source(NamedTuple):
    """Who sent a visitor, and by which channel: search, social, ai, email or referral."""

    name: str
    channel: str


_LIST: Final = Path(__file__).with_name("referrers.json")

_MAIL: Final = {
    "mail.google.com": "Gmail",
    "com.google.android.gm": "Gmail",
    "outlook.live.com": "Outlook.com",
    "outlook.office.com": "Outlook.com",
    "outlook.office365.com": "Outlook.com",
    "mail.yahoo.com": "Yahoo! Mail",
    "mail.proton.me": "Proton Mail",
    "e.mail.ru": "Mail.ru",
    "mail.yandex.ru": "Yandex.Mail",
}
_MAIL_HOST: Final = re.compile(
    r"(?:^|\.)(?:e?mail\d*|webmail\d*|lightmailer[a-z-]*|mailbusiness|messagerie[a-z0-9]*|posta?|correo|3c(?:-[a-z]+)?)\."
    r"|^(?:deref-|mail\d*-|mail\.)|\.mail\.yahoo\."
)
_NEWSLETTERS: Final = frozenset({"email", "e-mail", "newsletter", "mail", "mailchimp", "klaviyo", "sendgrid"})


class _List(NamedTuple):
    hosts: dict[str, Source]
    """By host, one label of which may be `{}`."""
    paths: dict[str, tuple[tuple[str, Source], ...]]
    """By host: first segments of a path, and what they are."""
    names: dict[str, Source]
    """By name in lower case."""


@lru_cache(maxsize=16_384)
def source_of(host: str, path: str = "/") -> Source:
    """Return the source of a referrer's host (lower case) and path; an unlisted host stands for itself."""
    listed = _listed()
    plain = host.removeprefix("www.")
    mail = _MAIL.get(plain)
    if mail is not None:
        return Source(mail, "email")
    for candidate in (host, plain):
        for form in _forms(candidate):
            for start, source in listed.paths.get(form, ()):
                if path.startswith(start):
                    return source
            found = listed.hosts.get(form)
            if found is not None:
                return found
    if _MAIL_HOST.search(plain):
        return Source(plain, "email")
    for parent in _parents(plain):
        found = listed.hosts.get(parent)
        if found is not None and found.channel != "search":
            return found
    return Source(plain, "referral")


@lru_cache(maxsize=1024)
def channel_of_name(name: str) -> str:
    """Return the channel of a campaign's source, by its name or host; referral for an unknown one."""
    word = name.lower()
    if word in _NEWSLETTERS:
        return "email"
    found = _listed().names.get(word)
    return found.channel if found is not None else source_of(word).channel


def _forms(host: str) -> Iterator[str]:
    """Yield the host, then the host with its ending, then with each label, open."""
    yield host
    labels = host.split(".")
    for ending in (1, 2):
        if len(labels) > ending:
            yield ".".join([*labels[:-ending], "{}"])
    for place in range(len(labels) - 1):
        yield ".".join([*labels[:place], "{}", *labels[place + 1 :]])


def _parents(host: str) -> Iterator[str]:
    while "." in host:
        host = host.partition(".")[2]
        yield host


@lru_cache(maxsize=1)
def _listed() -> _List:
    hosts: dict[str, Source] = {}
    paths: dict[str, tuple[tuple[str, Source], ...]] = {}
    names: dict[str, Source] = {}
    for channel, groups in json.loads(_LIST.read_text(encoding="utf-8"))["channels"].items():
        for name, addresses in groups.items():
            source = Source(name, channel)
            names.setdefault(name.lower(), source)
            for address in addresses:
                host, slash, path = address.partition("/")
                if slash:
                    paths[host] = (*paths.get(host, ()), (slash + path, source))
                else:
                    hosts.setdefault(host, source)
    return _List(hosts, paths, names)
