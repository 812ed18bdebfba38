"""What bodies of the three servers mean: small ones of the real shapes, and the published ones where they are at hand."""

import json
import re
from base64 import b64encode
from html import escape
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamgauge.events.reasons import Reason
from streamgauge.ingestion.refusal import RefusedError
from streamgauge.ingestion.webhooks import emby, jellyfin, plex
from streamgauge.ingestion.webhooks.forms import read_body
from streamgauge.ingestion.webhooks.played import SignedIn, address, content_type, identity, moment, resolution, title
from streamgauge.sessions.folding import device_of
from streamgauge_cli import plays

DATA = Path(__file__).parents[5] / "shared" / "data" / "media-server"
TEMPLATE = Path(__file__).parents[4] / "clients" / "jellyfin" / "webhook.handlebars"
DASH = " \N{EN DASH} "

JELLYFIN = {
    "NotificationType": "PlaybackStart",
    "UtcTimestamp": "2026-03-01T12:00:00.1234567Z",
    "Timestamp": "2026-03-01T13:00:00.1234567+01:00",
    "Name": "Pilot",
    "ItemId": "4b92551344f53b560fb55cd670000000",
    "ItemType": "Episode",
    "RunTimeTicks": 27_000_000_000,
    "SeriesName": "Series",
    "SeasonNumber": 1,
    "EpisodeNumber": 2,
    "Video_0_Width": 1920,
    "Video_0_Height": 820,
    "PlaybackPositionTicks": 15_000_000,
    "IsPaused": False,
    "PlayMethod": "Transcode",
    "DeviceId": "tv-1",
    "DeviceName": "Living room",
    "ClientName": "Jellyfin Web",
    "NotificationUsername": "anna",
    "UserId": "9783d2432b0d40a8a716b6aa46000000",
}
PLEX = {
    "event": "media.play",
    "Account": {"id": 31, "title": "anna"},
    "Player": {"local": False, "publicAddress": "203.0.113.5", "title": "Phone", "uuid": "p-1"},
    "Metadata": {
        "librarySectionID": 7,
        "ratingKey": "40294",
        "type": "episode",
        "title": "Senior",
        "grandparentTitle": "Baki",
        "parentIndex": 1,
        "index": 11,
        "duration": 1_500_000,
        "viewOffset": 61_500,
        "Media": [
            {"bitrate": 50_000, "videoResolution": "4k"},
            {"bitrate": 8_000, "videoResolution": "1080", "selected": 1},
        ],
    },
}
EMBY = {
    "Event": "playback.pause",
    "Date": "2026-03-01T12:00:00.8523469Z",
    "User": {"Name": "anna", "Id": "e6a9dd89fd954d689870e7e0e3e72947"},
    "Item": {
        "Name": "Spider",
        "Id": "240270",
        "Type": "Movie",
        "RunTimeTicks": 80_000_000_000,
        "Bitrate": 3_152_840,
        "Width": 3840,
        "Height": 1600,
    },
    "Session": {"RemoteEndPoint": "203.0.113.9:51234", "Client": "Emby Web", "DeviceName": "Edge", "DeviceId": "d-1"},
    "PlaybackInfo": {"PositionTicks": 17_000_000_000},
}


def rendered(**values):
    """Return our template as the plug-in fills it in: two braces write HTML, three write as it is, nothing for what is not there."""

    def filled(found):
        value = str(values.get(found[2], ""))
        return value if found[1] else escape(value, quote=True)

    return re.sub(r"\{\{(\{)?(\w+)\}?\}\}", filled, TEMPLATE.read_text()).encode()


def read_jellyfin(**more):
    return jellyfin.read(JELLYFIN | more)


