"""moto as a server of this process whose requests come one at a time, with the faults that moto itself does not know."""

from __future__ import annotations

import json
import logging
import random
import threading
import warnings
from collections import Counter
from typing import TYPE_CHECKING, Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from moto.moto_api._internal import moto_api_backend
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

REGION = "us-east-1"
BUCKET = "archive"
TABLES = {"COUNTERS_TABLE": "counters", "STATUS_TABLE": "status", "DEAD_LETTERS_TABLE": "dead-letters"}


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: object, **__: object) -> None:
        """Say nothing."""


class FaultyAws:
    """DynamoDB and S3. `throttled` is the share of DynamoDB calls refused; `away` names services that do not answer."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.throttled = 0.0
        self.away: set[str] = set()
        self.calls: Counter[str] = Counter()
        self.refused = 0
        self._chance = random.Random(1)
        self._one_at_a_time = threading.Lock()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def environment(self) -> dict[str, str]:
        """Return what functions read."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "ARCHIVE_BUCKET": BUCKET,
            **TABLES,
        }

    def reset(self) -> None:
        """Begin anew: healthy, with empty tables and an empty bucket."""
        import boto3

        self.heal()
        self.calls.clear()
        self.refused = 0
        moto_api_backend.reset()
        session = boto3.Session("testing", "testing", region_name=REGION)
        dynamodb: Any = session.client("dynamodb", endpoint_url=self.url)
        for table in TABLES.values():
            keys = ("pk", "HASH"), ("sk", "RANGE")
            dynamodb.create_table(
                TableName=table,
                KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
                BillingMode="PAY_PER_REQUEST",
            )
        s3: Any = session.client("s3", endpoint_url=self.url)
        s3.create_bucket(Bucket=BUCKET)
        for client in (dynamodb, s3):
            client.close()

    def heal(self) -> None:
        """Answer everything again."""
        self.throttled = 0.0
        self.away = set()

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        service = "dynamodb" if target.startswith("DynamoDB") else "s3"
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        with self._one_at_a_time:
            self.calls[target or service] += 1
            throttled = service == "dynamodb" and self._chance.random() < self.throttled
            if throttled or service in self.away:
                self.refused += 1
                name = "ProvisionedThroughputExceededException" if throttled else "ServiceUnavailable"
                answer = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{name}"}).encode()
                head = [("content-type", "application/x-amz-json-1.0"), ("content-length", str(len(answer)))]
                start_response("400 Bad Request" if throttled else "503 Service Unavailable", head)
                return [answer]
            from io import BytesIO

            return list(self._moto({**environ, "wsgi.input": BytesIO(body)}, start_response))
