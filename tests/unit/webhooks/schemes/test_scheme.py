"""Schemes: what they sign, how they write it, and what they say of a secret that is none."""

from __future__ import annotations

import hashlib
import hmac
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from harness.errors import ConfigurationError, SecretError
from harness.webhooks.schemes import SCHEMES, Scheme, scheme_named

NOW = 1_790_000_000
URL = "http://127.0.0.1:3000/hook?tenant=7"
BODY = b'{"id":"evt_1","type":"run.succeeded"}'
FORM = b"mandrill_events=%5B%7B%22_id%22%3A1%7D%5D"


class Published(NamedTuple):
    """An example that the provider's own documentation gives."""

    scheme: str
    secret: str
    body: bytes
    timestamp: int
    event_id: str
    value: str


PUBLISHED = (
    Published(
        scheme="github",
        secret="It's a Secret to Everybody",
        body=b"Hello, World!",
        timestamp=0,
        event_id="",
        value="sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    ),
    Published(
        scheme="slack",
        secret="8f742231b10e8888abcd99yyyzzz85a5",
        body=b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url"
        b"=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
        timestamp=1531420618,
        event_id="",
        value="v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    ),
    Published(
        scheme="standard-webhooks",
        secret="whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        body=b'{"test": 2432232314}',
        timestamp=1614265330,
        event_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        value="v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
)


@pytest.fixture(params=SCHEMES, ids=lambda s: s.name)
def scheme(request: pytest.FixtureRequest) -> Scheme:
    found: Scheme = request.param
    return found


@pytest.mark.parametrize("example", PUBLISHED, ids=lambda e: e.scheme)
def test_an_example_from_the_documentation_is_signed_alike(example: Published) -> None:
    """What the provider's documentation computes, the scheme computes."""
    scheme = scheme_named(example.scheme)

    headers = scheme.sign(example.body, secret=example.secret, timestamp=example.timestamp, event_id=example.event_id)

    assert dict(headers)[scheme.header] == example.value


def test_a_genuine_delivery_is_its_signature_well_written(scheme: Scheme) -> None:
    """Writing the bare signature gives the headers of a genuine delivery; it stands once in their values."""
    secret = scheme.new_secret()

    headers = scheme.sign(BODY, secret=secret, timestamp=NOW, event_id="evt_1", url=URL)
    signature = scheme.signature(BODY, secret=secret, timestamp=NOW, event_id="evt_1", url=URL)

    assert scheme.written(signature, timestamp=NOW, body=BODY) == headers
    if scheme.header:
        assert dict(headers)[scheme.header].count(signature) == 1


def test_what_is_signed_makes_a_difference(scheme: Scheme) -> None:
    """Another body, secret, id, URL or timestamp gives another signature exactly where the scheme covers it."""
    secret = scheme.new_secret()
    whole = FORM if scheme.name == "mandrill" else BODY

    def signature(
        body: bytes = whole, key: str = secret, stamp: int = NOW, event: str = "evt_1", url: str = URL
    ) -> str:
        return scheme.signature(body, secret=key, timestamp=stamp, event_id=event, url=url)

    genuine = signature()

    assert (signature(body=whole + b" ") != genuine) == scheme.signs_body
    assert (signature(stamp=NOW + 1) != genuine) == scheme.timestamped
    assert (signature(event="evt_2") != genuine) == scheme.signs_id
    assert (signature(url="http://127.0.0.1:3001/") != genuine) == ("{url}" in scheme.signed)
    assert signature(key=scheme.new_secret()) != genuine or not scheme.authenticates
    assert signature() == genuine


def test_every_timestamp_is_sent_where_the_scheme_has_one(scheme: Scheme) -> None:
    """A scheme that signs a timestamp sends it, in its own unit, and says how old it may be or that nobody says so."""
    headers = scheme.sign(BODY, secret=scheme.new_secret(), timestamp=NOW, event_id="evt_1", url=URL)
    body = scheme.sign_body(scheme.within.renewed(BODY), secret="", timestamp=NOW) if scheme.within else b""
    sent = " ".join([*(value for _, value in headers), body.decode()])

    assert (scheme.stamp(NOW) in sent) == scheme.timestamped
    assert scheme.stamp(NOW) == str(NOW * (1000 if scheme.timestamp_unit == "ms" else 1))
    assert scheme.timestamped or scheme.tolerance_s is None


def test_a_timestamp_given_as_text_is_signed_as_it_stands() -> None:
    """A delivery can carry a right signature over a timestamp that is no number."""
    scheme = scheme_named("slack")

    headers = dict(scheme.sign(b"{}", secret="key", timestamp="NaN"))

    assert headers["x-slack-request-timestamp"] == "NaN"
    assert headers["x-slack-signature"] == "v0=" + hmac.new(b"key", b"v0:NaN:{}", hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    "name, value",
    [
        ("standard-webhooks", "v1,old v1,new"),
        ("stripe", f"t={NOW},v1=old,v1=new"),
        ("paddle", f"ts={NOW};h1=old;h1=new"),
        ("hmac", f"t={NOW},v1=old,v1=new"),
    ],
)
def test_signatures_of_two_secrets_stand_in_one_header(name: str, value: str) -> None:
    """While secrets are rotated both signatures are sent, in the order given, as the provider writes them."""
    scheme = scheme_named(name)

    assert scheme.rotates
    assert dict(scheme.written("old", "new", timestamp=NOW))[scheme.header] == value


def test_headers_can_be_written_without_or_around_anything() -> None:
    """A case can leave the signature out or put any text there; the other headers stay as they should be."""
    scheme = scheme_named("standard-webhooks")

    assert scheme.written(timestamp=NOW) == (("webhook-timestamp", str(NOW)),)
    assert scheme.raw(",", timestamp=NOW) == (("webhook-signature", ","), ("webhook-timestamp", str(NOW)))


def test_an_empty_secret_signs_where_both_sides_share_it(scheme: Scheme) -> None:
    """A receiver that fails open on an empty secret can be shown to: the empty secret is not refused here."""
    if scheme.symmetric and scheme.header:
        assert scheme.sign(BODY, secret="", timestamp=NOW)


@pytest.mark.parametrize(
    "name, form",
    [
        ("standard-webhooks", "whsec_ followed by 24 to 64 bytes in base64"),
        ("standard-webhooks-v1a", "whsk_ followed by 32 to 64 bytes in base64"),
        ("adyen", "bytes in hexadecimal"),
        ("basic", "USER:PASSWORD"),
        ("discord", "bytes in hexadecimal"),
        ("sendgrid", "a private key (PKCS 8) as PEM, or only its base64"),
        ("rfc9421-ed25519", "32 to 64 bytes in base64"),
    ],
)
def test_a_secret_of_the_wrong_form_is_told_without_it(name: str, form: str) -> None:
    """The error tells how such a secret is written and what to do, and nothing of what was given."""
    with pytest.raises(SecretError) as caught:
        scheme_named(name).sign(BODY, secret="zebra-zebra", timestamp=NOW)

    assert form in str(caught.value)
    assert "Copy it again" in str(caught.value)
    assert "zebra" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("name", ["sendgrid", "discord", "standard-webhooks-v1a", "rfc9421-ed25519"])
def test_what_a_receiver_holds_of_a_key_pair_is_no_secret(name: str) -> None:
    """The public key is another text than the secret, and a secret that is none has no public key."""
    scheme = scheme_named(name)
    secret = scheme.new_secret()

    assert not scheme.symmetric
    assert scheme.public_key(secret) != secret
    with pytest.raises(SecretError):
        scheme.public_key("zebra-zebra")


def test_what_a_receiver_holds_of_a_shared_secret_is_the_secret(scheme: Scheme) -> None:
    """Where both sides share it there is nothing to derive."""
    secret = scheme.new_secret()

    assert (scheme.public_key(secret) == secret) == scheme.symmetric


def test_random_bytes_lead_to_one_secret_that_signs(scheme: Scheme) -> None:
    """The same bytes give the same secret, of the form that the scheme reads, and others give another."""
    random = bytes(range(32))
    secret = scheme.secret_of(random)

    assert secret == scheme.secret_of(random) != scheme.secret_of(random[::-1])
    assert scheme.signature(b"{}", secret=secret, timestamp=1, event_id="evt_1", url="http://x")


def test_a_private_key_is_read_as_pem_and_as_its_base64() -> None:
    """Both write the same key; a key of another kind is refused."""
    scheme = scheme_named("sendgrid")
    key = scheme.new_secret()
    pem = f"-----BEGIN PRIVATE KEY-----\n{key[:64]}\n{key[64:]}\n-----END PRIVATE KEY-----\n"
    other = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    assert scheme.sign(BODY, secret=pem, timestamp=NOW) == scheme.sign(BODY, secret=key, timestamp=NOW)
    with pytest.raises(SecretError):
        scheme.sign(BODY, secret=other, timestamp=NOW)


def test_a_form_is_signed_field_by_field() -> None:
    """Twilio signs the URL and a form's fields in order of name; of a JSON body, the URL with its digest."""
    scheme = scheme_named("twilio")
    form = {"secret": "key", "timestamp": NOW, "url": URL}

    assert scheme.signature(b"B=2&A=1", **form) == scheme.signature(b"A=1&B=2", **form)  # type: ignore[arg-type]
    assert scheme.address(URL, b"A=1") == URL
    assert scheme.address(URL, b"{}") == f"{URL}&bodySHA256={hashlib.sha256(b'{}').hexdigest()}"
    assert scheme.address("http://127.0.0.1/", b"[]").startswith("http://127.0.0.1/?bodySHA256=")


def test_an_unknown_scheme_is_told_with_the_nearest() -> None:
    """The message names what was asked for and what it may have been meant to be."""
    with pytest.raises(ConfigurationError, match=r"No signature scheme is called 'githob'\. Did you mean 'github'\?"):
        scheme_named("githob")
