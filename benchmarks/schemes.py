"""The scheme finder: every scheme of the table, and HMAC templates drawn by a printed seed, signed by code of its own.

An answer is right if the section that it prints signs another delivery as the sender does. ``--seed N`` repeats a draw.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import string
import sys
import time
import tomllib
from typing import NamedTuple

from _table import Row, show

from harness.http.message import Request, header
from harness.model import SecretRef
from harness.model.config import Signature
from harness.webhooks.discovery.scheme_finder import SchemeSearch, find_scheme
from harness.webhooks.events import EventFormat
from harness.webhooks.schemes import SCHEMES, Scheme, scheme_for

TEMPLATES = 60
REFERENCE = "env:WEBHOOK_SECRET"
HOST = "hooks.example.com"
SEPARATORS = (".", ":", "", "|", "\n", "-", ",", "_", "&", "/")
PREFIXES = ("", "sha256=", "v1=", "v1,", "v0=", "hmac ", "sig:")
STAMPED = ("t={timestamp},v1=", "t={timestamp}, v1=", "ts={timestamp};h1=", "timestamp={timestamp},signature=")
MAILGUN = b'{"event-data":{"id":"Ase7i2zsRY","event":"opened"},"signature":{"token":"","timestamp":"","signature":""}}'
ADYEN = (
    b'{"notificationItems":[{"NotificationRequestItem":{"pspReference":"QFQTPCQ8HXSKGK82","merchantAccountCode":"Shop",'
    b'"merchantReference":"r-1","amount":{"value":100,"currency":"EUR"},"eventCode":"AUTHORISATION","success":"true"}}]}'
)
BODIES = {"mailgun": MAILGUN, "adyen-payments": ADYEN}


class Sender(NamedTuple):
    """How a provider that nobody knows signs."""

    order: tuple[str, ...]
    separators: tuple[str, ...]
    label: str
    prefix: str
    header: str
    stamp_header: str
    milliseconds: bool
    id_header: str
    id_key: str
    digest: str
    encoding: str
    form: str
    key: bytes

    @classmethod
    def drawn(cls, chance: random.Random) -> Sender:
        """Return any sender."""
        further = [name for name in ("timestamp", "id", "url", "method") if chance.random() < 0.4]
        order = ["body", *further]
        chance.shuffle(order)
        stamped_within = "timestamp" in order and chance.random() < 0.4
        prefix = chance.choice(STAMPED if stamped_within else PREFIXES)
        label = "v0" if prefix == "v0=" and chance.random() < 0.5 else ""
        gaps = len(order) - 1 + bool(label)
        mixed = gaps == 2 and chance.random() < 0.5
        separators = chance.choices(SEPARATORS, k=gaps) if mixed else [chance.choice(SEPARATORS)] * gaps
        name = "".join(chance.choices(string.ascii_lowercase, k=6))
        return cls(
            order=tuple(order),
            separators=tuple(separators),
            label=label,
            prefix=prefix,
            header=f"x-{name}-signature",
            stamp_header="" if stamped_within or "timestamp" not in order else f"x-{name}-timestamp",
            milliseconds=chance.random() < 0.3,
            id_header=f"x-{name}-id" if chance.random() < 0.6 else "",
            id_key=chance.choice(("id", "event_id", "data.id")),
            digest=chance.choice(("sha1", "sha256", "sha256", "sha512")),
            encoding=chance.choice(("hex", "base64")),
            form=chance.choice(("text", "text", "base64", "hex", "whsec")),
            key=chance.randbytes(32),
        )

    def secret(self) -> str:
        """Return the secret as the provider shows it."""
        encoded = base64.b64encode(self.key).decode()
        return {"text": f"shh{self.key.hex()}", "base64": encoded, "hex": self.key.hex(), "whsec": f"whsec_{encoded}"}[
            self.form
        ]

    def delivery(self, number: int) -> Request:
        """Return a delivery with values of its own."""
        stamp = 1_700_000_000 + 7 * number
        text = str(stamp * 1000 + 123 if self.milliseconds else stamp)
        event_id = f"evt_{hashlib.sha256(bytes([number])).hexdigest()[:20]}"
        document: dict[str, object] = {"type": "order.created", "amount": 1099 + number}
        outer, _, inner = self.id_key.partition(".")
        if not self.id_header:
            document[outer] = {inner: event_id} if inner else event_id
        target = f"/in?try={number}"
        body = json.dumps(document).encode()
        values = {"body": body, "timestamp": text, "id": event_id, "url": f"https://{HOST}{target}", "method": "POST"}
        parts = [self.label] * bool(self.label) + [values[name] for name in self.order]
        message = b""
        for part, separator in zip(parts, (*self.separators, ""), strict=True):
            message += (part if isinstance(part, bytes) else str(part).encode()) + separator.encode()
        signed = hmac.digest(self.key if self.form != "text" else self.secret().encode(), message, self.digest)
        written = signed.hex() if self.encoding == "hex" else base64.b64encode(signed).decode()
        headers = [("Host", HOST), ("X-Forwarded-Proto", "https"), ("Content-Type", "application/json")]
        headers += [(self.header.title(), self.prefix.replace("{timestamp}", text) + written)]
        headers += [(self.stamp_header, text)] if self.stamp_header else []
        headers += [(self.id_header, event_id)] if self.id_header else []
        return Request(method="POST", url=target, headers=tuple(headers), body=body)

    def signs_as(self, section: str) -> bool:
        """Whether a section of harness.toml signs the next delivery as this sender does."""
        table = tomllib.loads(section)["receiver"]
        scheme = scheme_for(Signature(**{**table["signature"], "secret": SecretRef(REFERENCE)}))
        sent = self.delivery(2)
        lower = tuple((name.lower(), value) for name, value in sent.headers)
        event = EventFormat(scheme=scheme, id_key=table.get("event_id")).received(lower, sent.body)
        stamp = 1_700_000_000 + 14
        written = scheme.sign(
            sent.body,
            secret=self.secret(),
            timestamp=str(stamp * 1000 + 123) if self.milliseconds else stamp,
            event_id=event.id,
            url=f"https://{HOST}{sent.url}",
            method="POST",
        )
        return all(header(sent.headers, name) == value for name, value in written)


def main() -> None:
    """Ask for each, and print what was found, how fast, and what was wrong."""
    seed = (
        int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else random.SystemRandom().randrange(2**32)
    )
    chance = random.Random(seed)
    times: list[float] = []
    rows = [scheme for scheme in SCHEMES if scheme.authenticates]
    named = sum(_timed(times, [_of_scheme(s, key)], key).found[0].scheme == s.name for s, key in _keyed(rows))
    found = ambiguous = wrong = 0
    for _ in range(TEMPLATES):
        sender = Sender.drawn(chance)
        search = _timed(times, [sender.delivery(1)], sender.secret())
        right = [sender.signs_as(each.section(REFERENCE)) for each in search.found]
        if len(right) > 1 and any(right):
            ambiguous += 1
        elif right == [True]:
            found += 1
        else:
            wrong += 1
            print(f"not right: {sender._replace(key=b'')}: {search}", file=sys.stderr)
    show(
        f"Scheme finder: {len(rows)} schemes, and {TEMPLATES} templates drawn by seed {seed}",
        [
            Row(work="schemes of the table found", value=named, unit="schemes", bar=f">= {len(rows)}"),
            Row(work="templates found", value=found, unit="templates"),
            Row(work="templates declared ambiguous, with what decides", value=ambiguous, unit="templates"),
            Row(work="templates missed or wrong", value=wrong, unit="templates", bar="<= 0"),
            Row(work="the slowest search", value=max(times), unit="s", bar="<= 2"),
        ],
    )


def _keyed(schemes: list[Scheme]) -> list[tuple[Scheme, str]]:
    return [(scheme, scheme.new_secret()) for scheme in schemes]


def _timed(times: list[float], deliveries: list[Request], secret: str) -> SchemeSearch:
    began = time.perf_counter()
    search = find_scheme(deliveries, secret)
    times.append(time.perf_counter() - began)
    return search


def _of_scheme(scheme: Scheme, secret: str) -> Request:
    body = BODIES.get(scheme.name, b'{"id":"evt_8sd7f6sd","type":"order.created"}')
    now = int(time.time())
    body = scheme.sign_body(body, secret=secret, timestamp=now)
    url = scheme.address(f"https://{HOST}/in", body)
    signed = scheme.sign(body, secret=secret, timestamp=now, event_id="evt_8sd7f6sd", url=url)
    headers = [("Host", HOST), ("X-Forwarded-Proto", "https"), ("Content-Type", "application/json"), *signed]
    headers += [(name, "evt_8sd7f6sd") for name in (scheme.id_header, scheme.type_header) if name]
    return Request(method="POST", url=url.removeprefix(f"https://{HOST}"), headers=tuple(headers), body=body)


if __name__ == "__main__":
    main()
