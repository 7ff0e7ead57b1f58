"""`harness scheme`: the scheme of a captured delivery is found, or what decides is named; it is never a wrong one."""

from __future__ import annotations

import base64
import hmac
import json
import os
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness.cli.main import main
from harness.http.message import Request
from harness.webhooks.capture_server import CaptureServer, CaptureStore
from harness.webhooks.discovery.scheme_finder import find_scheme
from harness.webhooks.discovery.sender_check import SchemeByDelivery
from harness.webhooks.schemes import SCHEMES, Scheme, scheme_named

HOST = "hooks.acme.test"
BODY = b'{"event_id": "ev_99812", "kind": "paid", "amount": 12}'
BODIES = {
    "mailgun": b'{"event-data": {"id": "Ase7i2zs"}, "signature": {"token": "t0", "timestamp": "", "signature": ""}}',
    "adyen-payments": b'{"notificationItems": [{"NotificationRequestItem": {"pspReference": "QFQTPCQ8HXSKGK82"}}]}',
}
SECONDS, MILLISECONDS = "1700000007", "1700000007123"


def request(body: bytes = BODY, /, **headers: str) -> Request:
    named = [(name.replace("_", "-").title(), value) for name, value in headers.items()]
    lines = [("Host", HOST), ("X-Forwarded-Proto", "https"), ("Content-Type", "application/json"), *named]
    return Request(method="POST", url="/in?n=1", headers=tuple(lines), body=body)


def of_scheme(scheme: Scheme, secret: str) -> Request:
    now = int(time.time())
    body = scheme.sign_body(BODIES.get(scheme.name, BODY), secret=secret, timestamp=now)
    url = scheme.address(f"https://{HOST}/in", body)
    signed = scheme.sign(body, secret=secret, timestamp=now, event_id="evt_8sd7f6", url=url)
    names = [name for name in (scheme.id_header, scheme.type_header) if name]
    headers = (("Host", HOST), ("X-Forwarded-Proto", "https"), *signed, *((name, "evt_8sd7f6") for name in names))
    return Request(method="POST", url=url.removeprefix(f"https://{HOST}"), headers=headers, body=body)


@pytest.mark.parametrize("scheme", [s for s in SCHEMES if s.authenticates], ids=lambda s: s.name)
def test_every_scheme_is_found(scheme: Scheme) -> None:
    """A delivery of each row of the table is one of that scheme, by its secret and by its public key."""
    secret = scheme.new_secret()
    delivery = of_scheme(scheme, secret)

    for key in {secret, scheme.public_key(secret)}:
        assert [each.scheme for each in find_scheme([delivery], key).found] == [scheme.name]


def signed(
    key: bytes, message: str, digest: str = "sha256", write: Callable[[bytes], str] = bytes.hex, body: bytes = BODY
) -> str:
    before, _, after = message.partition("BODY")
    return write(hmac.digest(key, before.encode() + body + after.encode(), digest))


def as_base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


KEY = os.urandom(32)
TEXT = f"shh-{KEY.hex()}"
URL = f"https://{HOST}/in?n=1"
TEMPLATES: list[tuple[str, str, dict[str, str], dict[str, Any]]] = [
    (
        "the body alone",
        TEXT,
        {"x_acme_signature": signed(TEXT.encode(), "BODY")},
        {"header": "x-acme-signature", "template": "{body}"},
    ),
    (
        "milliseconds that are no full second",
        TEXT,
        {"x_sig": f"v2={signed(TEXT.encode(), f'{MILLISECONDS}:BODY', 'sha512')}", "x_time": MILLISECONDS},
        {
            "header": "x-sig",
            "template": "{timestamp}:{body}",
            "digest": "sha512",
            "timestamp": "x-time",
            "timestamp_unit": "ms",
            "prefix": "v2=",
        },
    ),
    (
        "a timestamp within the signature's header",
        TEXT,
        {"x_sig": f"ts={SECONDS}, sig={signed(TEXT.encode(), f'{SECONDS}|BODY', 'sha1', as_base64)}"},
        {
            "header": "x-sig",
            "template": "{timestamp}|{body}",
            "digest": "sha1",
            "encoding": "base64",
            "prefix": "ts={timestamp}, sig=",
            "multiple": False,
        },
    ),
    (
        "a label, a URL, a method, and the secret in base64",
        as_base64(KEY),
        {"x_sig": f"v1={signed(KEY, f'v1.POST.{URL}.BODY')}"},
        {"header": "x-sig", "template": "v1.{method}.{url}.{body}", "secret_encoding": "base64", "prefix": "v1="},
    ),
    (
        "an id in a header, the secret in hexadecimal",
        KEY.hex(),
        {"x_sig": signed(KEY, f"msg_771.{SECONDS}.BODY"), "x_ts": SECONDS, "x_message_id": "msg_771"},
        {
            "header": "x-sig",
            "template": "{id}.{timestamp}.{body}",
            "secret_encoding": "hex",
            "timestamp": "x-ts",
            "id_header": "x-message-id",
        },
    ),
    (
        "an id in the body, two separators, a secret like whsec_",
        f"whsec_{as_base64(KEY)}",
        {"x_sig": signed(KEY, f"BODY\n{SECONDS}&ev_99812", write=as_base64), "x_ts": SECONDS},
        {
            "header": "x-sig",
            "template": "{body}\n{timestamp}&{id}",
            "encoding": "base64",
            "secret_encoding": "whsec",
            "timestamp": "x-ts",
        },
    ),
    (
        "GitHub's header under another provider's name",
        TEXT,
        {"x_hub_signature_256": f"sha256={signed(TEXT.encode(), 'BODY')}"},
        {"header": "x-hub-signature-256", "template": "{body}", "prefix": "sha256="},
    ),
    ("a token in a header of its own", TEXT, {"x_token": f"Key {TEXT}"}, {"header": "x-token", "prefix": "Key "}),
]


