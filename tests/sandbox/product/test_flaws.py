"""Defects that show in an answer are what the catalogue says, and nothing else of the answer changes."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from .conftest import Product, Start, started

PROJECT = {"name": "Onboarding automation", "ownerEmail": "owner@example.com"}
Seen = Callable[[httpx.Client], object]


def created(client: httpx.Client) -> str:
    return str(client.post("/projects", json=PROJECT).json()["id"])


def located_elsewhere(client: httpx.Client) -> bool | None:
    """Return whether the Location of the second project is not its own; None where it has none."""
    made = [client.post("/projects", json=PROJECT) for _ in range(2)][-1]
    return f"/projects/{made.json()['id']}" != made.headers["location"] if "location" in made.headers else None


def run_location(client: httpx.Client) -> int | None:
    """Return what the Location of a run answers; None where it has none."""
    made = client.post("/runs", json={"projectId": created(client), "trigger": "api"})
    return client.get(made.headers["location"]).status_code if "location" in made.headers else None


def read_after_deletion(client: httpx.Client) -> int:
    made = client.post("/webhook-endpoints", json={"url": "http://127.0.0.1:9/hooks"}).json()
    client.delete(f"/webhook-endpoints/{made['id']}").raise_for_status()
    return client.get(f"/webhook-endpoints/{made['id']}").status_code


def key_in_404(client: httpx.Client) -> bool:
    told = base64.b64encode(client.headers["authorization"].encode()).decode()
    return told in client.get("/runs/run_0000000000000000").text


# Defect, what shows it, what is seen with it, and what without.
ROWS: dict[str, tuple[Seen, object, object]] = {
    "provider-500-on-edge": (lambda c: c.get("/projects?limit=100").status_code, 500, 200),
    "provider-405-without-allow": (lambda c: c.put("/runs").headers.get("allow"), None, "GET, POST"),
    "provider-link-leads-nowhere": (lambda c: c.get(f"/projects/{created(c)}").status_code, 404, 200),
    "provider-location-leads-nowhere": (run_location, 404, None),
    "provider-location-is-another": (located_elsewhere, True, None),
    "provider-link-header-leads-nowhere": (
        lambda c: c.get("/webhook-endpoints").links.get("describedby", {}).get("url"),
        "/guides/webhook-endpoints",
        None,
    ),
    "provider-reads-deleted": (read_after_deletion, 200, 404),
    "provider-error-holds-key": (key_in_404, True, False),
    "provider-repeats-the-key": (
        lambda c: c.get("/projects").headers.get("x-caller") == c.headers["authorization"],
        True,
        False,
    ),
    "provider-lacks-required-header": (lambda c: "ratelimit" in c.get("/webhook-endpoints").headers, False, True),
    "provider-wrong-success": (
        lambda c: c.post("/webhook-endpoints", json={"url": "http://127.0.0.1:9/x"}).status_code,
        200,
        201,
    ),
    "provider-accepts-invalid": (lambda c: c.post("/projects", json={}).status_code, 201, 422),
}


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Product, Product]]:
    """A product with all of them, for none touches what shows another, and one without."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("products")
        yield started(stack, folder, defects=list(ROWS)), started(stack, folder)


@pytest.mark.parametrize("defect", ROWS)
def test_a_flaw_shows_and_only_when_planted(defect: str, products: tuple[Product, Product]) -> None:
    """With the defect the answer is wrong, without it right."""
    look, wrong, right = ROWS[defect]
    with products[0].client() as flawed, products[1].client() as sound:
        assert (look(flawed), look(sound)) == (wrong, right)


def test_every_fifth_listing_is_limited_without_a_word(start: Start) -> None:
    """The 429 has everything but Retry-After."""
    with start(defects=["provider-429-without-retry-after"]).client() as client:
        answers = [client.get("/webhook-endpoints") for _ in range(5)]

    assert [a.status_code for a in answers] == [200, 200, 200, 200, 429]
    assert "retry-after" not in answers[-1].headers
    assert "ratelimit" in answers[-1].headers
