"""`harness deliver`, from its options to what arrives at a receiver."""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import json
import re
import secrets
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli.main import main
from harness.webhooks.schemes import scheme_named

from .conftest import Listen, read_request

VARIABLE = "A_SIGNING_SECRET"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
NO = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 3\r\n\r\nbad"
EVENT = '{"id": "evt_1", "type": "run.succeeded", "note": "Zo\u00eb"}'.encode()

Deliver = Callable[..., Result]


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> str:
    value = secrets.token_hex(20)
    monkeypatch.setenv(VARIABLE, value)
    return value


@pytest.fixture
def event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "run.succeeded.json"
    path.write_bytes(EVENT)
    return path


@pytest.fixture
def deliver(secret: str) -> Deliver:
    def run(*words: str) -> Result:
        result = CliRunner().invoke(main, ["deliver", *map(str, words)])
        assert secret not in result.output
        return result

    return run


class Receiver:
    """Keeps what arrives, and takes what is signed rightly."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.requests: list[bytes] = []

    def __call__(self, connection: socket.socket) -> None:
        """Treat one connection."""
        while request := read_request(connection):
            self.requests.append(request)
            connection.sendall(OK if self.is_genuine(request) else NO)

    def is_genuine(self, request: bytes) -> bool:
        """Check the signature as a receiver of this kind does."""
        found = re.search(rb"x-product-signature: t=(\d+),v1=([0-9a-f]*)\r\n", request)
        body = request.partition(b"\r\n\r\n")[2]
        if not found:
            return False
        right = hmac.new(self.secret.encode(), found[1] + b"." + body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(right.encode(), found[2])

    @property
    def ids(self) -> list[str]:
        """The event ids that arrived."""
        return [json.loads(request.partition(b"\r\n\r\n")[2])["id"] for request in self.requests]


@pytest.fixture
def receiver(secret: str) -> Receiver:
    return Receiver(secret)


@pytest.fixture
def to(listen: Listen, receiver: Receiver) -> list[str]:
    return ["--to", listen(receiver), "--secret", f"env:{VARIABLE}"]


def test_an_event_is_signed_delivered_and_acknowledged(
    deliver: Deliver, event: Path, to: list[str], receiver: Receiver
) -> None:
    """The receiver gets the fixture's bytes under a fresh id, signed; the command says so and exits 0."""
    result = deliver(event, *to)

    assert result.exit_code == 0
    assert "run.succeeded: HTTP 200 'ok' in " in result.output
    assert re.search(r"^1 delivered, 1 acknowledged, 0 not; in \d", result.output.splitlines()[-1])
    assert receiver.ids != ["evt_1"]
    assert receiver.requests[0].endswith(EVENT.replace(b"evt_1", receiver.ids[0].encode()))


def test_each_event_is_delivered_as_often_as_asked(
    deliver: Deliver, event: Path, to: list[str], receiver: Receiver
) -> None:
    """--count repeats, each time under another id; --keep-ids keeps the fixture's."""
    assert deliver(event, *to, "--count", "12", "--concurrency", "3").exit_code == 0
    assert len(set(receiver.ids)) == 12

    receiver.requests.clear()

    assert deliver(event, *to, "--count", "2", "--keep-ids").exit_code == 0
    assert receiver.ids == ["evt_1", "evt_1"]


def test_examples_of_a_spec_are_delivered(deliver: Deliver, event: Path, to: list[str], receiver: Receiver) -> None:
    """--spec makes an event of each webhook in place of fixtures, or beside them."""
    body = {"application/json": {"schema": {"type": "object"}, "example": {"id": "e1", "type": "made"}}}
    document = {"openapi": "3.1.0", "paths": {}, "webhooks": {"made": {"post": {"requestBody": {"content": body}}}}}
    (event.parent / "openapi.json").write_text(json.dumps(document))

    result = deliver("--spec", "openapi.json", *to)
    both = deliver(event, "--spec", "openapi.json", *to)

    assert "made: HTTP 200" in result.output
    assert result.output.splitlines()[-1].startswith("1 delivered, 1 acknowledged")
    assert both.output.splitlines()[-1].startswith("2 delivered, 2 acknowledged")
    assert b'"type": "made"' in receiver.requests[0]
    assert "Missing argument 'EVENTS...'" in deliver(*to).output


ANSWERS_WITH_THE_SECRET = {
    "body": "HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n{0}",
    "header": "HTTP/1.1 200 OK\r\nx-debug: {0}\r\ncontent-length: 0\r\n\r\n",
    "reason": "HTTP/1.1 400 not {0}\r\ncontent-length: 0\r\n\r\n",
    "error page": "HTTP/1.1 500 Oops\r\nconnection: close\r\n\r\n<h1>KeyError</h1><pre>secret={0}</pre>",
    "not HTTP": "{0} is all that I say\r\n\r\n",
}


