"""Writes under an Idempotency-Key: done once, whatever the network makes of the call."""

from __future__ import annotations

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from .conftest import Product, Start

BODY = {"name": "Onboarding automation", "ownerEmail": "owner@example.com"}


def create(client: httpx.Client, key: str, body: Any = None) -> httpx.Response:
    return client.post("/projects", json=body or BODY, headers={"idempotency-key": key})


def test_the_same_call_gets_the_same_answer(api: httpx.Client) -> None:
    """A repeated write answers with the resource it made the first time."""
    key = str(uuid.uuid4())
    first, second = create(api, key), create(api, key)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()


def test_another_body_under_a_used_key_is_refused(api: httpx.Client) -> None:
    """One key names one call."""
    key = str(uuid.uuid4())
    create(api, key)
    refused = create(api, key, {**BODY, "name": "Another"})

    assert refused.status_code == 422
    assert refused.json()["detail"] == "This Idempotency-Key was used for another body."


def test_a_key_of_another_shape_is_refused(api: httpx.Client) -> None:
    """The shape of a key is that of the description."""
    assert create(api, "short").status_code == 400


def test_twenty_calls_at_once_make_one_resource(product: Product) -> None:
    """Of 20 calls at once one is done; the others get its answer, or 409 while it is under way."""
    key = str(uuid.uuid4())
    with product.client() as client, ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: create(client, key), range(20)))

    statuses = Counter(a.status_code for a in answers)
    assert set(statuses) <= {201, 409}
    assert len({a.json()["id"] for a in answers if a.status_code == 201}) == 1


def test_a_call_under_way_is_not_begun_again(product: Product, admin: httpx.Client) -> None:
    """While the first call is being answered, a second gets 409, and with another body 422."""
    admin.put("/_sandbox/faults", json=[{"operation": "POST /projects", "delay": 1.0}]).raise_for_status()
    key = str(uuid.uuid4())
    with product.client() as client, ThreadPoolExecutor(1) as pool:
        first = pool.submit(create, client, key)
        while client.get("/projects").is_success and admin.get("/_sandbox/faults").json():
            pass
        meanwhile = create(client, key).status_code, create(client, key, {**BODY, "name": "Another"}).status_code

    assert meanwhile == (409, 422)
    assert first.result().status_code == 201


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_was_said_of_the_moment_is_not_repeated(api: httpx.Client, admin: httpx.Client, status: int) -> None:
    """After 429 or 5xx nothing was done, so the same key may try again."""
    admin.put("/_sandbox/faults", json=[{"operation": "POST /projects", "status": status}]).raise_for_status()
    key = str(uuid.uuid4())

    assert [create(api, key).status_code for _ in range(2)] == [status, 201]


def test_a_product_that_races_makes_several(start: Start) -> None:
    """Planted, the same twenty calls make more than one resource."""
    key = str(uuid.uuid4())
    with start(defects=["provider-races-on-idempotency-keys"]).client() as client, ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: create(client, key), range(20)))

    assert len({a.json()["id"] for a in answers if a.status_code == 201}) > 1


@pytest.mark.parametrize(
    "defect, seen",
    [
        pytest.param("provider-forgets-idempotency-keys", (2, 201), id="forgets"),
        pytest.param("provider-ignores-another-body", (1, 201), id="ignores"),
    ],
)
def test_a_defect_is_what_the_catalogue_says(start: Start, defect: str, seen: tuple[int, int]) -> None:
    """Planted, the product makes two resources, or takes another body."""
    with start(defects=[defect]).client() as client:
        key = str(uuid.uuid4())
        made = {create(client, key).json()["id"] for _ in range(2)}
        other = create(client, key, {**BODY, "name": "Another"}).status_code

    assert (len(made), other) == seen


@pytest.mark.parametrize(
    "defect, seen",
    [
        pytest.param("provider-locks-keys-of-refused-calls", [422, 409], id="locks"),
        pytest.param("provider-forgets-keys-of-refused-calls", [422, 422], id="forgets"),
    ],
)
def test_a_refused_call_spoils_its_key(start: Start, defect: str, seen: list[int]) -> None:
    """Planted, the refusal is not repeated, or what succeeds after it is executed each time."""
    with start(defects=[defect]).client() as client:
        key = str(uuid.uuid4())
        refused = [create(client, key, {"name": "No owner"}).status_code for _ in range(2)]
        made = {create(client, key).json().get("id") for _ in range(2)}

    assert refused == seen
    assert len(made) == (2 if "forgets" in defect else 1)


def test_a_key_of_another_operation_has_that_ones_answer(start: Start) -> None:
    """Planted, a key is looked up without its operation."""
    with start(defects=["provider-shares-keys-across-operations"]).client() as client:
        key = {"idempotency-key": str(uuid.uuid4())}
        made = create(client, key["idempotency-key"]).json()
        other = client.post("/webhook-endpoints", json={"url": "http://127.0.0.1:9/x"}, headers=key)

    assert other.json() == made


def test_a_key_that_is_used_at_once_stays_in_progress(start: Start) -> None:
    """Planted, a key that was in flight when it came again is answered 409 for ever."""
    key = str(uuid.uuid4())
    with start(defects=["provider-keeps-keys-in-progress"]).client() as client, ThreadPoolExecutor(4) as pool:
        at_once = {answer.status_code for answer in pool.map(lambda _: create(client, key), range(4))}
        after = create(client, key).status_code

    assert 409 in at_once
    assert after == 409
