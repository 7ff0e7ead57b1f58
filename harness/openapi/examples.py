"""Example bodies of the document's ``webhooks``: the document's own, else the simplest that its schema admits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from harness.errors import SpecError
from harness.openapi.operation import Operation
from harness.openapi.spec_document import Spec


def webhook_examples(spec: Spec) -> Iterator[tuple[str, bytes]]:
    """Yield name and JSON body for each webhook, the same each time.

    Raises `SpecError` when there is none, or when a schema admits nothing.
    """
    described = [webhook for webhook in spec.webhooks if webhook.body_place]
    for webhook in described:
        yield webhook.path, json.dumps(_example(webhook, spec), indent=2, ensure_ascii=False).encode()
    if not described:
        raise SpecError(
            f"{spec.source} describes no `webhooks` with a JSON body, which OpenAPI has since 3.1. Write fixtures."
        )


def _example(webhook: Operation, spec: Spec) -> Any:
    """Return the first example that media type or schema gives, else the simplest value that the schema admits."""
    from harness.openapi.example_bodies import examples
    from harness.openapi.generation import Ungenerable, simplest

    for example in examples(webhook):
        return example
    try:
        return simplest(spec.of_either.standalone(webhook.body_place))
    except Ungenerable as exc:
        raise SpecError(
            f"{spec.source}: no example of the webhook {webhook.path!r} can be made: {exc}. "
            "Mend its schema, or give it an `example`."
        ) from None
