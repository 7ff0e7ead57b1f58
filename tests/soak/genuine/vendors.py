# It runs in the vendors' environment, whose libraries are not in ours.
# mypy: ignore-errors
"""Sends events as Stripe and Svix do, signed by their own libraries; knows nothing of the harness.

Reads lines of JSON ``{vendor, port, secret, event}`` from stdin, sends ``event`` once under an id of its own, as it
happens now, and answers each line with the status.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
import socket
import string
import sys
import time
from typing import Any

Fields = list[tuple[str, str | None]]
Made = tuple[Fields, bytes]

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def stripe(event: dict[str, Any], secret: str) -> Made:
    from stripe import WebhookSignature

    event = {**event, "id": "evt_" + "".join(secrets.choice(BASE62) for _ in range(24)), "created": int(time.time())}
    body = json.dumps(event, indent=2)
    headers = [
        ("Host", None),
        ("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)"),
        ("Content-Length", str(len(body.encode()))),
        ("Accept", "*/*; q=0.5, application/xml"),
        ("Cache-Control", "no-cache"),
        ("Content-Type", "application/json; charset=utf-8"),
        ("Stripe-Signature", WebhookSignature.generate_signature_header(body, secret)),
    ]
    return headers, body.encode()


def svix(event: dict[str, Any], secret: str) -> Made:
    from svix.webhooks import Webhook

    now = dt.datetime.now(dt.UTC)
    event = {**event, "timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z")}
    body = json.dumps(event, separators=(",", ":"))
    message = "msg_" + ksuid(now)
    headers = [
        ("user-agent", "Svix-Webhooks/1.71.0"),
        ("content-type", "application/json"),
        ("accept", "*/*"),
        ("svix-id", message),
        ("svix-timestamp", str(int(now.timestamp()))),
        ("svix-signature", Webhook(secret).sign(message, now, body)),
        ("host", None),
        ("content-length", str(len(body.encode()))),
    ]
    return headers, body.encode()


def ksuid(now: dt.datetime) -> str:
    """github.com/segmentio/ksuid: four bytes of time since 14 May 2014, 16 random ones, in base 62."""
    value = int.from_bytes((int(now.timestamp()) - 1_400_000_000).to_bytes(4, "big") + secrets.token_bytes(16), "big")
    text = ""
    while len(text) < 27:
        value, digit = divmod(value, 62)
        text = BASE62[digit] + text
    return text


def send(port: int, headers: Fields, body: bytes) -> str:
    head = "POST /hook HTTP/1.1\r\n" + "".join(f"{k}: {v or f'127.0.0.1:{port}'}\r\n" for k, v in headers) + "\r\n"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head.encode() + body)
        return connection.recv(4096).split()[1].decode()


for line in sys.stdin:
    asked = json.loads(line)
    made = globals()[asked["vendor"]](asked["event"], asked["secret"])
    sys.stdout.write(send(asked["port"], *made) + "\n")
    sys.stdout.flush()
