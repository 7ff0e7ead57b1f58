from __future__ import annotations

import base64
import gzip
import json
import secrets
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import CassetteError
from harness.secrets import Vault
from harness.secrets.redaction.redactor import Redactor

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
SECRET = secrets.token_urlsafe(24)
"""A secret that nobody told the redactor of: only where it stands gives it away."""


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


BODIES = [
    ("json", JSON, "", json.dumps({"user": "ada", "password": SECRET})),
    ("json with a charset", f"{JSON}; charset=utf-8", "", json.dumps({"apiKey": SECRET})),
    ("json without a content type", "", "", json.dumps({"client_secret": SECRET})),
    ("nested json", JSON, "", json.dumps({"a": [{"b": {"refresh-token": SECRET}}]})),
    ("list of secrets", JSON, "", json.dumps({"tokens": [SECRET, "x"]})),
    ("name and value", JSON, "", json.dumps({"env": [{"value": SECRET, "name": "API_KEY"}]})),
    ("object at a secret name", JSON, "", json.dumps({"token": {"value": SECRET}})),
    ("json in json", JSON, "", json.dumps({"payload": json.dumps({"password": SECRET})})),
    ("json in json in json", JSON, "", json.dumps({"p": json.dumps({"q": json.dumps({"secret": SECRET})})})),
    ("base64 of json", JSON, "", json.dumps({"data": b64(json.dumps({"access_token": SECRET}))})),
    ("base64 as a whole", "text/plain", "", b64(json.dumps({"access_token": SECRET}))),
    ("truncated json", JSON, "", json.dumps({"password": SECRET, "more": "x"})[:-6]),
    ("json with a repeated key", JSON, "", f'{{"url": "/?token={SECRET}", "url": "x"}}'),
    ("lines of json", "application/x-ndjson", "", f'{{"a": 1}}\n{{"token": "{SECRET}"}}\n'),
    ("events", "text/event-stream", "", f'event: x\ndata: {{"token": "{SECRET}"}}\n\n'),
    ("form", FORM, "", f"user=ada&password={SECRET}"),
    ("nested form", FORM, "", f"user%5Bpassword%5D={SECRET}&x=1"),
    ("oauth code", FORM, "", f"grant_type=authorization_code&code={SECRET}"),
    ("xml", "text/xml", "", f"<login><Password>{SECRET}</Password></login>"),
    ("xml attribute", "text/xml", "", f'<login password="{SECRET}"/>'),
    ("url in json", JSON, "", json.dumps({"next": f"https://example.com/files?sig={SECRET}"})),
    ("url with a password", JSON, "", json.dumps({"dsn": f"postgres://ada:{SECRET}@db/x"})),
    ("bearer in text", "text/plain", "", f"called with Authorization: Bearer {SECRET}0"),
    ("jwt anywhere", JSON, "", json.dumps({"x": f"eyJhbGciOiJI.eyJzdWIiOiIx.{SECRET}"})),
    ("private key", JSON, "", json.dumps({"x": f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----"})),
    ("vendor's prefix", JSON, "", json.dumps({"x": "sk_live_" + SECRET.replace("-", "0")})),
    ("multipart", "multipart/form-data; boundary=XyZ", "",
     f'--XyZ\r\nContent-Disposition: form-data; name="api_key"\r\n\r\n{SECRET}\r\n--XyZ--\r\n'),
    ("json in multipart", "multipart/form-data; boundary=XyZ", "",
     f'--XyZ\r\nContent-Disposition: form-data; name="meta"\r\n\r\n{{"secret":"{SECRET}"}}\r\n--XyZ--\r\n'),
    ("gzip", JSON, "gzip", json.dumps({"password": SECRET})),
    ("deflate", JSON, "deflate", json.dumps({"password": SECRET})),
    ("deflate without zlib's header", JSON, "raw deflate", json.dumps({"password": SECRET})),
    ("gzip of form", FORM, "gzip", f"password={SECRET}"),
    ("gzip that no header tells", JSON, "untold gzip", json.dumps({"password": SECRET})),
]  # fmt: skip


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "raw deflate": raw_deflate,
    "untold gzip": gzip.compress,
}


def unpacked(body: bytes) -> str:
    """Return everything that a body says, in all its layers."""
    for bits in (31, 15, -15):
        try:
            body = zlib.decompress(body, bits)
            break
        except zlib.error:
            continue
    text = body.decode()
    said = [text]
    for word in text.replace('"', " ").split():
        try:
            said.append(base64.b64decode(word, validate=True).decode())
        except ValueError:
            continue
    return "\n".join(said)


@pytest.mark.parametrize("media_type,coding,text", [row[1:] for row in BODIES], ids=[row[0] for row in BODIES])
def test_no_body_keeps_a_secret_of_a_telling_field(media_type: str, coding: str, text: str) -> None:
    """A placeholder replaces each secret of a body, which can still be read."""
    body = PACKED.get(coding, bytes)(text.encode())
    header = {"raw deflate": "deflate", "untold gzip": ""}.get(coding, coding)

    clean = Redactor().body(body, media_type=media_type, coding=header)

    told = unpacked(clean)
    assert SECRET[-12:-2] not in told
    assert "REDACTED" in told
    assert Redactor().body(clean, media_type=media_type, coding=header) == clean


HEADERS = [
    ("Authorization", f"Bearer {SECRET}", "Bearer [REDACTED authorization]"),
    ("Authorization", SECRET, "[REDACTED authorization]"),
    ("Authorization", f"Basic {b64('ada:' + SECRET)}", "Basic [REDACTED authorization]"),
    ("X-Api-Key", SECRET, "[REDACTED x-api-key]"),
    ("X-Hub-Signature", SECRET, "[REDACTED x-hub-signature]"),
    ("Cookie", f"sid={SECRET}; theme=dark", "sid=[REDACTED cookie sid]; theme=[REDACTED cookie theme]"),
    ("Set-Cookie", f"sid={SECRET}; Path=/; HttpOnly", "sid=[REDACTED cookie sid]; Path=/; HttpOnly"),
    ("Location", f"https://example.com/done?token={SECRET}", "https://example.com/done?token=%5BREDACTED+token%5D"),
    ("Idempotency-Key", "9d3c2f4e-2a6b", "9d3c2f4e-2a6b"),
    ("X-RateLimit-Remaining-Tokens", "1200", "1200"),
    ("Content-Type", JSON, JSON),
]


@pytest.mark.parametrize("name,value,expected", HEADERS, ids=[expected for _, _, expected in HEADERS])
def test_headers_keep_what_is_no_secret(name: str, value: str, expected: str) -> None:
    """A credential's scheme, a cookie's name and every harmless header stay."""
    assert Redactor().headers({name: [value]}) == {name: [expected]}


HARMLESS = [
    {"nextPageToken": "CAUQAA", "token_type": "bearer", "total_tokens": 512, "max_tokens": 5},
    {"key": "PROJ-1", "publicKey": "abc", "keys": ["a", "b"], "hasPassword": True, "secret": None, "token": ""},
    {"id": "prj_984077b750727a80", "createdAt": "2026-11-24T04:53:09.927Z", "sha": "0" * 40},
    {"huge": 10**400, "note": "a token of 1e400, NaN"},
    {"text": "cGxhaW4gdGV4dCB0aGF0IGlzIGhhcm1sZXNz", "number": 1.10, "exponent": 1e5},
]


@pytest.mark.parametrize("document", HARMLESS)
def test_a_body_without_secrets_stays_as_it_was_to_the_byte(document: dict[str, object]) -> None:
    """Nothing is rewritten where nothing is hidden: signatures and reviews depend on it."""
    body = json.dumps(document, indent=3).encode()

    assert Redactor().body(body, media_type=JSON) == body


def test_binary_bodies_come_back_as_they_were() -> None:
    """Bytes that are no text stay, and a secret's field among them does not."""
    image = bytes(range(256)) * 4
    redactor = Redactor()

    assert redactor.body(image, media_type="image/png") == image
    assert SECRET.encode() not in redactor.body(image + f'"password":"{SECRET}"'.encode(), media_type="image/png")


def test_equal_secrets_are_equal_and_different_ones_are_told_apart() -> None:
    """A placeholder follows its secret through fields, headers and URLs."""
    one, two = secrets.token_hex(16), secrets.token_hex(16)
    redactor = Redactor()

    login = json.loads(redactor.body(json.dumps({"token": one, "again": one}).encode(), media_type=JSON))
    other = json.loads(redactor.body(json.dumps({"token": two}).encode(), media_type=JSON))

    assert login == {"token": "[REDACTED token]", "again": "[REDACTED token]"}
    assert other == {"token": "[REDACTED token 2]"}
    assert redactor.uri(f"/x/{one}?secret={two}") == "/x/%5BREDACTED%20token%5D?secret=%5BREDACTED+token+2%5D"


def test_a_replay_with_other_secrets_meets_the_same_placeholders() -> None:
    """What a client sends on replay, with fresh secrets and those its recorded responses hold, is what was recorded."""

    def told(passwords: list[str], answer: Callable[[Redactor], str]) -> list[bytes]:
        redactor = Redactor()
        sent = [redactor.body(json.dumps({"token": passwords[0]}).encode(), media_type=JSON)]
        token = answer(redactor)
        sent.append(redactor.body(json.dumps({"token": token}).encode(), media_type=JSON))
        sent.append(redactor.body(json.dumps({"token": passwords[1]}).encode(), media_type=JSON))
        return sent

    minted = secrets.token_hex(16)
    answered: list[bytes] = []

    def live(redactor: Redactor) -> str:
        body = json.dumps({"token": minted}).encode()
        answered.append(redactor.body(body, media_type=JSON, received=True))
        return minted

    recorded = told([secrets.token_hex(16), secrets.token_hex(16)], live)
    replayed = told([secrets.token_hex(9), secrets.token_hex(9)], lambda _: str(json.loads(answered[0])["token"]))

    assert json.loads(answered[0]) == {"token": "[REDACTED received token]"}
    assert replayed == recorded


def test_a_known_value_is_called_by_its_name(tmp_path: Path) -> None:
    """What harness.toml refers to is found in any field, form and encoding, and named as it is there."""
    value = secrets.token_urlsafe(24)
    vault = Vault(seed="", root=tmp_path)
    vault.add("env:PRODUCT_API_KEY", value)
    redactor = Redactor(vault.redact)

    assert redactor.headers({"Authorization": f"Bearer {value}"}) == {
        "Authorization": "Bearer [REDACTED env:PRODUCT_API_KEY]"
    }
    assert redactor.uri(f"https://x/{value}?q={value}").count("REDACTED") == 2
    assert json.loads(redactor.body(json.dumps({"note": b64(f"it is {value}!")}).encode()))["note"] == b64(
        "it is [REDACTED env:PRODUCT_API_KEY]!"
    )
    assert redactor.text(f"no answer to {value}") == "no answer to [REDACTED env:PRODUCT_API_KEY]"


@pytest.mark.parametrize(
    "text",
    [
        f"GET https://x/y?api_key={SECRET} failed",
        f"could not log in with {{'authorization': 'Bearer {SECRET}0'}}",
        f'body was {{"password": "{SECRET}"',
        f"Authorization: {SECRET}",
        f"https://ada:{SECRET}@example.com refused",
    ],
    ids=["query", "header in a dict", "cut json", "header", "user and password"],
)
def test_error_texts_show_no_secret(text: str) -> None:
    """A message that quotes a call does not quote its secrets."""
    assert SECRET not in Redactor().text(text)


def test_a_url_without_secrets_stays_as_it_was() -> None:
    """Encoding, order and empty fields of a query are kept."""
    for uri in (
        "http://127.0.0.1/a%2Fb?x=%20&y=&z",
        "/runs?projectId=prj_984077b750727a80&cursor=a+b",
        "http://[::1]/",
    ):
        assert Redactor().uri(uri) == uri


@pytest.mark.parametrize(
    "uri, left",
    [("http://a/x?appid=k&b=%20", "http://a/x?b=%20"), ("/x?appid=k", "/x"), ("/x?b&appid=k#f", "/x?b#f")],
)
def test_a_key_in_the_query_is_left_out(uri: str, left: str) -> None:
    """It identifies no request: a client with another key is answered from the same recording."""
    for redactor in (Redactor(key_names=["appid"]), Redactor(key_names=["appid"]).blank()):
        assert redactor.uri(uri) == left


def test_a_body_that_cannot_be_searched_is_refused() -> None:
    """What is encoded in a way nobody can open is not kept."""
    with pytest.raises(CassetteError) as unknown:
        Redactor().body(b"\x01\x02", coding="br")
    with pytest.raises(CassetteError) as damaged:
        Redactor().body(gzip.compress(b"x" * 999)[:20] + b"\xff" * 9, coding="gzip")
    with pytest.raises(CassetteError) as bomb:
        Redactor().body(gzip.compress(bytes(65 << 20)), coding="gzip")

    assert "encoded as 'br'" in str(unknown.value)
    assert "Accept-Encoding: gzip, deflate" in str(unknown.value)
    assert "declared as gzip is damaged" in str(damaged.value)
    assert "expands to more than 64 MiB" in str(bomb.value)


def test_equal_content_is_packed_into_equal_bytes() -> None:
    """A compressed request matches its recording, although gzip writes the time into it."""
    content = b'{"name":"Nightly export"}'
    early, late = (gzip.compress(content, mtime=t) for t in (1, 2))

    assert Redactor().body(early, coding="gzip") == Redactor().body(late, coding="gzip")


def test_numbers_beyond_all_bounds_keep_their_place() -> None:
    """What JSON's grammar allows and few readers take does not shift what is redacted."""
    body = f'{{"a":1e999,"b":NaN,"c":-1.5e+3,"d":[true,"x\\"y"],"password":"{SECRET}","pin":1234,"e":"z"}}'

    clean = Redactor().body(body.encode(), media_type=JSON).decode()

    assert clean == body.replace(SECRET, "[REDACTED password]").replace("1234", "0")


def test_deep_nesting_ends_in_plain_text_search() -> None:
    """JSON too deep for a parser is searched as text."""
    body = ("[" * 100_000 + f'{{"password":"{SECRET}"}}').encode()

    assert SECRET.encode() not in Redactor().body(body, media_type=JSON)


def test_nothing_that_is_printed_shows_what_was_met() -> None:
    """The redactor's own parts do not print secrets."""
    redactor = Redactor()
    redactor.headers({"x-api-key": SECRET})

    assert SECRET not in repr(redactor)
    assert SECRET not in repr(redactor._secrets)


def test_a_header_beyond_ascii_is_searched_as_utf_8_too() -> None:
    """The text of a header has its bytes as ISO-8859-1: a known value in UTF-8 is found, and all else stays."""
    secret = f"schlüssel-{SECRET}"
    redactor = Redactor(lambda text: text.replace(secret, "[REDACTED key]"))
    sent = f"a {secret} ü".encode().decode("latin-1")

    clean = redactor.headers({"x-note": sent, "x-city": "Zürich", "x-other": "Zürich".encode().decode("latin-1")})

    assert clean == {
        "x-note": "a [REDACTED key] ü".encode().decode("latin-1"),
        "x-city": "Zürich",
        "x-other": "ZÃ¼rich",
    }
