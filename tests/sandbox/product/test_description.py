"""The product's OpenAPI document, held against the product."""

from __future__ import annotations

from typing import Any

import httpx
import yaml

from harness.sandbox.product.description import Description
from harness.sandbox.product.operations import Product as Operations
from harness.sandbox.product.store import Store


def operations() -> dict[tuple[str, str], Any]:
    paths = Description().document["paths"]
    return {(path, method.upper()): o for path, methods in paths.items() for method, o in methods.items()}


def test_the_document_describes_what_is_served_and_nothing_else() -> None:
    """Every operation of the product is described, and the other way round."""
    served = Operations(Store(), sender=None).operations()  # type: ignore[arg-type] # nothing is sent

    assert {(path, method) for path, methods in served.items() for method in methods} == set(operations())


def test_every_link_leads_to_an_operation_and_its_parameter() -> None:
    """A link names an operation that exists, and parameters it has."""
    described = operations()
    by_id = {
        o["operationId"]: {p["$ref"].rpartition("/")[2] for p in o.get("parameters", ()) if "$ref" in p}
        for o in described.values()
    }
    links = [
        (link["operationId"], set(link.get("parameters", ())))
        for operation in described.values()
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    ]

    assert len(links) == 6
    names = {n: p["name"] for n, p in Description().document["components"]["parameters"].items()}
    for target, parameters in links:
        assert parameters <= {names[p] for p in by_id[target]}


def test_every_429_and_503_promises_retry_after() -> None:
    """The document requires what a client needs in order to wait."""
    responses = Description().document["components"]["responses"]
    for operation in operations().values():
        for status in ("429", "503"):
            name = operation["responses"][status]["$ref"].rpartition("/")[2]
            assert "Retry-After" in responses[name]["headers"]


def test_the_document_is_served(api: httpx.Client) -> None:
    """Whoever reaches the product can read what it promises, without a key."""
    assert yaml.safe_load(api.get("/openapi.yaml").text) == Description().document


def test_a_deleted_endpoint_is_gone(api: httpx.Client) -> None:
    """The links of a registration can be followed until the endpoint is deleted."""
    made = api.post("/webhook-endpoints", json={"url": "http://127.0.0.1:9/hooks"}).json()
    path = f"/webhook-endpoints/{made['id']}"

    assert api.get(path).json() == made
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404
    assert api.delete(path).status_code == 404