@pytest.mark.parametrize("secret, headers, keys", [t[1:] for t in TEMPLATES], ids=[t[0] for t in TEMPLATES])
def test_what_a_provider_of_ones_own_signs_is_found(secret: str, headers: dict[str, str], keys: dict[str, Any]) -> None:
    """What is signed, with which hash function, encoding, prefix, header, unit and form of the secret."""
    [description] = find_scheme([request(**headers)], secret).found

    section = tomllib.loads(description.section("env:HOOK"))["receiver"]
    assert section.pop("event_id", "") == ("event_id" if "whsec_" in secret else "")
    assert (
        section.pop("signature") == {"scheme": "token" if "x_token" in headers else "hmac", "secret": "env:HOOK"} | keys
    )
    assert section == {}


AMBIGUOUS: list[tuple[str, Request, Request, str, int]] = [
    (
        "two headers with one timestamp",
        request(x_sig=signed(TEXT.encode(), f"{SECONDS}.BODY"), x_time=SECONDS, x_sent_at=SECONDS),
        request(x_sig=signed(TEXT.encode(), "1700000009.BODY"), x_time="1700000009", x_sent_at=SECONDS),
        "a delivery in which x-sent-at and x-time differ",
        2,
    ),
    (
        "two headers with one id",
        request(x_sig=signed(TEXT.encode(), "m_12345.BODY"), x_event_id="m_12345", x_try_id="m_12345"),
        request(x_sig=signed(TEXT.encode(), "m_12345.BODY"), x_event_id="m_12345", x_try_id="m_99999"),
        "a delivery in which x-event-id and x-try-id differ",
        2,
    ),
    (
        "a delivery without a body",
        request(b"", x_sig=signed(TEXT.encode(), f"{SECONDS}.BODY", body=b""), x_time=SECONDS),
        request(x_sig=signed(TEXT.encode(), f"{SECONDS}.BODY"), x_time=SECONDS),
        "a delivery with a body",
        1,
    ),
]


@pytest.mark.parametrize("first, second, decides, least", [a[1:] for a in AMBIGUOUS], ids=[a[0] for a in AMBIGUOUS])
def test_what_one_delivery_leaves_open_another_decides(
    first: Request, second: Request, decides: str, least: int
) -> None:
    """Every description that fits is returned, with the delivery that decides; with that, one is left."""
    alone = find_scheme([first], TEXT)
    if len(alone.found) > 1:
        assert alone.decided_by == decides
    assert len(alone.found) >= least
    assert len(find_scheme([first, second], TEXT).found) == 1


def test_two_schemes_in_one_delivery_are_both_named() -> None:
    """Svix sends its headers under two names; which of them counts, the receiver decides."""
    svix = scheme_named("svix")
    secret = svix.new_secret()
    sent = of_scheme(svix, secret)
    doubled = tuple((name.replace("svix-", "webhook-"), value) for name, value in sent.headers if "svix-" in name)
    both = Request(method="POST", url=sent.url, headers=(*sent.headers, *doubled), body=sent.body)

    search = find_scheme([both], secret)

    assert [each.scheme for each in search.found] == ["standard-webhooks", "svix"]
    assert search.decided_by == "the headers that your receiver reads"