@pytest.mark.parametrize("answer", ANSWERS_WITH_THE_SECRET.values(), ids=ANSWERS_WITH_THE_SECRET.keys())
def test_an_answer_with_the_secret_is_reported_without_it(
    deliver: Deliver, event: Path, listen: Listen, secret: str, answer: str
) -> None:
    """It is named where the answer is HTTP, and never printed, wherever it stands."""

    def tells(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(answer.format(secret).encode())
            if "content-length" not in answer:
                return

    result = deliver(event, "--to", listen(tells), "--secret", f"env:{VARIABLE}")

    assert secret[:12] not in result.output
    assert (f"The receiver's answers hold env:{VARIABLE}." in result.output) is answer.startswith("HTTP")
    assert result.exit_code == 1


def test_an_answer_that_cannot_be_searched_to_its_end_is_reported(
    deliver: Deliver, event: Path, listen: Listen
) -> None:
    """Nobody takes silence for an answer without secrets: the command fails, and a program reads why."""
    body = functools.reduce(lambda text, _: base64.b64encode(text), range(12), b"a text that says nothing")

    def answers(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))

    words = (event, "--to", listen(answers), "--secret", f"env:{VARIABLE}")
    result, figures = deliver(*words), json.loads(deliver(*words, "--json").output)

    what = "the answer: what is encoded more than 10 times"
    assert f"could not be searched for secrets to their ends; what is left out: {what}." in result.output
    assert (result.exit_code, figures["acknowledged"]) == (1, 1)
    assert (figures["secrets_in_answers"], figures["not_searched"]) == ([], [what])


def test_a_delivery_that_is_not_acknowledged_fails_the_command(deliver: Deliver, event: Path, to: list[str]) -> None:
    """A forged one is refused: the answer is shown, counted, and the exit status is 1."""
    result = deliver(event, *to, "--altered", "truncated", "--count", "2")

    assert result.exit_code == 1
    assert "run.succeeded: HTTP 401 'bad' in " in result.output
    assert "           2  HTTP 401 'bad'\n2 delivered, 0 acknowledged, 2 not; in " in result.output


def test_a_case_of_framing_is_left_to_the_gate(deliver: Deliver, event: Path, to: list[str]) -> None:
    """Requests are sent in one way alone here, and the message names the command that does it otherwise."""
    result = deliver(event, *to, "--altered", "http-1.0")

    assert result.exit_code == 4
    assert (
        "--altered http-1.0 changes how a request is sent (as HTTP/1.0), which only the gate can do." in result.output
    )


def test_quiet_prints_the_summary_alone(deliver: Deliver, event: Path, to: list[str]) -> None:
    """No line for each delivery."""
    assert "run.succeeded:" not in deliver(event, *to, "--quiet").output


def test_of_many_deliveries_the_first_are_told(deliver: Deliver, event: Path, to: list[str]) -> None:
    """Lines are bounded; the summary counts all."""
    output = deliver(event, *to, "--count", "80").output

    assert output.count("run.succeeded: HTTP 200") == 50
    assert output.count("... more acknowledged deliveries are counted below") == 1
    assert "80 delivered, 80 acknowledged" in output


def test_a_dry_run_prints_the_request_and_sends_none(
    deliver: Deliver, event: Path, to: list[str], receiver: Receiver
) -> None:
    """What is shown is what would arrive, byte for byte, and it is genuine; a curl command says the same."""
    result = deliver(event, *to, "--dry-run", "--keep-ids")
    request = result.output.encode().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").partition(b"\r\n\r\n")

    assert result.exit_code == 0
    assert request[0].startswith(b"POST /hook HTTP/1.1\r\nhost: 127.0.0.1:")
    assert request[2].startswith(EVENT)
    assert receiver.is_genuine(request[0] + b"\r\n\r\n" + EVENT)
    assert re.search(r"^curl -i -H .*x-product-signature: t=\d+,v1=[0-9a-f]{64}' ", result.output, re.MULTILINE)
    assert receiver.requests == []


def test_a_dry_run_hides_a_token(deliver: Deliver, event: Path, to: list[str]) -> None:
    """Where the secret itself travels in a header, its name is shown in its place."""
    result = deliver(event, *to, "--dry-run", "--scheme", "cloudevents")

    assert f"authorization: Bearer [REDACTED env:{VARIABLE}]" in result.output


