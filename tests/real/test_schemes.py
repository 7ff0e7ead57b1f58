"""Every scheme against the vendors' own verifiers: what is signed here they accept, what is altered they refuse.

Of Twilio's forms the Node library knows the older alone. No vendor has a library that verifies Standard Webhooks v1a,
Zoom, Trello, Mandrill or HTTP Basic: PyNaCl and the lines of their documentation take its place. Shopify and Paddle
have one for Node alone; for Python, and for WorkOS, GitLab, Telegram and Mailgun, it is webhooks-cc that verifies.
"""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from harness.errors import EventError
from harness.http.message import Headers
from harness.model import Event
from harness.webhooks.cases import CASES, Expected, Material
from harness.webhooks.cases.receiver_case import REFUSALS
from harness.webhooks.events import EventFormat
from harness.webhooks.schemes import SCHEMES, Scheme, scheme_named
from harness.webhooks.schemes.body_signature import BodySignature
from harness.webhooks.schemes.own_libraries import OWN_LIBRARIES

URL = "https://acme.example/hooks?tenant=7"
OTHER_URL = "https://acme.example/other"
JSON = '{"id": "evt_1",  "amount": 1.0, "name": "Zo\u00eb \U0001f600", "type":"run.succeeded"}\n'.encode()
MAILGUN = b'{"signature": {"token": "a"},  "event-data": {"id": "e1", "n": 1.0}}'
ADYEN = (
    b'{"live": "false",  "notificationItems": [{"NotificationRequestItem": {"pspReference": "P:1\\\\",'
    b' "eventCode": "X", "merchantReference": "Zo\xc3\xab", "amount": {"value": 1130, "currency": "EUR"},'
    b' "success": "true", "additionalData": {"a": "b"}}}]}'
)
MANDRILL = b"mandrill_events=%5B%7B%22_id%22%3A%22e1%22%2C%22event%22%3A%22send%22%7D%5D&a=%C3%AB+b"
FORM = b"Body=Hello+World&From=%2B15550100&Empty=&AccountSid=AC1"
EVENT_ID = "evt_1"
TIMEOUT_S = 120
PADDLE_AHEAD_S = 60
"""Paddle's five seconds can be over before a library is loaded; it looks at the past alone."""
MARGIN_S = 120

Deliveries = Callable[[Scheme], Iterator["Delivery"]]

