"""A local endpoint that acknowledges PutRecords at once, in a process of its own, so that only the caller's CPU is measured."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Acknowledging(BaseHTTPRequestHandler):
    """Answers every record as stored."""

    protocol_version = "HTTP/1.1"
    wbufsize = 65_536

    def do_POST(self) -> None:
        """Answer one PutRecords."""
        body = self.rfile.read(int(self.headers["content-length"]))
        entry = {"SequenceNumber": "49590338271490256608559692538361571095921575989136588898", "ShardId": "shardId-0"}
        records = [entry] * body.count(b'"PartitionKey"')
        answer = json.dumps({"FailedRecordCount": 0, "Records": records}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.1")
        self.send_header("x-amzn-requestid", "c1a6b0b4-3a1b-4d6f-9b1a-000000000000")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        self.wfile.flush()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Acknowledging)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()
