"""Every scheme against the vendors' own verifiers: what is signed here they accept, what is altered they refuse.

Of Twilio's forms the Node library knows the older alone. No vendor has a library that verifies Standard Webhooks v1a
or Zoom: PyNaCl and the lines of Zoom's documentation take its place. Shopify and Paddle have one for Node alone; for
Python it is webhooks-cc that verifies.
"""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from harness.http.message import Headers
from harness.webhooks.schemes import SCHEMES, Scheme, scheme_named

URL = "https://acme.example/hooks?tenant=7"
OTHER_URL = "https://acme.example/other"
JSON = '{"id": "evt_1",  "amount": 1.0, "name": "Zo\u00eb \U0001f600", "type":"run.succeeded"}\n'.encode()
FORM = b"Body=Hello+World&From=%2B15550100&Empty=&AccountSid=AC1"
EVENT_ID = "evt_1"
TIMEOUT_S = 120
PADDLE_AHEAD_S = 60
"""Paddle's five seconds can be over before a library is loaded; it looks at the past alone."""
MARGIN_S = 120

PYTHON = {s.name for s in SCHEMES} - {"hmac"}
NODE = {
    *("standard-webhooks", "svix", "stripe", "github", "slack", "shopify", "square", "twilio", "sendgrid", "discord"),
    "paddle",
}
QUIRKS = {
    ("node", "slack", "timestamp far ahead"): True,  # @slack/bolt looks at the past alone, slack_sdk at both
    ("node", "paddle", "signatures: ours, another's"): False,  # it looks at the last h1 alone
    ("python", "standard-webhooks-v1a", "timestamp too old"): True,  # PyNaCl knows of no timestamps
    ("python", "standard-webhooks-v1a", "timestamp far ahead"): True,
    ("python", "paddle", "timestamp too old"): True,  # webhooks-cc leaves the age to the receiver
}
"""What a library does that its vendor's documentation does not say, or says otherwise: it accepts, or refuses."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery, and whether it is genuine."""

    name: str
    genuine: bool
    headers: Headers
    body: bytes = JSON
    url: str = ""
    key: str


class Sender:
    """Makes deliveries of one scheme, all with one secret unless said otherwise."""

    def __init__(self, scheme: Scheme) -> None:
        self.scheme = scheme
        self.now = int(time.time()) + (PADDLE_AHEAD_S if scheme.name == "paddle" else 0)
        self.secret, self.another = scheme.new_secret(), scheme.new_secret()

    def signature(self, *, secret: str = "", at: int = 0) -> str:
        """Return a bare signature."""
        return self.scheme.signature(
            JSON, secret=secret or self.secret, timestamp=at or self.now, event_id=EVENT_ID, url=URL
        )

    def signed(self, body: bytes = JSON, *, secret: str = "", at: int = 0, event_id: str = EVENT_ID) -> Headers:
        """Return the headers of a signed delivery."""
        return self.scheme.sign(
            body, secret=secret or self.secret, timestamp=at or self.now, event_id=event_id, url=URL
        )

    def written(self, *signatures: str) -> Headers:
        """Return headers around any signatures."""
        return self.scheme.written(*signatures, timestamp=self.now, body=JSON)

    def delivery(
        self, name: str, headers: Headers, *, genuine: bool = False, body: bytes = JSON, url: str = URL
    ) -> Delivery:
        """Return a delivery with these headers, the usual ones added."""
        scheme, own = self.scheme, [("content-type", "application/json")]
        own += [(scheme.id_header, EVENT_ID)] if scheme.id_header else []
        own += [(scheme.type_header, "run.succeeded")] if scheme.type_header else []
        return Delivery(
            name=name,
            genuine=genuine,
            headers=(*own, *headers),
            body=body,
            url=scheme.address(url, FORM if body.startswith(FORM) else JSON),
            key=scheme.public_key(self.secret),
        )