@pytest.mark.parametrize(
    "delivery, text",
    [
        (request(x_sig=""), "The delivery has no value in x-sig. `harness capture` stores no signature: give --secret"),
        (request(x_sig="", content_length=""), "The delivery has no value in x-sig. `harness capture` stores no"),
        (request(content_length=""), "No header of the delivery has the form of an HMAC, and none has the secret."),
        (request(), "No header of the delivery has the form of an HMAC, and none has the secret."),
        (
            request(x_sig=signed(b"another", "BODY")),
            "What x-sig has is not the HMAC of this delivery by any scheme or template. Check that the secret",
        ),
        (
            Request(method="POST", url="/", headers=(("x-sig", signed(b"another", "BODY")),), body=BODY),
            "The delivery has no Host, so give --url if the URL is signed.",
        ),
        (
            request(x_sig=f"{signed(TEXT.encode(), 'BODY')}; trailer=1"),
            "It is signed (x-sig, '{body}' with hmac-sha256), but no keys of harness.toml can write that.",
        ),
    ],
)
def test_why_nothing_is_found_is_stated(delivery: Request, text: str) -> None:
    """The message names what to check or to do next."""
    search = find_scheme([delivery], TEXT)

    assert search.found == ()
    assert text in search.why_not
    assert TEXT not in search.why_not


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a raw request, whose secret is in a variable."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOOK", TEXT)
    sent = request(x_acme_signature=signed(TEXT.encode(), "BODY"))
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.headers)
    (tmp_path / "raw.http").write_bytes(f"POST /in?n=1 HTTP/1.1\r\n{head}\r\n".encode() + BODY + b"\n")
    (tmp_path / "text.http").write_bytes(b"{}")
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_the_command_prints_the_section_to_paste() -> None:
    """A raw request of a file, to which an editor added a line break, gives a section; with --json, an object."""
    shown = CliRunner().invoke(main, ["scheme", "raw.http", "--secret", "env:HOOK"])
    as_json = CliRunner().invoke(main, ["scheme", "raw.http", "--secret", "env:HOOK", "--json"])

    assert (shown.exit_code, as_json.exit_code) == (0, 0)
    head, _, section = shown.output.partition("\n\n")
    assert head == "Found: hmac. Write to harness.toml:"
    assert tomllib.loads(section)["receiver"]["signature"]["header"] == "x-acme-signature"
    assert json.loads(as_json.output)["found"] == [section.rstrip("\n")]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "words, status, text",
    [
        (["text.http", "--secret", "env:HOOK"], 4, "ERROR: text.http has no empty line between headers and body."),
        (["raw.http", "--secret", "env:NO_SUCH"], 4, "--secret refers to env:NO_SUCH, and that variable is not set."),
        (["raw.http", "--secret", "plain-text-value"], 4, "--secret takes a reference"),
        (["none.http", "--secret", "env:HOOK"], 4, "File 'none.http' does not exist."),
        (["raw.http", "--secret", "env:HOME"], 1, "What x-acme-signature has is not the HMAC of this delivery"),
    ],
)
def test_bad_input_of_the_command_is_one_sentence(words: list[str], status: int, text: str) -> None:
    """The exit status is 4 for what cannot be read, 1 where no scheme is found."""
    result = CliRunner().invoke(main, ["scheme", *words])

    assert text in result.output
    assert result.exit_code == status
    assert "plain-text-value" not in result.output


def test_capture_finds_the_scheme_itself(tmp_path: Path) -> None:
    """With a secret alone, the first genuine delivery prints the section, and the next ones are judged by it."""
    lines: list[str] = []
    finder = SchemeByDelivery(lambda: TEXT, "", reference="env:HOOK", announce=lines.append)
    store = CaptureStore(tmp_path, lambda headers, body: (headers, body))
    server = CaptureServer(0, store, each=lines.append, limit=9, judge=finder.complaint)
    genuine = request(x_acme_signature=signed(TEXT.encode(), "BODY"))
    forged = request(x_acme_signature=signed(b"another", "BODY"))

    for each in (forged, genuine, forged, genuine):
        server.respond(each)

    assert [line.rpartition(", ")[2] for line in lines if ".http" in line][1::2] == ["genuine", "genuine"]
    assert "not genuine: What x-acme-signature has is not the HMAC" in lines[0]
    assert lines[1].startswith("The scheme is found. Write to harness.toml:\n\n[receiver.signature]")
    assert "not genuine: x-acme-signature does not match the received bytes" in lines[3]
