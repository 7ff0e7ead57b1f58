"""A provider with several security schemes: each operation takes its own credential, in all that the harness sends."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from harness.context.examination.named_things import NAMED_THINGS
from harness.context.run_context import RunContext
from harness.contract.credential_watch import FILES, CredentialWatch
from harness.contract.credentials import judge_acceptances
from harness.contract.rejection import CASES, SecuredCalls, judge_malformed_credentials, judge_rejection
from harness.errors import ConfigurationError
from harness.fuzzing.defects import as_request
from harness.fuzzing.sending import send_stored
from harness.model import Outcome
from tests.unit.conftest import document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.unit.conftest import Call, Reply, Serve

FINE = {"200": {"description": "fine", "content": {"application/json": {"schema": {"type": "object"}}}}}
SCHEMES = {
    "appId": {"type": "apiKey", "in": "header", "name": "X-App-Id"},
    "apiKey": {"type": "apiKey", "in": "query", "name": "key"},
    "admin": {"type": "oauth2", "flows": {}},
    "other": {"type": "http", "scheme": "bearer"},
}
PATHS: dict[str, Any] = {
    "/things": {
        "get": {"security": [{"appId": [], "apiKey": []}], "responses": FINE},
        "put": {"security": [{"admin": ["write"]}], "responses": FINE},
    },
    "/admin": {"get": {"security": [{"admin": []}], "responses": FINE}},
    "/me": {"get": {"responses": FINE}},
}
CALLS = [("GET", "/things"), ("PUT", "/things"), ("GET", "/admin"), ("GET", "/me")]
NAMED = """
[provider.credentials.appId]
type = "api-key"
key = "env:APP"
header = "X-App-Id"
[provider.credentials.apiKey]
type = "api-key"
key = "env:KEY"
query = "key"
[provider.credentials.admin]
type = "oauth2-client-credentials"
token_url = "{url}/token"
client_id = "me"
client_secret = "env:CLIENT_SECRET"
"""


class Guarded:
    """A provider that compares what each operation needs, but for what it ``ignores``."""

    def __init__(self, serve: Serve, values: dict[str, str]) -> None:
        self.ignores: set[str] = set()
        self.tokens: list[str] = []
        self.calls: list[Call] = []
        self._values = values
        self.url = serve(self._answer)

    def _answer(self, call: Call) -> Reply:
        path, _, query = call.path.partition("?")
        if path == "/token":
            self.tokens.append(secrets.token_urlsafe(24))
            return 200, {}, {"access_token": self.tokens[-1], "token_type": "Bearer", "expires_in": 3600}
        self.calls.append(call)
        needed = {
            "/things": {"app": call.headers.get("x-app-id") == self._values["APP"]}
            | {"key": query == f"key={self._values['KEY']}"},
            "/me": {"usual": call.headers.get("authorization") == f"Bearer {self._values['USUAL']}"},
        }
        admin = {"admin": call.headers.get("authorization") in [f"Bearer {token}" for token in self.tokens]}
        found = needed.get(path, admin) if call.method == "GET" else admin
        return (200 if all(fits for name, fits in found.items() if name not in self.ignores) else 401), {}, {}


@pytest.fixture
def values(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    made = {name: secrets.token_hex(12) for name in ("USUAL", "APP", "KEY", "CLIENT_SECRET")}
    for name, value in made.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def provider(serve: Serve, values: dict[str, str]) -> Guarded:
    return Guarded(serve, values)


@pytest.fixture
def begin(tmp_path: Path, provider: Guarded) -> Iterator[Callable[..., RunContext]]:
    """Begins a run at the provider, with these tables after ``[provider]``, and more keys in it."""
    import json
    from contextlib import ExitStack

    described = document(PATHS) | {"components": {"securitySchemes": SCHEMES}, "security": [{"other": []}]}
    (tmp_path / "openapi.json").write_text(json.dumps(described))
    with ExitStack() as stack:

        def begun(named: str = NAMED) -> RunContext:
            (tmp_path / "harness.toml").write_text(
                f'[target]\nname = "Tiny"\n[provider]\nbase_url = "{provider.url}"\nspec = "openapi.json"\n'
                'ours = true\nprobes = "write"\nauth = { type = "bearer", token = "env:USUAL" }\n'
                + named.replace("{url}", provider.url)
            )
            return stack.enter_context(RunContext.begun(tmp_path, overlay=None))

        yield begun


def test_each_operation_is_called_with_its_own(begin: Callable[..., RunContext], provider: Guarded) -> None:
    """One with two keys, one with the token of an authorization server, and one with that of all others."""
    context = begin()
    with context.provider.client() as client:
        answers = [client.send(client.build(method, path)).response for method, path in CALLS]
    with context.network.client(base_url=provider.url, **context.provider.credentials.client_options()) as api:
        answers += [api.request(method, path) for method, path in CALLS]
        other = api.get("/me", headers={"authorization": "Bearer mine"})

    async def several() -> list[httpx.Response]:
        options = context.provider.credentials.client_options()
        async with context.network.async_client(base_url=provider.url, **options) as api:
            return [await api.request(method, path) for method, path in CALLS]

    answers += asyncio.run(several())
    assert [answer and answer.status_code for answer in answers] == [200] * 12
    assert other.status_code == 401
    assert len(provider.tokens) == 1


def test_a_method_without_an_operation_takes_what_its_path_takes(
    begin: Callable[..., RunContext], provider: Guarded
) -> None:
    """A path that the document does not have takes [provider] auth."""
    with begin().provider.own_client() as client:
        for method, path in (("DELETE", "/admin"), ("GET", "/nowhere")):
            client.send(client.build(method, path))

    admin, nowhere = (call.headers["authorization"] for call in provider.calls)
    assert admin == f"Bearer {provider.tokens[0]}"
    assert nowhere not in (admin, "")


def test_every_credential_is_redacted_and_searched_for(
    begin: Callable[..., RunContext], provider: Guarded, values: dict[str, str]
) -> None:
    """A token that was issued too."""
    context = begin()
    context.secrets.resolve_all(strict=True)
    context.provider.credentials.ask_tokens()
    for value in (*values.values(), *provider.tokens):
        assert value not in context.vault.redact(f"x {value} y")
        assert context.vault.scanner().scan_bytes(f"x {value} y".encode(), "x")
    assert context.provider.credentials.key_names == {"key"}


def test_what_is_stored_of_a_request_has_no_credential(
    begin: Callable[..., RunContext], provider: Guarded, values: dict[str, str]
) -> None:
    """Nor has one that is another operation's; the names lead to the credential when it is sent again."""
    with begin().provider.client() as client:
        sent = [client.build(method, path) for method, path in CALLS]
        stored = [as_request(request, provider.url, client.carried_by(request)) for request in sent]
        foreign = client.build("GET", "/me", client.headers_for("GET", "/admin"))
        stored.append(as_request(foreign, provider.url, client.carried_by(foreign)))
        again = [send_stored(each, client).response for each in stored]

    assert not [value for value in (*values.values(), *provider.tokens) if value in repr(stored)]
    assert [each.secret for each in stored] == [("x-app-id", "?key"), *[("authorization",)] * 4]
    assert [answer and answer.status_code for answer in again] == [200] * 5