class TestJellyfin:
    def test_a_start(self):
        found = read_jellyfin()
        assert (found.call, found.user_id) == ("start", "9783d2432b0d40a8a716b6aa46000000")
        item, told = found.item, found.told
        assert (item.content_type, item.content_id) == ("episode", "4b92551344f53b560fb55cd670000000")
        assert item.title == f"Series{DASH}S01E02{DASH}Pilot"
        assert (item.runtime, item.heartbeats, item.source) == (2700.0, False, "jellyfin")
        assert (item.client_name, item.device_name, item.device_id) == ("Jellyfin Web", "Living room", "tv-1")
        assert (told.position, told.paused, told.transcoded, told.resolution) == (1.5, False, True, "1080p")
        assert told.time == 1_772_366_400_123_456

    def test_progress_is_a_heartbeat(self):
        found = read_jellyfin(NotificationType="PlaybackProgress", IsPaused=True)
        assert (found.call, found.told.paused, found.item.heartbeats) == ("beat", True, True)

    def test_a_track_names_its_artist(self):
        found = read_jellyfin(ItemType="Audio", Artist="Nina", Video_0_Width=None, Audio_0_Bitrate=320_000)
        assert (found.item.content_type, found.told.bitrate) == ("track", 320)
        assert found.item.title.startswith(f"Nina{DASH}")

    def test_our_template_says_the_same(self):
        """Templates write everything as text, GUIDs with hyphens, times as the invariant culture does, nothing as nothing."""
        as_written = {
            **JELLYFIN,
            "UserId": "9783d243-2b0d-40a8-a716-b6aa46000000",
            "ItemId": "4b925513-44f5-3b56-0fb5-5cd670000000",
            "UtcTimestamp": "03/01/2026 12:00:00",
            "IsPaused": "False",
        }
        found = jellyfin.read(read_body(rendered(**as_written)))
        assert found.told.time == 1_772_366_400_000_000
        assert (found.user_id, found.item) == (read_jellyfin().user_id, read_jellyfin().item)
        assert (found.told.paused, found.told.position, found.told.resolution) == (False, 1.5, "1080p")

    @pytest.mark.parametrize(
        ("name", "device", "title"),
        [
            ('The "Burbs" & co', "Anna\u2019s TV", 'The "Burbs" & co'),
            ("rock&reggae; &c.", "TV &amp", "rock&reggae; &c."),
            ("AC\\DC\nlive", 'Samsung 55" <Wohnzimmer>', "AC\\DC live"),
        ],
    )
    def test_our_template_keeps_what_json_or_html_would_mind(self, name, device, title):
        """The plug-in escapes quotes in an item's name, and in a device's only when it signs in."""
        item = {"Name": name.replace('"', '\\"'), "DeviceName": device}
        playing = jellyfin.read(read_body(rendered(**JELLYFIN | item | {"DeviceId": "a=+/1"})))
        assert playing.item.title.endswith(f"{DASH}{title}")
        assert (playing.item.device_name, playing.item.device_id) == (device, "a=+/1")
        place = {"NotificationType": "SessionStart", "Client": "Jellyfin Web", "RemoteEndPoint": "203.0.113.5"}
        named = {"DeviceId": "", "DeviceName": device.replace('"', '\\"')}
        found = jellyfin.read(read_body(rendered(**JELLYFIN | place | named)))
        assert found.device == device_of(msgspec.structs.replace(playing.item, device_id=None), "")

    def test_two_browsers_of_one_kind_are_two_devices_however_long_their_ids(self):
        """Jellyfin's page makes the id of a browser from its agent's text and the time at which it was first opened."""
        agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) EdgiOS/125.0 Mobile"
        ids = [b64encode(f"{agent * 2}|{time}".encode()).decode() for time in (1_754_131_664_163, 1_754_131_664_164)]
        found = {read_jellyfin(DeviceId=one).item.device_id for one in ids}
        assert len(found) == 2
        assert found == {plays.device(one) for one in ids}

    def test_what_was_played_to_its_end_is_there_also_without_a_position(self):
        """Jellyfin says 0 for a position that the player did not tell."""
        stop = {"NotificationType": "PlaybackStop", "PlaybackPositionTicks": 0}
        assert read_jellyfin(**stop, PlayedToCompletion="True").told.position == 2700.0
        assert read_jellyfin(**stop, PlayedToCompletion=False).told.position == 0
        assert (
            read_jellyfin(**stop | {"PlaybackPositionTicks": 26_000_000_000}, PlayedToCompletion=True).told.position
            == 2600.0
        )

    @pytest.mark.parametrize("kind", ["AuthenticationSuccess", "SessionStart"])
    def test_a_device_that_signs_in_says_where_it_is(self, kind):
        body = {name: JELLYFIN[name] for name in ("UserId", "DeviceId", "DeviceName")} | {"Client": "Jellyfin Web"}
        found = jellyfin.read({**body, "NotificationType": kind, "RemoteEndPoint": "203.0.113.5:8096"})
        playing = read_jellyfin()
        assert found == SignedIn(user_id=playing.user_id, device=device_of(playing.item, ""), address="203.0.113.5")
        assert jellyfin.read({**body, "NotificationType": kind}) is None

    @pytest.mark.parametrize("kind", ["UserDataSaved", "ItemAdded", "AuthenticationSuccess", "SessionStart"])
    def test_other_notifications_are_ignored(self, kind):
        assert jellyfin.read({"NotificationType": kind}) is None

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            ({}, Reason.UNKNOWN_KIND),
            ({"NotificationType": "Party"}, Reason.UNKNOWN_KIND),
            (JELLYFIN | {"ItemId": ""}, Reason.INVALID),
            (JELLYFIN | {"UserId": None, "NotificationUsername": ""}, Reason.INVALID),
        ],
    )
    def test_what_is_not_understood_is_refused(self, body, reason):
        with pytest.raises(RefusedError) as error:
            jellyfin.read(body)
        assert error.value.reason is reason


