"""Example bodies of the document's ``webhooks``: the document's own, else the simplest that its schema admits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from harness.errors import SpecError
from harness.openapi.spec_document import Spec


def webhook_examples(spec: Spec) -> Iterator[tuple[str, bytes]]:
    """Yield name and JSON body for each webhook, the same each time.

    Raises `SpecError` when there is none, or when a schema admits nothing.
    """
    names = 0
    for name, media in spec.webhook_contents():
        names += 1
        yield name, json.dumps(_example(media, name, spec), indent=2, ensure_ascii=False).encode()
    if not names:
        raise SpecError(
            f"{spec.source} describes no `webhooks` with a JSON body, which OpenAPI has since 3.1. Write fixtures."
        )


def _example(media: dict[str, Any], name: str, spec: Spec) -> Any:
    """Return the first example that media type or schema gives, else a generated one."""
    schema = media["schema"]
    if "example" in media:
        return media["example"]
    for each in (media.get("examples") or {}).values():
        if isinstance(each, dict) and "value" in each:
            return each["value"]
    for each in (schema.get("example"), *schema.get("examples", ())):
        if each is not None:
            return each
    return _simplest(schema, name, spec)


def _simplest(schema: dict[str, Any], name: str, spec: Spec) -> Any:
    """Return the simplest value that the schema admits."""
    from harness.openapi.generation import Ungenerable, simplest

    # `components` beside the schema lets "#/components/schemas/…" resolve within it.
    whole = {**schema, "components": spec.document.get("components", {})}
    try:
        return simplest(whole)
    except Ungenerable as exc:
        raise SpecError(
            f"{spec.source}: no example of the webhook {name!r} can be made: {exc}. "
            "Mend its schema, or give it an `example`."
        ) from None