def test_each_credential_is_accepted_and_watched(
    begin: Callable[..., RunContext], provider: Guarded, tmp_path: Path
) -> None:
    """Each by an operation that takes it; one that is refused is named with its schemes."""
    context = begin()
    assert context.credential is not None
    with context.provider.client() as client:
        secured = context.provider.secured(client)
        context.provider.credentials.ask_tokens()
        [token], provider.tokens[:] = provider.tokens, ["another"]
        found = judge_acceptances(secured, context.credential, reproduce="")
        provider.tokens[:] = [token]
        fine = judge_acceptances(secured, context.credential, reproduce="")
        CredentialWatch(tmp_path, secured, context.credential).ask("before")

    accepted = [("Accepted the test credential (appId and apiKey)", "GET /things: HTTP 200")]
    accepted += [("Accepted the test credential (admin)", "GET /admin: HTTP 200")]
    accepted += [("Accepted the test credential", "GET /me: HTTP 200")]
    assert [(f.summary, f.observed) for f in fine] == accepted
    assert len(list(tmp_path.glob(FILES))) == 3
    [refused] = [f for f in found if f.outcome is Outcome.FAIL]
    assert refused.summary == f"Refused the test credential (admin) ({refused.id})"
    assert refused.fix.startswith("Compare [provider.credentials] of these schemes with what the provider issued")
    assert [f.case for f in fine] == ["appId-apiKey", "admin", ""]


