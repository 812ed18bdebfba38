"""A small asynchronous client of the local MiniStack. It checks no signatures, so requests only name their service."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Mapping

REGION: Final = "us-east-1"
ACCOUNT: Final = "000000000000"


class CloudError(RuntimeError):
    """Raised when MiniStack refuses a call; `code` is AWS's own word for why."""

    def __init__(self, call: str, status: int, body: bytes) -> None:
        try:
            said = json.loads(body)
            self.code = str(said.get("__type") or said.get("code") or status).rsplit("#", 1)[-1]
        except (ValueError, AttributeError):
            self.code = str(status)
        super().__init__(f"{call} failed ({self.code}): {body[:300].decode(errors='replace')}")


AWAY: Final = (CloudError, aiohttp.ClientError, TimeoutError)
"""What a call raises that MiniStack refused, or was not there to answer."""
AWAY_SECONDS: Final = 0.5
"""How long to wait then before it is asked again."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """What became of an invocation: `error` is set when the function failed or timed out."""

    payload: Any
    error: bool = False
    throttled: bool = False


class Cloud:
    """Calls to one MiniStack over kept-alive connections."""

    def __init__(self, session: aiohttp.ClientSession, endpoint: str) -> None:
        self._session = session
        self.endpoint = endpoint.rstrip("/")

    async def kinesis(self, call: str, **arguments: object) -> dict[str, Any]:
        """Call Kinesis. Raises CloudError."""
        headers = {**signed_for("kinesis"), "x-amz-target": f"Kinesis_20131202.{call}"}
        return await self._json("POST", "/", headers, json.dumps(arguments).encode(), f"kinesis {call}")

    async def get(self, service: str, path: str) -> dict[str, Any]:
        """Read a resource of a service with a REST interface. Raises CloudError."""
        return await self._json("GET", path, signed_for(service), None, f"{service} {path}")

    async def put_object(self, bucket: str, key: str, body: bytes) -> None:
        """Write an object to S3. Raises CloudError."""
        async with self._session.put(f"{self.endpoint}/{bucket}/{key}", data=body, headers=signed_for("s3")) as answer:
            if answer.status >= 400:  # noqa: PLR2004
                raise CloudError(f"s3 put {bucket}/{key}", answer.status, await answer.read())

    async def invoke(self, function: str, event: Mapping[str, Any], seconds: float = 900.0) -> Invocation:
        """Invoke a function and wait for its answer. Raises CloudError when it could not be invoked at all."""
        path = f"{self.endpoint}/2015-03-31/functions/{function}/invocations"
        async with self._session.post(
            path,
            data=json.dumps(event, separators=(",", ":")).encode(),
            headers=signed_for("lambda"),
            timeout=aiohttp.ClientTimeout(total=seconds),
        ) as answer:
            body = await answer.read()
            if answer.status == 429:  # noqa: PLR2004
                return Invocation(None, throttled=True)
            if answer.status != 200:  # noqa: PLR2004
                raise CloudError(f"invoke {function}", answer.status, body)
            return Invocation(json.loads(body or b"null"), error="X-Amz-Function-Error" in answer.headers)

    async def _json(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None, call: str
    ) -> dict[str, Any]:
        async with self._session.request(method, self.endpoint + path, data=body, headers=headers) as answer:
            said = await answer.read()
            if answer.status >= 400:  # noqa: PLR2004
                raise CloudError(call, answer.status, said)
            found: dict[str, Any] = json.loads(said or b"{}")
            return found


def signed_for(name: str) -> dict[str, str]:
    """Return headers that name a service the way a signature does."""
    scope = f"test/20260101/{REGION}/{name}/aws4_request"
    return {
        "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        "content-type": "application/x-amz-json-1.1",
    }
