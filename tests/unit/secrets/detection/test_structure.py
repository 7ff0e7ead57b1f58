"""Secrets that nobody declared are found by their structure, and what only resembles one is not."""

from __future__ import annotations

import base64
import json
import secrets
import string
from collections.abc import Callable

import pytest

from harness.secrets.detection.key_shapes import KEY_SHAPES, SHAPES
from harness.secrets.detection.structure import sightings
from harness.secrets.redaction.redactor import Redactor

LETTERS = string.ascii_letters
HEX = "0123456789abcdef"


def drawn(length: int, alphabet: str = LETTERS + string.digits) -> str:
    """Return random characters, with a digit among them where the alphabet has any."""
    return "".join(secrets.choice(alphabet) for _ in range(length - 1)) + ("7" if "7" in alphabet else "k")


def encoded(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def token() -> str:
    return f"{encoded({'alg': 'HS256', 'typ': 'JWT'})}.{encoded({'sub': drawn(8)})}.{drawn(43)}"


def private_key(kind: str = "") -> str:
    lines = "\n".join(drawn(64) for _ in range(6))
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{lines}\n-----END {kind}PRIVATE KEY-----"


VENDORS: dict[str, Callable[[], str]] = {
    "stripe-key": lambda: f"sk_test_{drawn(24)}",
    "webhook-secret": lambda: f"whsec_{drawn(32)}",
    "github-token": lambda: f"ghp_{drawn(36)}",
    "gitlab-token": lambda: f"glpat-{drawn(20)}",
    "slack-token": lambda: f"xoxb-{drawn(12, string.digits)}-{drawn(24)}",
    "slack-webhook": lambda: f"https://hooks.slack.com/services/T{drawn(9)}/B{drawn(9)}/{drawn(24)}",
    "discord-webhook": lambda: f"https://discord.com/api/webhooks/{drawn(18, string.digits)}/{drawn(68)}",
    "aws-key": lambda: f"AKIA{drawn(16, string.ascii_uppercase + string.digits)}",
    "google-key": lambda: f"AIza{drawn(35)}",
    "google-oauth": lambda: f"GOCSPX-{drawn(28)}",
    "azure-client-secret": lambda: f"{drawn(3)}8Q~{drawn(34)}",
    "sendgrid-key": lambda: f"SG.{drawn(22)}.{drawn(43)}",
    "mailgun-key": lambda: f"key-{drawn(32, HEX)}",
    "mailchimp-key": lambda: f"{drawn(32, HEX)}-us12",
    "shopify-token": lambda: f"shpat_{drawn(32, HEX)}",
    "square-token": lambda: f"sq0csp-{drawn(43)}",
    "paddle-key": lambda: f"pdl_live_apikey_{drawn(26, string.ascii_lowercase + string.digits)}_{drawn(22)}_{drawn(3)}",
    "npm-token": lambda: f"npm_{drawn(36)}",
    "pypi-token": lambda: f"pypi-AgEIcHlwaS5vcmc{drawn(80)}",
    "openai-key": lambda: f"sk-proj-{drawn(48)}",
    "openai-user-key": lambda: f"sk-{drawn(20)}T3BlbkFJ{drawn(20)}",
    "anthropic-key": lambda: f"sk-ant-api03-{drawn(93)}",
    "huggingface-token": lambda: f"hf_{drawn(34, LETTERS)}",
    "digitalocean-token": lambda: f"dop_v1_{drawn(64, HEX)}",
    "docker-token": lambda: f"dckr_pat_{drawn(27)}",
    "databricks-token": lambda: f"dapi{drawn(32, HEX)}",
    "postman-key": lambda: f"PMAK-{drawn(24, HEX)}-{drawn(34, HEX)}",
    "linear-key": lambda: f"lin_api_{drawn(40)}",
    "vault-token": lambda: f"hvs.{drawn(90)}",
    "terraform-token": lambda: f"{drawn(14)}.atlasv1.{drawn(67)}",
    "grafana-token": lambda: f"glsa_{drawn(32)}_{drawn(8, HEX)}",
    "sentry-token": lambda: f"sntrys_{drawn(100)}",
    "newrelic-key": lambda: f"NRAK-{drawn(27, string.ascii_uppercase + string.digits)}",
    "supabase-key": lambda: f"sbp_{drawn(40, HEX)}",
    "atlassian-token": lambda: f"ATATT3{drawn(186)}",
    "age-key": lambda: f"AGE-SECRET-KEY-1{drawn(58, string.ascii_uppercase + string.digits)}",
    "jwt": token,
    "private-key": private_key,
}
"""By the id of a shape: a text that has it."""

FIELDS: dict[str, tuple[str, Callable[[str], str]]] = {
    "json": ("field password", lambda v: f'{{"user": "ada", "password": "{v}"}}'),
    "json-in-json": ("field client_secret", lambda v: json.dumps({"body": json.dumps({"client_secret": v})})),
    "camel-case": ("field refreshtoken", lambda v: f'{{"refreshToken":"{v}"}}'),
    "logfmt": ("field api_key", lambda v: f"level=info api_key={v} status=200"),
    "logfmt-quoted": ("field db_password", lambda v: f'level=info db.password="{v}" status=200'),
    "yaml": ("field signing_key", lambda v: f"webhooks:\n  signing_key: {v}\n"),
    "environment": ("field product_api_key", lambda v: f"PRODUCT_API_KEY={v}"),
    "query": ("field access_token", lambda v: f"GET /me?limit=3&access_token={v}&page=2 200"),
    "key-in-query": ("field key", lambda v: f"GET https://maps.example.com/x?key={v}"),
    "form": ("field client_secret", lambda v: f"body: grant_type=client_credentials&client_secret={v}"),
    "python": ("field password", lambda v: f"refused {{'user': 'ada', 'password': '{v}'}}"),
    "ruby": ("field password", lambda v: f'Parameters: {{"password"=>"{v}"}}'),
    "java": ("field apikey", lambda v: f"Settings{{url=x, apiKey={v}, retries=3}}"),
    "go": ("field token", lambda v: f"&{{Name:x Token:{v} Retries:3}}"),
    "xml": ("field password", lambda v: f"<login><user>ada</user><password>{v}</password></login>"),
    "har": ("field x_api_key", lambda v: f'{{"name": "X-Api-Key", "value": "{v}"}}'),
    "header-pairs": ("field x_api_key", lambda v: f"[(b'x-api-key', b'{v}'), (b'accept', b'*/*')]"),
    "raw-headers": ("field x_api_key", lambda v: f'rawHeaders: ["X-Api-Key","{v}"]'),
    "bearer": ("bearer", lambda v: f"> Authorization: Bearer {v}"),
    "bearer-in-json": ("bearer", lambda v: f'{{"authorization":"Bearer {v}"}}'),
    "own-scheme": ("field authorization", lambda v: f'{{"Authorization": "Token {v}"}}'),
    "basic": ("basic", lambda v: f"authorization: Basic {base64.b64encode(f'ada:{v}'.encode()).decode()}"),
    "userinfo": ("url", lambda v: f"connecting to postgresql://app:{v}@db.internal:5432/app"),
    "set-cookie": ("cookie", lambda v: f"set-cookie: sessionid={v}; Path=/; HttpOnly"),
    "cookie": ("cookie", lambda v: f'{{"cookie": "theme=dark; auth_session={v}"}}'),
}
"""How a value that no vendor marked is written, and the kind as which it is found."""

CONTROLS = {
    "placeholder": '{"api_key": "your-api-key-here"}',
    "placeholder-with-digit": "export API_KEY=your_api_key_123",
    "crosses": "token=xxxxxxxxxxxxxxxx",
    "crosses-in-key": "sk_live_xxxxxxxxxxxxxxxxxxxxxxxx",
    "redacted": "password=[REDACTED env:PASSWORD]",
    "redacted-lower-case": '{"secret": "[redacted]", "password": "[FILTERED]"}',
    "asterisks": "password: ********",
    "masked": f"key sk_live_{drawn(4)}****{drawn(4)}",
    "cut": f"token=ghp_{drawn(8)}… token={drawn(12)}... api_key={drawn(14)}…",
    "shell-variable": "curl -H 'Authorization: Bearer ${ACCESS_TOKEN_2}'",
    "shell-variable-bare": "password=$DB_PASSWORD1",
    "windows-variable": "password=%DB_PASSWORD1%",
    "template": "token: {{ token_1 }}",
    "angle-brackets": "Authorization: Bearer <access-token-1>",
    "format": "postgresql://%s:%s@db/app",
    "braces": '"password": "{password1}"',
    "stripes-example": "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
    "aws-example": "AKIAIOSFODNN7EXAMPLE",
    "jwt-io": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0."
    "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    "rfc-7617": "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
    "publishable": f"pk_live_{drawn(24)}",
    "sid": f"SK{drawn(32, HEX)} AC{drawn(32, HEX)}",
    "sha-256": f'{{"digest": "{drawn(64, HEX)}", "token": "sha256:{drawn(64, HEX)}"}}',
    "password-hash": f'{{"password": "$2b$12${drawn(53)}", "password_hash": "{drawn(40)}"}}',
    "uuid": f'{{"event_id": "{drawn(8, HEX)}-0000-4000-8000-{drawn(12, HEX)}", "idempotency_key": "{drawn(32)}"}}',
    "trace": f"traceparent=00-{drawn(32, HEX)}-{drawn(16, HEX)}-01",
    "signature": f'{{"x-signature": "t=1700000000,v1={drawn(64, HEX)}", "stripe-signature": "v1={drawn(64, HEX)}"}}',
    "cursor": f"next_page_token={drawn(40)} continuation_token={drawn(40)}",
    "csrf": f"csrf_token={drawn(40)} authenticity_token={drawn(40)}",
    "usage": '{"usage": {"total_tokens": 1234567890123, "token": 123456789012}}',
    "prose": "The password: required. Your token=expired, secret: missing; key: not_found_in_cache",
    "validation": '{"errors": {"password": "must have 8 characters or more", "token": "is invalid"}}',
    "schema": '{"password": {"type": "string", "format": "password"}, "token": "string"}',
    "names": '["password", "token2", "secret", "api_key"]',
    "reference": "token = env:PRODUCT_API_KEY_2, secret: file:/run/secrets/key1, ref: op://vault/item1/password",
    "arn": '{"secret": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app-1a2b3c"}',
    "path": "token: /var/run/secrets/kubernetes.io/serviceaccount/token1",
    "code": 'password = os.environ["DB_PASSWORD_1"]; token = get_token(client1)',
    "public-key": f'{{"public_key": "{drawn(44)}", "key_id": "{drawn(20)}"}}',
    "marker": "expected a line -----BEGIN PRIVATE KEY----- in the file",
    "certificate": f"-----BEGIN CERTIFICATE-----\n{drawn(64)}\n-----END CERTIFICATE-----",
    "no-jwt": f"eyJ{drawn(20)}.eyJ{drawn(20)}.{drawn(20)}",
    "no-basic": 'Basic authentication failed. WWW-Authenticate: Bearer realm="api-v2", error="invalid_token"',
    "url-with-port": "http://127.0.0.1:8080/a@b and https://user:password@host.example",
    "cookie-preferences": f"set-cookie: theme={drawn(20)}; Path=/",
    "type": '{"token_type": "bearer12345678901", "secret_name": "prod-db-1-password"}',
}
"""What resembles a secret and is none."""


def test_every_shape_of_a_vendor_has_an_example() -> None:
    """A new row needs a text that has its shape."""
    assert set(VENDORS) == {shape.id for shape in KEY_SHAPES}
    assert len(VENDORS) + len(FIELDS) >= 60


@pytest.mark.parametrize("shape", VENDORS)
def test_a_key_is_recognised_by_its_shape(shape: str) -> None:
    """It is found alone, in a line and in JSON, once; and redaction takes it out of a recording."""
    value = VENDORS[shape]()
    for text in (value, f"2026-11-29 INFO using {value}, then", json.dumps({"x": [value]})):
        assert [found.kind for found in sightings(text)][:1] == [shape], text.replace(value, "VALUE")
    assert value not in Redactor().text(f"it said {value} and ended")
    assert SHAPES.search(value)


@pytest.mark.parametrize("name", FIELDS)
def test_a_value_is_recognised_by_the_field_it_stands_in(name: str) -> None:
    """The kind names the field; the place is the value's, and the representation does not show the value."""
    kind, written = FIELDS[name]
    value = drawn(24)
    text = written(value)

    found = list(sightings(text))

    assert [each.kind for each in found][:1] == [kind]
    assert value not in repr(found)
    assert kind == "basic" or all(each.value == value for each in found)


@pytest.mark.parametrize("name", CONTROLS)
def test_what_resembles_a_secret_is_none(name: str) -> None:
    """Placeholders, masks, references, examples of documentation, ids, hashes and prose are no secrets."""
    assert [found.kind for found in sightings(CONTROLS[name])] == []


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "])
def test_private_keys_of_every_kind_are_found_in_logs(kind: str) -> None:
    """In a line of JSON their line breaks are escaped."""
    key = private_key(kind)

    assert [f.kind for f in sightings(json.dumps({"message": key}))] == ["private-key"]
    assert [f.kind for f in sightings(f"loaded\n{key}\n")] == ["private-key"]


def test_a_password_may_be_short_and_a_word_is_none() -> None:
    """What a person chose is a secret with a digit or a sign among its letters."""
    assert [f.kind for f in sightings('password="hunter2"')] == ["field password"]
    assert [f.kind for f in sightings("password=Winter!Sun")] == ["field password"]
    assert not list(sightings('password="string" pwd=incorrect'))


@pytest.mark.parametrize("text", ["eyJ" * 60_000, '\\"token' * 40_000, "://a:" * 40_000, "-----BEGIN " * 20_000])
def test_the_time_is_linear(text: str) -> None:
    """Text that is made to be slow takes as long as any other; pytest's time-out tells otherwise."""
    assert list(sightings(text)) == []