# What the provider does not compare, the operations that do not refuse a call, and the one credential that is named.
IGNORED: dict[str, tuple[set[str], set[str], str]] = {
    "nothing": (set(), set(), ""),
    "the id of the application": ({"app"}, {"GET /things"}, "x-app-id"),
    "the key beside it": ({"key"}, {"GET /things"}, "?key"),
    "the token of an administrator": ({"admin"}, {"PUT /things", "GET /admin"}, ""),
    "the usual token": ({"usual"}, {"GET /me"}, ""),
}


@pytest.mark.parametrize("ignored, open_to, alone", IGNORED.values(), ids=IGNORED.keys())
def test_what_an_operation_takes_is_what_is_wrong(
    ignored: set[str], open_to: set[str], alone: str, begin: Callable[..., RunContext], provider: Guarded
) -> None:
    """Of two that are needed together, each alone is left out, wrong, cut and malformed, and is named."""
    context = begin()
    provider.ignores = ignored
    credential = context.credential
    assert credential is not None
    with context.provider.client() as client:
        calls = SecuredCalls(context.provider.secured(client), context.provider.caller(client))
        found = [judge_rejection(case, calls, credential, reproduce="") for case in CASES]
        found.append(judge_malformed_credentials(calls, credential))

    for findings in found:
        offences = [f for f in findings if f.outcome is Outcome.FAIL]
        offenders = {f.observed.partition(" answered")[0] for f in offences}
        assert all(alone in f.observed for f in offences)
        assert offenders == open_to
        assert open_to or {f.outcome for f in findings} == {Outcome.PASS}


def test_the_doctor_names_what_cannot_be_called(begin: Callable[..., RunContext]) -> None:
    """And a name that is no scheme, which ends a gate before anything is sent."""
    [symptom] = [each for each in NAMED_THINGS if each.id == "credentials"]
    assert list(symptom.look(begin())) == []
    found = list(symptom.look(begin(NAMED.partition("[provider.credentials.apiKey]")[0])))
    assert found == [
        (
            "harness.toml: [provider] credentials: no credential for the scheme apiKey, so 1 operation cannot be "
            "called: GET /things. Add [provider.credentials.apiKey], or name it in [provider] exclude."
        )
    ]
    assert list(symptom.look(begin(""))) == []
    wrong = begin(NAMED.replace("credentials.admin]", "credentials.amin]"))
    with pytest.raises(ConfigurationError, match=r"credentials.amin: 'amin' is no security scheme .* mean 'admin'\?$"):
        list(symptom.look(wrong))
    with (
        wrong.provider.client() as client,
        pytest.raises(ConfigurationError, match="is no security scheme"),
    ):
        client.send(client.build("GET", "/things"))


def test_credentials_of_schemes_are_beside_the_usual_one(tmp_path: Path) -> None:
    """Fetching the document, and what no scheme is for, take [provider] auth."""
    (tmp_path / "harness.toml").write_text(
        '[target]\nname = "Tiny"\n[provider]\nbase_url = "http://127.0.0.1:9"\nspec = "x"\n'
        '[provider.credentials.appId]\ntype = "bearer"\ntoken = "env:APP"\n'
    )
    with (
        pytest.raises(ConfigurationError) as refused,
        RunContext.begun(tmp_path, overlay=None),
    ):
        pass
    assert "[provider]: credentials are beside auth, which is missing: write there what all other calls take" in str(
        refused.value
    )