PYTHON = {s.name for s in SCHEMES} - {"hmac", "none"}
NODE = {
    *("standard-webhooks", "svix", "stripe", "github", "slack", "shopify", "square", "twilio", "sendgrid", "discord"),
    "paddle",
}
QUIRKS = {
    ("python", "slack", "timestamp far ahead"): False,  # slack_sdk looks at both, @slack/bolt at the past alone
    ("node", "paddle", "signatures: ours, another's"): False,  # it looks at the last h1 alone
    ("python", "standard-webhooks-v1a", "timestamp too old"): True,  # PyNaCl knows of no timestamps
    ("python", "standard-webhooks-v1a", "timestamp far ahead"): True,
    ("python", "workos", "timestamp too old"): True,
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
        self.body = {"mandrill": MANDRILL, "mailgun": MAILGUN, "adyen-payments": ADYEN}.get(scheme.name, JSON)

    def signature(self, *, secret: str = "", at: int = 0) -> str:
        """Return a bare signature."""
        return self.scheme.signature(
            self.body, secret=secret or self.secret, timestamp=at or self.now, event_id=EVENT_ID, url=URL
        )

    def signed(self, body: bytes = b"", *, secret: str = "", at: int = 0, event_id: str = EVENT_ID) -> Headers:
        """Return the headers of a signed delivery."""
        return self.scheme.sign(
            body or self.body, secret=secret or self.secret, timestamp=at or self.now, event_id=event_id, url=URL
        )

    def signed_body(self, *, secret: str = "", at: int = 0) -> bytes:
        """Return the body with its own signature."""
        return self.scheme.sign_body(self.body, secret=secret or self.secret, timestamp=at or self.now)

    def written(self, *signatures: str) -> Headers:
        """Return headers around any signatures."""
        return self.scheme.written(*signatures, timestamp=self.now, body=self.body)

    def delivery(
        self, name: str, headers: Headers = (), *, genuine: bool = False, body: bytes = b"", url: str = URL
    ) -> Delivery:
        """Return a delivery with these headers, the usual ones added."""
        scheme, own = self.scheme, [("content-type", "application/json")]
        own += [(name, EVENT_ID) for name in (scheme.id_header, *scheme.further_id_headers) if name]
        own += [(scheme.type_header, "run.succeeded")] if scheme.type_header else []
        return Delivery(
            name=name,
            genuine=genuine,
            headers=(*own, *headers),
            body=(body := body or self.body),
            url=scheme.address(url, FORM if body.startswith(FORM) else JSON),
            key=scheme.public_key(self.secret),
        )


def deliveries(scheme: Scheme) -> Iterator[Delivery]:
    """Yield genuine deliveries, and those that a verifier of this scheme has to refuse."""
    sender = Sender(scheme)
    if scheme.within:
        yield from with_signature_inside(sender, scheme.within)
        return
    yield sender.delivery("JSON", sender.signed(), genuine=True)
    yield sender.delivery("another secret", sender.signed(secret=sender.another))
    yield sender.delivery("half a signature", sender.written(sender.signature()[: len(sender.signature()) // 2]))
    yield sender.delivery("no signature in it", sender.written(""))
    if scheme.signs_body:
        yield sender.delivery("a byte more in the body", sender.signed(), body=sender.body + b"&a=b")
    if scheme.signs_body and sender.body == JSON:
        yield sender.delivery("body written anew", sender.signed(), body=json.dumps(json.loads(JSON)).encode())
    if "{url}" in scheme.signed:
        yield sender.delivery("another URL", sender.signed(), url=OTHER_URL)
    if scheme.signs_id:
        yield sender.delivery("another event id", sender.signed(event_id="evt_2"))
    if "{form}" in scheme.signed and scheme.query:
        yield sender.delivery("body of a form", sender.signed(FORM), genuine=True, body=FORM)
        yield sender.delivery("a field more in the form", sender.signed(FORM), body=FORM + b"&To=1")
    if scheme.name == "twilio-sha256":
        signature, *_ = sender.signed()
        yield sender.delivery("no word of the algorithm", (signature,))
    yield from at_other_times(sender)
    yield from with_two_signatures(sender)


def with_signature_inside(sender: Sender, within: BodySignature) -> Iterator[Delivery]:
    """Yield deliveries of a scheme whose signature is in the body and covers some fields of it."""
    body, stamp = sender.signed_body(), str(sender.now)
    (right,) = within.found(body)
    yield sender.delivery("JSON", genuine=True, body=body)
    yield sender.delivery("written anew", genuine=True, body=json.dumps(json.loads(body)).encode())
    yield sender.delivery("another secret", body=sender.signed_body(secret=sender.another))
    yield sender.delivery("half a signature", body=within.written(body, [right[: len(right) // 2]], stamp))
    yield sender.delivery("no signature in it", body=within.written(body, [""], stamp))
    yield sender.delivery("no member for it", body=within.written(body, [None], stamp))
    field = b'"token": "a' if sender.scheme.timestamped else b'"value": 1130'
    yield sender.delivery("another field", body=body.replace(field, field[:-1] + b"9"))
    if sender.scheme.timestamped:
        yield sender.delivery("another timestamp", body=within.written(body, [right], str(sender.now + 1)))


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


def hostile(scheme: Scheme) -> Iterator[Delivery]:
    """Yield the deliveries of all cases that a receiver should refuse, or accept, for their signature or time."""
    sender = Sender(scheme)
    plain = sender.delivery("")
    event = Event(name="event", type="run.succeeded", id=EVENT_ID, body=sender.body, headers=plain.headers)
    material = Material.of(EventFormat(scheme=scheme), event, secret=sender.secret, timestamp=sender.now, url=URL)
    for case in CASES:
        asked = case.response in (*REFUSALS, Expected.ACKNOWLEDGED) and case.judged and case.item != "webhooks.robust"
        if not asked or case.not_applicable_to(scheme):
            continue
        with suppress(EventError):
            built = case.build(material)
            first = tuple((name.lower(), value) for name, value in reversed(built.headers))
            genuine = case.response is Expected.ACKNOWLEDGED
            yield Delivery(name=case.id, genuine=genuine, headers=first, body=built.body, url=built.url, key=plain.key)


def verdicts(
    command: list[str], folder: Path, schemes: set[str], made: Deliveries | None = None
) -> dict[str, dict[str, tuple[bool, bool]]]:
    """Ask one process about all deliveries; return scheme, delivery, and whether it was genuine and accepted."""
    asked = [(name, each) for name in sorted(schemes) for each in (made or deliveries)(scheme_named(name))]
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


OWN_IN_PYTHON = {
    *("standard-webhooks", "svix", "stripe", "github", "slack", "square", "twilio", "twilio-sha256", "sendgrid"),
    *("discord", "hubspot", "adyen", "adyen-payments"),
}
"""Schemes whose Python library is the vendor's own."""


def failed(found: Verdicts) -> dict[str, set[str]]:
    wrongly = {s: {name for name, (genuine, is_) in each.items() if is_ is not genuine} for s, each in found.items()}
    return {scheme: names for scheme, names in wrongly.items() if names}


def known(language: str, schemes: set[str]) -> dict[str, set[str]]:
    return {e.scheme: set(e.fails) for e in OWN_LIBRARIES if e.language == language and e.scheme in schemes}


def test_what_the_vendors_own_python_libraries_do_is_known(real_python: Callable[[str], str]) -> None:
    """A receiver is not blamed for what its vendor's library does, and is for everything else."""
    command = [real_python("vendors"), "verify.py", "--hostile"]
    found = verdicts(command, Path(__file__).parent / "schemes", OWN_IN_PYTHON, hostile)

    assert failed(found) == known("python", OWN_IN_PYTHON)


def test_what_the_vendors_own_node_libraries_do_is_known(node_modules: Path) -> None:
    """A receiver is not blamed for what its vendor's library does, and is for everything else."""
    found = verdicts(["node", "verify-schemes.mjs", "--hostile"], node_modules, NODE, hostile)

    assert failed(found) == known("node", NODE)
