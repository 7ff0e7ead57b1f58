"""The search for secrets: its time beside plain ``in`` over the same log, and which shapes of leaks it finds.

The search for what has the structure of a secret, although nobody declared it, is a row of its own.
"""

from __future__ import annotations

import base64
import functools
import gzip
import html
import json
import random
import secrets
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, urlencode

import yaml
from _table import Row, show

from harness.secrets import Scanner
from harness.secrets.suspects import SuspectSearch

SIZE = 20_000_000
VALUES = 185
ROUNDS = 3
NAME = "env:KEY"


def main() -> None:
    """Measure both in turn, and plant each shape in a cassette and in a log."""
    show(f"Leak scan: {SIZE:,} bytes of log, {VALUES} known values", [*speed(), *shapes()])


def values() -> dict[str, str]:
    """Return known values as vendors make them, new in each run."""
    kinds: list[Callable[[], str]] = [
        lambda: f"sk_test_{secrets.token_hex(20)}",
        lambda: secrets.token_hex(32),
        lambda: base64.b64encode(secrets.token_bytes(30)).decode(),
        lambda: secrets.token_urlsafe(24),
    ]
    return {f"env:KEY_{number}": kinds[number % len(kinds)]() for number in range(VALUES)}


def log_lines(rng: random.Random) -> Iterator[str]:
    """Yield lines as services write them: JSON, access logs, bodies within JSON, tracebacks."""
    query = quote('name eq "A B"')
    while True:
        order, trace = rng.randbytes(8).hex(), rng.randbytes(16).hex()
        at = f"2026-11-23T10:{rng.randrange(60):02}:{rng.randrange(60):02}.{rng.randrange(10**6):06}Z"
        request = {"timestamp": at, "level": "info", "logger": "app.orders.Synchroniser", "event": "request finished"}
        request |= {"path": f"/v1/orders/{order}/items", "trace_id": trace, "id": str(uuid.UUID(hex=trace))}
        yield from (json.dumps({**request, "duration_ms": rng.random() * 100}) for _ in range(5))
        cursor = base64.urlsafe_b64encode(rng.randbytes(24)).decode()
        yield f'10.0.0.7 - - [{at}] "GET /v1/orders?filter={query}&cursor={cursor} HTTP/1.1" 200 {rng.randrange(99)}'
        yield f'10.0.0.8 - - [{at}] "POST /webhooks HTTP/1.1" 204 0 "-" "python-httpx/0.28.1" rt={rng.random():.3f}'
        body = json.dumps({"id": f"evt_{order}", "type": "order.created", "customer": {"name": "Zoë"}})
        yield json.dumps({"event": "webhook received", "body": body, "signature": f"t=1,v1={trace}{trace}"})
        yield f"{at} WARNING [app.Retrying] retry of POST https://api.example.org/v1/payments/{order} after 503"
        yield 'Traceback (most recent call last):\n  File "/srv/app/client.py", line 101, in send_it\nhttpx.ReadTimeout'


def speed() -> Iterator[Row]:
    """Yield the time of the scan, as a multiple of the time that looking for each value with ``in`` takes."""
    rng, lines, size = random.Random(1), list[str](), 0
    for line in log_lines(rng):
        lines.append(line)
        size += len(line.encode()) + 1
        if size >= SIZE:
            break
    known, ratios, took, structural = values(), list[float](), list[float](), list[float]()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "app.log"
        log.write_text("\n".join(lines), encoding="utf-8")
        data, needles, scanner = log.read_bytes(), [value.encode() for value in known.values()], Scanner(known)
        for _ in range(ROUNDS):
            plain = seconds(lambda: [needle in data for needle in needles])
            took.append(seconds(lambda: scanner.scan_file(log, "app.log")))
            ratios.append(took[-1] / plain)
            structural.append(seconds(lambda: SuspectSearch().search(log, "app.log")))
    yield Row(work="known values in every form, beside plain `in`", value=min(ratios), unit="x", bar="<= 3")
    yield Row(work="known values in every form", value=min(took), unit="s")
    yield Row(work="what has the structure of a secret", value=min(structural), unit="s")


