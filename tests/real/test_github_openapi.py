"""GitHub's own document and event examples: how far they agree, as the checks of a document see it.

The figures are those of the versions that tests/real/node/package.json pins; another version will have others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.model import Event
from harness.openapi.document_checks import check_document
from harness.openapi.event_schemas import EventSchemas
from harness.openapi.spec_document import Spec


@pytest.fixture(scope="module")
def document(node_modules: Path) -> dict[str, Any]:
    """GitHub's OpenAPI document."""
    file = node_modules / "node_modules/@octokit/openapi/generated/api.github.com.json"
    found: dict[str, Any] = json.loads(file.read_bytes())
    return found


def test_examples_of_github_that_break_their_own_schemas(document: dict[str, Any]) -> None:
    """183 of 995 JSON examples of responses break their schema.

    1,040 examples stand there. 45 have the value null, mostly of 202 responses without a body, which is how YAML writes
    an example without a value: they are not counted. Formats are checked; without them it would be 182, as one URL has
    no scheme.
    """
    figures = {r.check.id: (len(r.slips), r.seen) for r in check_document(Spec(document, "api.github.com.json"))}

    assert figures["response-examples"] == (183, 995)
    assert figures["responses"] == (0, 1223)
    assert figures["webhook-schemas"] == (0, 270)


def test_events_of_github_that_break_its_webhooks(document: dict[str, Any], node_modules: Path) -> None:
    """120 of 327 example payloads break the webhook of their name: 112 in substance, 8 in the format of a text alone.

    There are 329 payloads; two are of `repository_dispatch` with an action that the sender chose, so no webhook is
    called like it.
    """
    schemas = EventSchemas(Spec(document, "api.github.com.json"))
    broken = [schemas.violations(event) for event, named in payloads(node_modules, schemas) if named]
    broken = [violations for violations in broken if violations]
    in_format = [v for v in broken if all(text.split(" is not a ")[1:] for text in v)]

    assert len([e for e, _ in payloads(node_modules, schemas)]) == 329
    assert len([e for e, named in payloads(node_modules, schemas) if named]) == 327
    assert len(broken) == 120
    assert len(in_format) == 8


def payloads(node_modules: Path, schemas: EventSchemas) -> Iterator[tuple[Event, bool]]:
    file = node_modules / "node_modules/@octokit/webhooks-examples/api.github.com/index.json"
    for webhook in json.loads(file.read_bytes()):
        for payload in webhook["examples"]:
            body = json.dumps(payload).encode()
            event = Event(name=webhook["name"], type=webhook["name"], id="", body=body)
            yield event, schemas.named(event.type, payload) is not None
