"""A credential in a query or a cookie reaches its place as a request is sent, and stands nowhere before."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from harness.http.client import Network
from harness.http.credential_places import COOKIE, QUERY, placed, without_parameters

if TYPE_CHECKING:
    from tests.unit.conftest import Call, Reply, Serve

PLACED = {
    "query": ("http://a/x", {}, (f"{QUERY}key", "k 1&2"), "http://a/x?key=k%201%262", None),
    "beside others": ("http://a/x?b=%2F+1&c", {}, (f"{QUERY}key", "k"), "http://a/x?b=%2F+1&c&key=k", None),
    "instead of another": ("http://a/x?key=no&b=1&k%65y", {}, (f"{QUERY}key", "k"), "http://a/x?b=1&key=k", None),
    "case of the name": ("http://a/x?KEY=1", {}, (f"{QUERY}Key", "k"), "http://a/x?KEY=1&Key=k", None),
    "cookie": ("http://a/x", {}, (f"{COOKIE}Sid", "k"), "http://a/x", "Sid=k"),
    "beside cookies": (
        "http://a/x",
        {"cookie": "a=1; Sid=no;b=2"},
        (f"{COOKIE}Sid", "k"),
        "http://a/x",
        "a=1; b=2; Sid=k",
    ),
}


@pytest.mark.parametrize("url, headers, field, sent, cookie", PLACED.values(), ids=PLACED)
def test_a_credential_takes_its_place(
    url: str, headers: dict[str, str], field: tuple[str, str], sent: str, cookie: str | None
) -> None:
    """It replaces what has its name there; the rest of the request is as it was."""
    given = httpx.Request("POST", url, headers={**headers, field[0]: field[1]}, content=b"{}")
    found = placed(given)

    assert (str(found.url), found.headers.get("cookie"), found.read()) == (sent, cookie, b"{}")
    assert field[0] not in found.headers


def test_other_requests_are_left_alone() -> None:
    """Without such a field the very same request is sent."""
    request = httpx.Request("GET", "http://a/", headers={"authorization": "Bearer k"})
    assert placed(request) is request


async def _got(network: Network, url: str) -> httpx.Response:
    async with network.async_client(headers={f"{QUERY}key": "s3cret"}) as client:
        return await client.get(f"{url}/a?b=1")


def test_every_client_of_the_network_places_it(serve: Serve) -> None:
    """The server gets it, sync and async, and the URL that the harness knows of the request has none."""
    calls: list[Call] = []

    def provider(call: Call) -> Reply:
        calls.append(call)
        return 200, {}, None

    url, network = serve(provider), Network()
    with network.client(headers={f"{QUERY}key": "s3cret"}) as client:
        answers = [client.get(f"{url}/a?b=1")]
    answers.append(asyncio.run(_got(network, url)))

    assert [call.path for call in calls] == ["/a?b=1&key=s3cret"] * 2
    assert [str(answer.url) for answer in answers] == [f"{url}/a?b=1"] * 2


@pytest.mark.parametrize("query, left", [("a=1&key=2&b", "a=1&b"), ("key", ""), ("KEY=1&k%65y=2", "KEY=1"), ("", "")])
def test_parameters_are_left_out_by_name(query: str, left: str) -> None:
    """Names are compared as they are read; what stays is as it was written."""
    assert without_parameters(query, ["key"]) == left