def seconds(work: Callable[[], object]) -> float:
    """Return the processor time that some work takes, which is the same on a busy machine."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _jwt() -> str:
    head, claims = _b64('{"alg":"HS256"}').rstrip("="), _b64(json.dumps({"sub": secrets.token_hex(8)})).rstrip("=")
    return f"{head}.{claims}.{secrets.token_urlsafe(32)}"


def _pem() -> str:
    return "-----BEGIN PRIVATE KEY-----\n" + base64.encodebytes(secrets.token_bytes(300)).decode() + "-----END"


class Shape:
    """One way in which a secret leaks."""

    def __init__(self, value: Callable[[], str], written: Callable[[str], str | bytes]) -> None:
        self.value = value()
        self.written = written(self.value)


def _header(value: str) -> str:
    return f"Authorization: Bearer {value}"


HEX, LONG = functools.partial(secrets.token_hex, 32), functools.partial(secrets.token_urlsafe, 80)
SHAPES: Mapping[str, Callable[[], Shape]] = {
    "live key": lambda: Shape(lambda: f"sk_live_{secrets.token_hex(50)}", _header),
    "test key": lambda: Shape(lambda: f"sk_test_{secrets.token_hex(50)}", _header),
    "restricted key": lambda: Shape(lambda: f"rk_test_{secrets.token_hex(12)}", _header),
    "AWS key": lambda: Shape(lambda: base64.b64encode(secrets.token_bytes(30)).decode(), lambda v: f"aws_secret={v}"),
    "JWT": lambda: Shape(_jwt, _header),
    "opaque bearer": lambda: Shape(lambda: secrets.token_urlsafe(32), _header),
    "uuid bearer": lambda: Shape(lambda: str(uuid.uuid4()), _header),
    "basic": lambda: Shape(HEX, lambda v: f"Authorization: Basic {_b64(f'ada:{v}')}"),
    "userinfo": lambda: Shape(HEX, lambda v: f"https://ada:{v}@api.example/"),
    "whsec": lambda: Shape(lambda: f"whsec_{_b64(secrets.token_hex(24))}", lambda v: f"secret {v}"),
    "webhook secret": lambda: Shape(HEX, lambda v: f"signing with {v}"),
    "form": lambda: Shape(HEX, lambda v: urlencode({"client_secret": v, "a": "b"})),
    "query": lambda: Shape(HEX, lambda v: f"GET /x?access_token={v}&a=b"),
    "path": lambda: Shape(LONG, lambda v: f"POST /hooks/{v}/x"),
    "JSON": lambda: Shape(LONG, lambda v: json.dumps({"access_token": v})),
    "cookie": lambda: Shape(HEX, lambda v: f"Set-Cookie: session={v}; Path=/"),
    "password": lambda: Shape(lambda: f"correct horse {secrets.token_hex(3)}", lambda v: f"password is {v}."),
    "postgres": lambda: Shape(HEX, lambda v: f"postgresql://app:{v}@db/app"),
    "PEM": lambda: Shape(_pem, str),
    "GitHub": lambda: Shape(lambda: f"ghp_{secrets.token_hex(18)}", _header),
    "Slack": lambda: Shape(lambda: f"xoxb-{secrets.token_hex(20)}", _header),
    "percent": lambda: Shape(lambda: f"a/{_b64(secrets.token_hex(20))}=", lambda v: f"key={quote(v, safe='')}"),
    "base64": lambda: Shape(HEX, lambda v: f"body {_b64(v)}"),
    "base64url": lambda: Shape(LONG, lambda v: base64.urlsafe_b64encode(f"x{v}".encode())),
    "hexadecimal": lambda: Shape(LONG, lambda v: v.encode().hex()),
    "gzip": lambda: Shape(LONG, lambda v: gzip.compress(json.dumps({"a": v}).encode())),
    "JSON in JSON": lambda: Shape(
        lambda: f"a/b+{HEX()}", lambda v: json.dumps(json.dumps({"a": v}).replace("/", "\\/"))
    ),
    "HTML": lambda: Shape(lambda: f"<{HEX()}>&", lambda v: f"<p>{html.escape(v)}</p>"),
    "long words": lambda: Shape(lambda: "-- ".join(secrets.token_hex(12) for _ in range(8)), lambda v: f"it is {v}"),
}
"""Each is planted in a cassette, whose YAML folds and packs it, and but for bytes in a log, as JSON."""


def shapes() -> Iterator[Row]:
    """Yield how many planted leaks are found, and how often as many files with other secrets raise an alarm."""
    found, alarms, planted = 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for name, make in SHAPES.items():
            shape, other = make(), make()
            for path in files(Path(folder), shape.written):
                planted += 1
                hit = bool(Scanner({NAME: shape.value}).scan_file(path, name))
                found += hit
                alarms += bool(Scanner({NAME: other.value}).scan_file(path, name))
                if not hit:
                    print(f"missed: {name} in {path.name}")
    yield Row(
        work=f"leaks found of {planted}, {len(SHAPES)} shapes", value=100 * found / planted, unit="%", bar=">= 100"
    )
    yield Row(work=f"false alarms in {planted} controls", value=alarms, unit="", bar="<= 0")


def files(folder: Path, written: str | bytes) -> Iterator[Path]:
    """Yield the files that hold a leak."""
    cassette = folder / "cassette.yaml"
    body = {"interactions": [{"request": {"uri": "https://api.example/x", "body": written, "method": "GET"}}]}
    cassette.write_text(yaml.safe_dump(body), encoding="utf-8")
    yield cassette
    if isinstance(written, str):
        log = folder / "app.log"
        log.write_text(json.dumps({"event": "request", "text": written}) + "\n", encoding="utf-8")
        yield log


if __name__ == "__main__":
    main()