class TestPlex:
    def test_a_play(self):
        found = plex.read(PLEX)
        assert (found.call, found.user_id, found.told.paused, found.told.time) == ("start", "31", False, None)
        assert found.item.title == f"Baki{DASH}S01E11{DASH}Senior"
        assert (found.item.content_id, found.item.library_id, found.item.runtime) == ("40294", "7", 1500.0)
        assert (found.item.device_id, found.item.device_name, found.item.heartbeats) == ("p-1", "Phone", False)
        assert (found.told.address, found.told.position) == ("203.0.113.5", 61.5)
        assert (found.told.bitrate, found.told.resolution) == (8000, "1080p")

    @pytest.mark.parametrize(
        ("event", "call", "paused"),
        [("media.pause", "beat", True), ("media.resume", "beat", False), ("media.stop", "stop", None)],
    )
    def test_events(self, event, call, paused):
        found = plex.read(PLEX | {"event": event})
        assert (found.call, found.told.paused) == (call, paused)

    def test_a_scrobble_is_at_nine_tenths(self):
        without = {name: value for name, value in PLEX["Metadata"].items() if name != "viewOffset"}
        found = plex.read(PLEX | {"event": "media.scrobble", "Metadata": without})
        assert (found.call, found.over, found.told.position) == ("beat", True, 1350.0)

    @pytest.mark.parametrize("event", ["library.new", "media.rate", "device.new", "admin.database.backup"])
    def test_other_events_are_ignored(self, event):
        assert plex.read({"event": event}) is None


class TestEmby:
    def test_a_pause(self):
        found = emby.read(EMBY)
        assert (found.call, found.told.paused, found.told.position) == ("beat", True, 1700.0)
        assert (found.told.address, found.told.bitrate, found.told.resolution) == ("203.0.113.9", 3153, "2160p")
        assert (found.item.content_type, found.item.runtime, found.item.client_name) == ("movie", 8000.0, "Emby Web")

    def test_transcoding_says_its_own_bitrate(self):
        session = EMBY["Session"] | {"TranscodingInfo": {"Bitrate": 1_500_000, "Width": 1280, "Height": 720}}
        found = emby.read(EMBY | {"Session": session})
        assert (found.told.transcoded, found.told.bitrate, found.told.resolution) == (True, 1500, "720p")

    def test_what_the_playing_does_not_say_its_session_may(self):
        session = EMBY["Session"] | {"PlayState": {"PositionTicks": 50_000_000, "IsPaused": True}}
        said = EMBY | {"Event": "Playback.Progress", "Session": session}
        silent = emby.read(said | {"PlaybackInfo": {"PositionTicks": None, "IsPaused": None}})
        assert (silent.call, silent.told.position, silent.told.paused) == ("beat", 5.0, True)
        speaking = emby.read(said | {"PlaybackInfo": {"PositionTicks": 0, "IsPaused": False}})
        assert (speaking.told.position, speaking.told.paused) == (0.0, False)

    def test_what_was_played_to_its_end_is_there_whatever_the_session_plays_next(self):
        session = EMBY["Session"] | {"PlayState": {"PositionTicks": 0}}
        found = emby.read(
            EMBY | {"Event": "playback.stop", "Session": session, "PlaybackInfo": {"PlayedToCompletion": True}}
        )
        assert found.told.position == 8000.0

    def test_other_events_are_ignored_and_new_playing_ones_are_not(self):
        assert emby.read({"Event": "library.new"}) is None
        with pytest.raises(RefusedError):
            emby.read({"Event": "playback.dance"})


