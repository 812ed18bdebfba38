"""A small OpenID Connect provider on 127.0.0.1: sign-in page, authorization code with PKCE, refresh tokens that rotate, end of session."""

from __future__ import annotations

import base64
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4

from tests.support.issuer import FakeIssuer

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENT = "dashboard"


@dataclass
class Provider:
    """Who may sign in (name → grants), and what was asked; `lasts` is how many seconds a token is good."""

    name: str
    users: dict[str, list[str]] = field(default_factory=dict)
    lasts: int = 600
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.issuer = FakeIssuer(self.name)
        self._codes: dict[str, tuple[str, dict[str, str]]] = {}
        self._refresh: dict[str, str] = {}

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a stage whose issuer this is."""
        known = {"JWT_ISSUER": self.name, "JWT_AUDIENCE": CLIENT, "JWT_CLIENT_ID": CLIENT}
        return {**known, "JWT_CLAIM": "grants", "JWT_SCOPES": "openid offline_access"}

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.name,
            "authorization_endpoint": f"{self.name}/authorize",
            "token_endpoint": f"{self.name}/token",
            "end_session_endpoint": f"{self.name}/end",
            "jwks_uri": f"{self.name}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def sign_in(self, asked: dict[str, str], user: str) -> str:
        """Return where the browser goes on after `user` has signed in."""
        assert asked["client_id"] == CLIENT
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        said = {"state": asked["state"]}
        if user not in self.users:
            return f"{asked['redirect_uri']}?{urlencode({**said, 'error': 'access_denied'})}"
        code = uuid4().hex
        self._codes[code] = (user, asked)
        return f"{asked['redirect_uri']}?{urlencode({**said, 'code': code})}"

    def tokens(self, asked: dict[str, str]) -> dict[str, Any] | None:
        """Return tokens for a code or a refresh token, each good once; None when it is refused."""
        if asked["grant_type"] == "refresh_token":
            user = self._refresh.pop(asked["refresh_token"], None)
            return None if user is None else self._tokens(user, None)
        user, began = self._codes.pop(asked["code"], ("", {}))
        made = base64.urlsafe_b64encode(sha256(asked["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if made != began.get("code_challenge") or asked["redirect_uri"] != began["redirect_uri"]:
            return None
        return self._tokens(user, began["nonce"])

    def revoke(self) -> None:
        """Forget all refresh tokens."""
        self._refresh.clear()

    def _tokens(self, user: str, nonce: str | None) -> dict[str, Any]:
        claims = self.issuer.claims()
        told = {
            "sub": user,
            "aud": CLIENT,
            "grants": self.users[user],
            "exp": claims["iat"] + self.lasts,
            "nonce": nonce,
        }
        refresh = uuid4().hex
        self._refresh[refresh] = user
        return {
            "access_token": uuid4().hex,
            "token_type": "Bearer",
            "expires_in": self.lasts,
            "id_token": self.issuer.token(**told),
            "refresh_token": refresh,
        }


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        asked = dict(parse_qsl(place.query))
        self.provider.asked.append((place.path, asked))
        match place.path:
            case "/.well-known/openid-configuration":
                self._json(200, self.provider.discovery())
            case "/jwks":
                self._json(200, {"keys": self.provider.issuer.keys})
            case "/authorize":
                buttons = "".join(
                    f"<button name=user value='{name}'>{name}</button>" for name in [*self.provider.users, "nobody"]
                )
                self._send(200, "text/html", f"<title>Issuer</title><form method=post>{buttons}</form>".encode())
            case "/favicon.ico":
                self._send(204, "image/x-icon", b"")
            case "/end":
                self._go(asked["post_logout_redirect_uri"])
            case _:
                self._json(404, {})

    def do_POST(self) -> None:
        place = urlsplit(self.path)
        body = dict(parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode()))
        self.provider.asked.append((place.path, body))
        if place.path == "/authorize":
            self._go(self.provider.sign_in(dict(parse_qsl(place.query)), body["user"]))
            return
        made = self.provider.tokens(body)
        self._json(*((200, made) if made else (400, {"error": "invalid_grant"})))

    def do_OPTIONS(self) -> None:
        self._send(204, "text/plain", b"")

    def _go(self, where: str) -> None:
        self.send_response(303)
        self.send_header("location", where)
        self.send_header("content-length", "0")
        self.end_headers()

    def _json(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(body).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.send_header("access-control-allow-origin", "*")
        self.send_header("access-control-allow-headers", "*")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def provider() -> Iterator[Provider]:
    """Run one on a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    made = Provider(f"http://127.0.0.1:{server.server_port}")
    server.RequestHandlerClass = type("Handler", (_Handler,), {"provider": made})
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