def test_what_the_options_leave_open_comes_from_harness_toml(
    deliver: Deliver, event: Path, listen: Listen, receiver: Receiver
) -> None:
    """The folder's harness.toml names the receiver, the scheme with all its keys, and the secret."""
    (event.parent / "harness.toml").write_text(
        f'[target]\nname = "T"\n[receiver]\nurl = "{listen(receiver)}"\n'
        f'signature = {{ scheme = "hmac", prefix = "sha=", template = "{{body}}", secret = "env:{VARIABLE}" }}\n'
    )

    deliver(event)

    head = receiver.requests[0].partition(b"\r\n\r\n")[0]
    assert re.search(rb"x-product-signature: sha=[0-9a-f]{64}\r\n", head + b"\r\n")


HALF = '[target]\nname = "T"\n[receiver]\nurl = "http://127.0.0.1:{port:app}/hook"\n'
WHOLE = (
    HALF.replace("{port:app}", "1")
    + 'signature = { scheme = "hmac", secret = "fresh:S" }\n[process.a]\ncommand = ["x"]\nready = "http://127.0.0.1:1/"\n'
)


@pytest.mark.parametrize(
    "toml, words, said",
    [
        ("", ["--to", "http://127.0.0.1:1/"], "harness.toml not found in"),
        (
            '[target]\nname = "T"\n',
            ["--secret", f"env:{VARIABLE}"],
            "harness.toml has no [receiver]. Add the section, or give --to URL",
        ),
        (
            HALF,
            ["--secret", f"env:{VARIABLE}"],
            "for each run. Start the receiver yourself and give --to URL",
        ),
        (HALF, ["--to", "http://127.0.0.1:1/"], "has no [receiver] signature. Add it, or give --secret"),
        (WHOLE, [], "is fresh:S, and the gate generates a new one for each run. Give --secret env:S"),
        (WHOLE, ["--secret", "hunter22hunter22"], "--secret takes a reference, env:NAME or file:PATH"),
        (WHOLE, ["--secret", f"env:{VARIABLE}", "--altered", "trunkated"], "no receiver case is called 'trunkated'."),
        (WHOLE, ["--secret", f"env:{VARIABLE}", "--scheme", "githob"], "Did you mean 'github'?"),
        (
            WHOLE,
            ["--secret", "env:NOT_SET_ANYWHERE"],
            "ERROR: --secret refers to env:NOT_SET_ANYWHERE, and that variable",
        ),
        (
            WHOLE.replace("fresh:S", "env:NO_SUCH"),
            [],
            "harness.toml: [receiver.signature] secret refers to env:NO_SUCH",
        ),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_is_sent(
    deliver: Deliver, event: Path, toml: str, words: list[str], said: str
) -> None:
    """Each mistake is named with what to say instead, the exit status is 4, and no secret is repeated."""
    if toml:
        (event.parent / "harness.toml").write_text(toml)

    result = deliver(event, *words)

    assert said in result.output.replace("\n", " ")
    assert "hunter22" not in result.output
    assert result.exit_code == 4


def test_the_public_key_of_a_receiver_is_printed(deliver: Deliver, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is what the receiver is configured with, and nothing of the private one."""
    scheme = scheme_named("discord")
    key = scheme.new_secret()
    monkeypatch.setenv("PRIVATE_KEY", key)
    done = deliver("--public-key", "--scheme", "discord", "--secret", "env:PRIVATE_KEY")

    assert (done.exit_code, done.output) == (0, f"{scheme.public_key(key)}\n")


def test_a_shared_secret_is_never_printed(deliver: Deliver) -> None:
    """Where both sides hold the secret there is no public key, and the message names the schemes that have one."""
    done = deliver("--public-key", "--scheme", "github", "--secret", f"env:{VARIABLE}")

    assert done.exit_code
    assert f"'github' has no public key; its receiver needs env:{VARIABLE} itself" in done.output
    assert "discord" in done.output


TWILIO = b"content-type: application/x-www-form-urlencoded\ni-twilio-idempotency-token: a\n\nBody=hi&MessageSid=SM1"


def shown(result: Result, header: str) -> list[str]:
    return re.findall(rf"^{header}: (.*)$", result.output.replace("\r", ""), re.MULTILINE | re.IGNORECASE)


def test_a_case_that_changes_json_is_refused_for_a_form_in_a_sentence(event: Path, deliver: Deliver) -> None:
    """The message names the option, the case and the fixture."""
    form = event.with_name("tw.http")
    form.write_bytes(TWILIO)
    dry = ("--secret", f"env:{VARIABLE}", "--to", "http://127.0.0.1:1/", "--dry-run", "--scheme", "twilio")
    result = deliver(form, *dry, "--altered", "raw-compact")

    assert result.exit_code != 0
    assert "--altered raw-compact is not possible: tw is not JSON, which this case changes." in result.output


def test_the_signature_of_another_form_is_another(event: Path, deliver: Deliver) -> None:
    """Twilio signs the fields of the form, so that those of another event must differ."""
    form = event.with_name("tw.http")
    form.write_bytes(TWILIO)
    dry = ("--secret", f"env:{VARIABLE}", "--to", "http://127.0.0.1:1/", "--dry-run", "--scheme", "twilio")
    genuine, other = (deliver(form, *dry, *more) for more in ((), ("--altered", "other-event")))

    assert shown(genuine, "x-twilio-signature") != shown(other, "x-twilio-signature")


def test_each_delivery_of_a_form_is_fresh(event: Path, deliver: Deliver) -> None:
    """The id stands in a field; harness.toml says how deliveries are signed."""
    signature = f'signature = {{ scheme = "slack", secret = "env:{VARIABLE}" }}'
    event.with_name("harness.toml").write_text(
        f'[target]\nname = "form"\n[receiver]\nurl = "http://127.0.0.1:1/"\nevent_type = "type"\n{signature}\n'
    )
    form = event.with_name("form.http")
    form.write_bytes(b"content-type: application/x-www-form-urlencoded\n\nevent_id=Ev1&type=x")
    result = deliver(form, "--dry-run", "--count", "2")
    ids = re.findall(r"^event_id=([^&]*)&type=x$", result.output, re.MULTILINE)

    assert len(set(ids)) == 2
    assert "Ev1" not in ids


def test_each_delivery_has_both_ids_of_shopify_fresh(event: Path, deliver: Deliver) -> None:
    """A receiver may tell duplicates by either header."""
    captured = event.with_name("s.http")
    captured.write_bytes(b"x-shopify-topic: t\nx-shopify-webhook-id: w1\nx-shopify-event-id: e1\n\n{}")
    dry = ("--secret", f"env:{VARIABLE}", "--to", "http://127.0.0.1:1/", "--dry-run", "--scheme", "shopify")
    result = deliver(captured, *dry, "--count", "2")

    for header, old in (("x-shopify-event-id", "e1"), ("x-shopify-webhook-id", "w1")):
        assert len({old, *shown(result, header)}) == 3


@pytest.mark.parametrize("character", ["a", "'", "&", "%", " ", '"', "\\", "$"])
def test_a_token_in_the_query_is_not_shown(
    character: str, event: Path, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in the request nor in the curl command, however a URL or a shell writes it."""
    token = f"tok{character * 26}en0"
    monkeypatch.setenv("A_TOKEN", token)
    captured = event.with_name("c.http")
    captured.write_bytes(b"content-type: application/json\nce-id: 1\nce-type: x\n\n{}")
    dry = ("--secret", "env:A_TOKEN", "--to", "http://127.0.0.1:1/", "--dry-run", "--scheme", "cloudevents")
    result = deliver(captured, *dry, "--altered", "in-query")

    assert "POST /?signature=" in result.output
    assert "tok" not in result.output
    assert "REDACTED" not in result.output, "the token itself is in no URL, for a receiver writes that to its log"


def test_basic_credentials_are_not_shown_to_the_last_character(
    event: Path, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are sent as base64, whose last characters belong to the secret too."""
    monkeypatch.setenv("USER_AND_PASSWORD", f"alice:{secrets.token_hex(16)}")
    dry = ("--secret", "env:USER_AND_PASSWORD", "--to", "http://127.0.0.1:1/", "--dry-run", "--scheme", "basic")
    lines = deliver(event, *dry).output.splitlines()

    assert "authorization: Basic [REDACTED env:USER_AND_PASSWORD]" in lines


def test_without_authentication_a_delivery_has_no_secret(event: Path, deliver: Deliver) -> None:
    """No reference to one is needed, and nothing can be forged."""
    dry = ("--to", "http://127.0.0.1:1/", "--dry-run", "--scheme", "none")

    assert "authorization" not in deliver(event, *dry).output
    assert (
        "nothing shows who sent a delivery, so none can be forged"
        in deliver(event, *dry, "--altered", "missing").output
    )


def test_a_structured_cloud_event_is_delivered_as_it_is(event: Path, deliver: Deliver) -> None:
    """Beside its body stands the credential alone: no second id, type or source."""
    captured = event.with_name("c.http")
    body = b'{"specversion":"1.0","id":"A-1","source":"/s","type":"t"}'
    captured.write_bytes(b"content-type: application/cloudevents+json\n\n" + body)
    dry = ("--secret", f"env:{VARIABLE}", "--to", "http://127.0.0.1:1/", "--dry-run", "--scheme", "cloudevents")
    result = deliver(captured, *dry)

    assert "ce-" not in result.output
    assert re.search(r'"id":"A-\d+"', result.output)
    assert '"A-1"' not in result.output
