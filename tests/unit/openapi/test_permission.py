"""What the harness makes up is sent only where harness.toml allows it, whatever URL the request turns out to have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from harness.errors import NotPermittedError
from harness.http.client import Network
from harness.http.provider_client import ProviderClient
from harness.model.config import Probes, Provider
from harness.openapi.permission import MOST_WRONG_CREDENTIALS, UNKNOWN_PATH, Permission, WrongCredentials
from harness.openapi.selection import select
from harness.openapi.spec_document import Spec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

URL = "http://provider.test/v1"
OK = {"responses": {"200": {"description": "fine"}}}
SPEC = Spec(
    {
        "openapi": "3.1.0",
        "info": {"title": "x", "version": "1"},
        "security": [{"key": []}],
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        "paths": {
            "/runs": {"get": OK, "post": OK},
            "/runs/{id}": {"get": OK, "put": OK, "patch": OK, "delete": OK},
            "/runs/storage": {"delete": OK, "get": OK},
            "/reset-token": {"post": OK},
        },
    },
    "openapi.json",
    base_url=URL,
)


def permission(
    probes: str = "write",
    *,
    destructive: bool = False,
    include: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    wrong: Path | None = None,
    always: str | None = None,
) -> Permission:
    """Return the guard that a ``[provider]`` with these keys has."""
    chosen = Provider(spec="x", base_url=URL, include=include, exclude=exclude)
    return Permission(
        lambda: SPEC,
        lambda: select(SPEC.definitions, chosen, "[provider]"),
        probes=Probes(probes),
        destructive=destructive,
        wrong_credentials=WrongCredentials(wrong) if wrong else None,
        always=always,
    )


# The keys, the request, and what the refusal holds; empty where it is sent.
REQUESTS = {
    "nothing": (permission("none"), "GET", "/runs", 'probes is "none"'),
    "a read": (permission("read"), "GET", "/runs/7", ""),
    "a HEAD": (permission("read"), "HEAD", "/runs", ""),
    "a write": (permission("read"), "POST", "/runs", 'probes is "read", which allows no POST'),
    "a write to an unknown path": (permission("read"), "PATCH", "/elsewhere", "allows no PATCH"),
    "an undescribed OPTIONS": (permission("read"), "OPTIONS", "/runs", "does not describe OPTIONS /v1/runs"),
    "an undescribed OPTIONS where writes are allowed": (permission(), "OPTIONS", "/runs", ""),
    "TRACE": (permission("read"), "TRACE", "/runs", "allows no TRACE"),
    "a write that is allowed": (permission(), "POST", "/runs", ""),
    "a deletion": (permission(), "DELETE", "/runs/7", "destructive is not set"),
    "a deletion while reading": (permission("read", destructive=True), "DELETE", "/runs/7", "allows no DELETE"),
    "a deletion that is allowed": (permission(destructive=True), "DELETE", "/runs/7", ""),
    "left out": (permission(exclude=("POST /reset-token",)), "POST", "/reset-token", "leave out POST /reset-token"),
    "not among those chosen": (permission(include=("/runs",)), "GET", "/runs/7", "leave out GET /runs/{id}"),
    "a made-up id that is another operation": (
        permission(destructive=True, exclude=("DELETE /runs/storage",)),
        "DELETE",
        "/runs/storage",
        "leave out DELETE /runs/storage",
    ),
    "an undescribed method beside a path left out": (
        permission(exclude=("POST /reset-token",)),
        "PUT",
        "/reset-token",
        "leave out PUT /v1/reset-token",
    ),
    "an undescribed method beside a path in use": (permission(exclude=("/reset-token",)), "PUT", "/runs", ""),
    "an unknown path where some are left out": (permission(exclude=("/reset-token",)), "POST", "/other", "leave out"),
    "the path that no server has": (permission("read", include=("/runs",)), "GET", f"{UNKNOWN_PATH}/x", ""),
    "a write there where some are left out": (permission(include=("/runs",)), "POST", UNKNOWN_PATH, "leave out"),
    "the path that no server has, where nothing is allowed": (permission("none"), "GET", UNKNOWN_PATH, 'is "none"'),
    "the operation that the user named": (permission("none", always="/v1/runs"), "GET", "/runs", ""),
    "another method of it": (permission("none", always="/v1/runs"), "POST", "/runs", 'probes is "none"'),
}


@pytest.mark.parametrize("guard, method, path, refusal", REQUESTS.values(), ids=REQUESTS.keys())
def test_a_request_is_judged_by_method_and_url(guard: Permission, method: str, path: str, refusal: str) -> None:
    """Neither chance nor a link leads to an operation that the user left out, or to a write."""
    refused = guard.refusal(method, URL + path)
    assert refusal in refused if refusal else refused == ""


CREATED = {
    "its Location": ("POST", "/runs", httpx.Response(201, headers={"location": "/v1/runs/7"})),
    "its id": ("POST", "/runs?x=1", httpx.Response(201, json={"id": 7})),
    "its own path": ("PUT", "/runs/7", httpx.Response(201)),
}
NOT_CREATED = {
    "an answer that may be about something older": ("POST", "/runs", httpx.Response(200, json={"id": "7"})),
    "a read": ("GET", "/runs/7", httpx.Response(201, json={"id": "7"})),
    "another": ("POST", "/runs", httpx.Response(201, json={"id": "8"})),
    "a refusal": ("PUT", "/runs/7", httpx.Response(409)),
}


@pytest.mark.parametrize("made", [*CREATED.values(), *NOT_CREATED.values()], ids=[*CREATED, *NOT_CREATED])
def test_the_run_deletes_only_what_it_created(made: tuple[str, str, httpx.Response]) -> None:
    """Only a 201 proves that something is new (RFC 9110 section 15.3.2)."""
    method, path, response = made
    response.request = httpx.Request(method, URL + path)
    guard = permission()
    guard.observe(response)
    assert (guard.refusal("DELETE", f"{URL}/runs/7") == "") is (made in CREATED.values())
    assert guard.refusal("DELETE", f"{URL}/runs/7/logs") != ""


def test_labels_hold_what_may_be_called() -> None:
    """Checks choose among these, so they need not try what would be refused."""
    assert permission("read").labels == {"GET /runs", "GET /runs/{id}", "GET /runs/storage"}
    assert not permission("none").labels
    assert "DELETE /runs/{id}" not in permission().labels
    assert "DELETE /runs/{id}" in permission().chained
    assert "DELETE /runs/{id}" not in permission("read", destructive=True).chained


def test_wrong_credentials_are_rare_and_read_only(tmp_path: Path) -> None:
    """Vendors lock accounts: whichever process sends them, at most five wrong credentials leave a run, by GET alone."""
    here, worker = permission(wrong=tmp_path), permission(wrong=tmp_path)
    assert "POST is not tried with a wrong credential" in here.refusal("POST", f"{URL}/runs", authenticated=False)
    sent = [g.refusal("GET", f"{URL}/runs", authenticated=False) for g in (here, worker) * MOST_WRONG_CREDENTIALS]
    assert sent.count("") == MOST_WRONG_CREDENTIALS
    assert "vendors lock accounts" in sent[-1]
    assert here.refusal("GET", f"{URL}/runs", authenticated=True) == ""


@pytest.fixture
def client(
    request: pytest.FixtureRequest,
) -> Callable[[Permission, Callable[[httpx.Request], httpx.Response]], ProviderClient]:
    """Return a guarded client whose requests go to a function."""

    def made(guard: Permission, answer: Callable[[httpx.Request], httpx.Response]) -> ProviderClient:
        transport = httpx.MockTransport(answer)
        opened = ProviderClient(Network(), URL, {"authorization": "right"}, guard=guard, transport=transport)
        request.addfinalizer(opened.close)
        return opened

    return made


def test_a_client_sends_nothing_that_is_refused(
    client: Callable[[Permission, Callable[[httpx.Request], httpx.Response]], ProviderClient],
) -> None:
    """The refusal names the request and the key; nothing reaches the provider."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    guarded = client(permission("read"), answer)
    with pytest.raises(NotPermittedError, match=r'Refused to send POST /v1/runs: \[provider\] probes is "read"'):
        guarded.send(guarded.build("POST", "/runs"))
    assert not sent


def test_a_wrong_credential_is_sent_once_whatever_comes_back(
    client: Callable[[Permission, Callable[[httpx.Request], httpx.Response]], ProviderClient], tmp_path: Path
) -> None:
    """Neither a rate limit nor a closed connection makes the harness try a wrong credential again."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(429, headers={"retry-after": "0"})

    guarded = client(permission(wrong=tmp_path), answer)
    guarded.send(guarded.build("GET", "/runs", {"authorization": "wrong"}))
    assert len(sent) == 1
