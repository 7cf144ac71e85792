"""The only service that an invoked function can reach: it knows a few parameters and items and refuses everything else.

Runs inside the function's container, on its loopback interface, with the interpreter's standard library alone. It speaks as
much of the AWS JSON protocol as an answer takes: ``ssm:GetParameter`` and ``dynamodb:GetItem``. To the function every other
call fails as in an outage of that service, which is what the sample events are there to show.

``answers.json`` beside it: ``{"parameters": {name: value}, "items": {table: {key value: item}}}``.
"""

from __future__ import annotations

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PORT = 4566


class Outage(Exception):
    """Say that this call is one of those refused."""


def answer(target: str, request: dict[str, Any], answers: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Return the status and the document for one call."""
    if target == "AmazonSSM.GetParameter":
        name = request["Name"]
        if name not in answers["parameters"]:
            return 400, {"__type": "ParameterNotFound", "message": name}
        value = answers["parameters"][name]
        return 200, {"Parameter": {"Name": name, "Type": "SecureString", "Value": value, "Version": 1}}
    if target == "DynamoDB_20120810.GetItem" and request["TableName"] in answers["items"]:
        (key,) = request["Key"].values()
        item = answers["items"][request["TableName"]].get(key["S"])
        return 200, {} if item is None else {"Item": item}
    raise Outage


class Handler(BaseHTTPRequestHandler):
    """Answers one call."""

    protocol_version = "HTTP/1.1"
    answers: dict[str, Any]

    def do_POST(self) -> None:
        """Answer, or refuse as an AWS service does in an outage."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        try:
            status, document = answer(self.headers.get("x-amz-target", ""), json.loads(body or b"{}"), self.answers)
        except (Outage, ValueError):
            status, document = 503, {"__type": "ServiceUnavailable", "message": "out of reach in sam local invoke"}
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/x-amz-json-1.0")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        """Keep quiet: stdout and stderr are the function's."""


def main() -> None:
    """Listen, and leave the serving to a process of its own once the port is open."""
    Handler.answers = json.loads(Path(__file__).with_name("answers.json").read_text(encoding="utf-8"))
    server = ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
    if os.fork():
        return
    os.setsid()
    quiet = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(quiet, descriptor)
    server.serve_forever()


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)
