"""Webhooks of media servers: a body of Jellyfin, Plex or Emby becomes calls about a session.

`forms` reads a body, `jellyfin`, `plex` and `emby` say what it means (pure: a body in, a `Played` out, None for what is no playback),
`following` finds the session and makes the calls, `receiving` is the way of a request and of a letter that is replayed.
"""
