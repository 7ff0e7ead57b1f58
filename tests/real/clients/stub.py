"""A provider in the shapes of several vendors, for their SDKs: ``python stub.py PORT``, and the key in STUB_KEY."""

from __future__ import annotations

import itertools
import json
import os
import re
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = os.environ["STUB_KEY"]
STORED: dict[str, Any] = {}
NUMBERS = itertools.count(1)

Values = dict[str, Any]


def _stored(path: str, value: Values) -> Values:
    STORED[path] = value
    return value


def customer(values: Values) -> Values:
    """Stripe's, of which a form has the values."""
    number = f"cus_{next(NUMBERS)}"
    return _stored(f"/v1/customers/{number}", {"id": number, "object": "customer", "email": values["email"]})


def payment(values: Values) -> Values:
    """Stripe's."""
    number = f"pi_{next(NUMBERS)}"
    made = {"id": number, "object": "payment_intent", "amount": int(values["amount"]), "currency": "eur"}
    return _stored(f"/v1/payment_intents/{number}", made)


def issue(values: Values) -> Values:
    """GitHub's."""
    number = next(NUMBERS)
    made = {"id": number, "number": number, "title": values["title"], "state": "open"}
    return _stored(f"/repos/acme/shop/issues/{number}", made)


def message(values: Values) -> Values:
    """Slack's."""
    at = f"1700000000.{next(NUMBERS):06}"
    return {"ok": True, "channel": values["channel"], "ts": at, "message": {"text": values["text"], "ts": at}}


def completion(values: Values) -> Values:
    """OpenAI's."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Four."}}
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    head = {"id": f"chatcmpl-{next(NUMBERS)}", "object": "chat.completion", "created": 1700000000}
    return {**head, "model": values["model"], "choices": [choice], "usage": usage}


CREATED: dict[str, tuple[int, Callable[[Values], Values]]] = {
    "/v1/customers": (200, customer),
    "/v1/payment_intents": (200, payment),
    "/repos/acme/shop/issues": (201, issue),
    "/api/chat.postMessage": (200, message),
    "/v1/chat/completions": (200, completion),
}
LISTED = {
    "/repos/acme/shop/labels": [{"id": 1, "name": "bug", "color": "d73a4a"}],
    "/api/conversations.list": {"ok": True, "channels": [{"id": "C024BE91L", "name": "general"}]},
    "/v1/models": {
        "object": "list",
        "data": [{"id": "gpt-4o", "object": "model", "created": 1700000000, "owned_by": "system"}],
    },
}


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Return what is stored or listed, or an object of a bucket."""
        self._body()
        path = urlsplit(self.path).path
        found = LISTED.get(path) or STORED.get(path)
        if path == "/healthz":
            self._send(200, {})
        elif isinstance(found, bytes):
            self._send_bytes(200, found, "application/octet-stream")
        else:
            self._send(200 if found else 404, found or {"message": "Not Found"})

    def do_POST(self) -> None:
        """Create something, or list it: Slack's SDK reads with POST."""
        path, body = urlsplit(self.path).path, self._body()
        if path in LISTED:
            self._send(200, LISTED[path])
            return
        status, make = CREATED.get(path, (404, dict))
        is_json = "json" in self.headers.get("content-type", "")
        values = json.loads(body) if is_json else {k: v[0] for k, v in parse_qs(body.decode()).items()}
        self._send(status, make(values) if status != 404 else {"message": "Not Found"})

    def do_PUT(self) -> None:
        """Store an object of a bucket."""
        body = self._body()
        if "aws-chunked" in self.headers.get("content-encoding", ""):
            body = re.split(rb"\r\n", body)[1]
        STORED[self.path.partition("?")[0]] = body
        self._send_bytes(200, b"", "application/xml")

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def _send(self, status: int, value: Any) -> None:
        if KEY not in self.headers.get("authorization", "") and self.path != "/healthz":
            status, value = 401, {"message": "Bad credentials", "ok": False, "error": "invalid_auth"}
        self._send_bytes(status, json.dumps(value).encode(), "application/json")

    def _send_bytes(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Print nothing: the credential may be in it."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