def deliveries(scheme: Scheme) -> Iterator[Delivery]:
    """Yield genuine deliveries, and those that a verifier of this scheme has to refuse."""
    sender = Sender(scheme)
    yield sender.delivery("JSON", sender.signed(), genuine=True)
    yield sender.delivery("another secret", sender.signed(secret=sender.another))
    yield sender.delivery("half a signature", sender.written(sender.signature()[: len(sender.signature()) // 2]))
    yield sender.delivery("no signature in it", sender.written(""))
    if scheme.signs_body:
        yield sender.delivery("a byte more in the body", sender.signed(), body=JSON + b" ")
        yield sender.delivery("body written anew", sender.signed(), body=json.dumps(json.loads(JSON)).encode())
    if "{url}" in scheme.signed:
        yield sender.delivery("another URL", sender.signed(), url=OTHER_URL)
    if scheme.signs_id:
        yield sender.delivery("another event id", sender.signed(event_id="evt_2"))
    if "{form}" in scheme.signed:
        yield sender.delivery("body of a form", sender.signed(FORM), genuine=True, body=FORM)
        yield sender.delivery("a field more in the form", sender.signed(FORM), body=FORM + b"&To=1")
    if scheme.name == "twilio-sha256":
        signature, *_ = sender.signed()
        yield sender.delivery("no word of the algorithm", (signature,))
    yield from at_other_times(sender)
    yield from with_two_signatures(sender)


def at_other_times(sender: Sender) -> Iterator[Delivery]:
    scheme = sender.scheme
    if scheme.timestamped:
        yield sender.delivery("another timestamp", sender.written(sender.signature(at=sender.now + 1)))
    if scheme.tolerance_s is not None:
        past, ahead = (int(sender.now + sign * (scheme.tolerance_s + MARGIN_S)) for sign in (-1, 1))
        yield sender.delivery("timestamp too old", sender.signed(at=past))
        yield sender.delivery("timestamp far ahead", sender.signed(at=ahead), genuine=not scheme.refuses_future)


def with_two_signatures(sender: Sender) -> Iterator[Delivery]:
    if sender.scheme.rotates:
        ours, foreign = sender.signature(), sender.signature(secret=sender.another)
        yield sender.delivery("signatures: another's, ours", sender.written(foreign, ours), genuine=True)
        yield sender.delivery("signatures: ours, another's", sender.written(ours, foreign), genuine=True)
        yield sender.delivery("signatures: another's twice", sender.written(foreign, foreign))


def verdicts(command: list[str], folder: Path, schemes: set[str]) -> dict[str, dict[str, tuple[bool, bool]]]:
    """Ask one process about all deliveries; return scheme, delivery, and whether it was genuine and accepted."""
    asked = [(name, each) for name in sorted(schemes) for each in deliveries(scheme_named(name))]
    given = [
        {
            "verifier": name,
            "key": each.key,
            "headers": dict(each.headers),
            "body": base64.b64encode(each.body).decode(),
            "url": each.url,
            "method": "POST",
        }
        for name, each in asked
    ]
    done = subprocess.run(
        command, input=json.dumps(given), cwd=folder, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, tuple[bool, bool]]] = {name: {} for name in schemes}
    for (name, each), accepted in zip(asked, json.loads(done.stdout), strict=True):
        found[name][each.name] = (each.genuine, accepted)
    return found


Verdicts = dict[str, dict[str, tuple[bool, bool]]]


@pytest.fixture(scope="module")
def in_python(real_python: Callable[[str], str]) -> Verdicts:
    return verdicts([real_python("vendors"), "verify.py"], Path(__file__).parent / "schemes", PYTHON)


@pytest.fixture(scope="module")
def in_node(node_modules: Path) -> Verdicts:
    return verdicts(["node", "verify-schemes.mjs"], node_modules, NODE)


def wrong(language: str, scheme: str, found: Verdicts) -> dict[str, str]:
    """Return every delivery that the library judged otherwise than it is known to."""
    said = {True: "accepted", False: "refused"}
    return {
        name: said[accepted]
        for name, (genuine, accepted) in found[scheme].items()
        if accepted is not QUIRKS.get((language, scheme, name), genuine)
    }


@pytest.mark.parametrize("scheme", sorted(PYTHON))
def test_the_vendors_python_library_agrees(in_python: Verdicts, scheme: str) -> None:
    """It accepts every delivery signed here and refuses every altered one."""
    assert wrong("python", scheme, in_python) == {}


@pytest.mark.parametrize("scheme", sorted(NODE))
def test_the_vendors_node_library_agrees(in_node: Verdicts, scheme: str) -> None:
    """It accepts every delivery signed here and refuses every altered one."""
    assert wrong("node", scheme, in_node) == {}