class TestForms:
    def test_a_form_in_parts_with_a_picture(self):
        parts = (
            b'--x"y\r\nContent-Disposition: form-data; name="thumb"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
            b'\xff\xd8\x00\r\n--x"y\r\n'
            b'Content-Disposition: form-data; name="payload"\r\nContent-Type: application/json\r\n\r\n{"event":"\xc3\xa9"}\r\n--x"y--\r\n'
        )
        assert read_body(parts.replace(b'x"y', b"xy")) == {"event": "é"}

    def test_a_form_with_one_field(self):
        assert read_body(b"data=%7B%22Event%22%3A%22a+b%22%7D") == {"Event": "a b"}

    @pytest.mark.parametrize("body", [b"", b"hello", b"data=", b"--x\r\n", b"[1]", b'{"a":', b"\xff\xfe", b"[" * 5000])
    def test_anything_else_is_refused(self, body):
        with pytest.raises(RefusedError):
            read_body(body)

    @given(st.binary(max_size=300))
    def test_any_bytes_are_read_or_refused(self, body):
        for wrapped in (body, b"--b\r\n" + body, b"data=" + body):
            try:
                assert isinstance(read_body(wrapped), dict)
            except RefusedError:
                continue


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(("read", "body"), [(jellyfin.read, JELLYFIN), (plex.read, PLEX), (emby.read, EMBY)])
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_values_are_read_or_refused(read, body, data):
    changed = dict(body)
    for name in data.draw(st.sets(st.sampled_from(sorted(body)), max_size=3)):
        value = changed[name]
        changed[name] = data.draw(JSON)
        if isinstance(value, dict) and data.draw(st.booleans()):
            changed[name] = value | {data.draw(st.sampled_from(sorted(value))): data.draw(JSON)}
    try:
        read(changed)
    except RefusedError:
        return


class TestFields:
    def test_titles(self):
        assert title("Film", None, None, None) == "Film"
        assert title(None, "Series", None, 3) == f"Series{DASH}E03"
        assert title(None, None, None, None) is None

    def test_sizes(self):
        sizes = [
            (1920, 820),
            (1440, 1080),
            (720, 576),
            (3840, 1600),
            (1928, 1088),
            (None, 480),
            (None, None),
            (9999, 1),
        ]
        assert [resolution(*size) for size in sizes] == [
            "1080p", "1080p", "576p", "2160p", "1080p", "480p", None, None,
        ]  # fmt: skip

    def test_addresses(self):
        given = ["1.2.3.4", "1.2.3.4:80", "[2001:db8::1]:443", "2001:db8::1", "::ffff:1.2.3.4", "xx.xx.xx.xx", None]
        assert [address(one) for one in given] == [
            "1.2.3.4", "1.2.3.4", "2001:db8::1", "2001:db8::1", "1.2.3.4", None, None,
        ]  # fmt: skip

    def test_others(self):
        assert content_type("MusicVideo") == "music_video"
        assert content_type(None) == "unknown"
        assert identity("9783D243-2B0D-40A8-A716-B6AA46000000") == "9783d2432b0d40a8a716b6aa46000000"
        assert moment("yesterday") is None


@pytest.mark.skipif(not DATA.is_dir(), reason="the published bodies are not beside this checkout")
class TestPublishedBodies:
    @pytest.mark.parametrize(
        ("read", "file", "call", "user", "content"),
        [
            (jellyfin.read, "jellyfin_webhook_real_bodies", "start", "9783d2432b0d40a8a716b6aa46xxxxx", "4b92551344f53b560fb55cd6700xxxxx"),
            (plex.read, "plex_webhook_real_bodies", "beat", "31646104", "40294"),
            (plex.read, "plex_webhook_payloads", "start", "1", "1936545"),
            (emby.read, "emby_webhook_real_bodies", "stop", "e6a9dd89fd954d689870e7e0e3e72947", "240270"),
        ],
    )  # fmt: skip
    def test_play(self, read, file, call, user, content):
        body = json.loads((DATA / f"{file}.json").read_text())["payloads"][0]
        found = read(body.get("payload", body))
        assert (found.call, found.user_id, found.item.content_id) == (call, user, content)
        assert found.item.title

    @pytest.mark.parametrize(
        ("kind", "address"),
        [("AuthenticationSuccess", "127.0.0.1"), ("SessionStart", "192.168.1.34"), ("UserDataSaved", None)],
    )
    def test_other(self, kind, address):
        found = jellyfin.read(json.loads((DATA / f"jellyfin_webhook_{kind}.json").read_text()))
        assert (None if found is None else found.address) == address
