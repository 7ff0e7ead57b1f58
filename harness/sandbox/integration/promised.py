"""What the product promises of its events: what its description does not allow is not processed, though signed."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import jsonschema_rs
import yaml


def breach(event_type: str, event: Any) -> str:
    """Return where an event breaks the description of its type, and by what; empty where it does not.

    The event's own values are left out, as the answer is logged.
    """
    error = next(validators()[event_type].iter_errors(event), None)
    if error is None:
        return ""
    place = "".join(f"/{step}" for step in error.instance_path) or "the event"
    return f"{place} breaks the product's description ({error.schema_path[-1]})"


@cache
def validators() -> dict[str, Any]:
    """Return a validator for each type of event; to be called once before there is work, for reading takes a while."""
    text = resources.files("harness.sandbox").joinpath("openapi.yaml").read_text(encoding="utf-8")
    document = yaml.load(text, yaml.CSafeLoader)
    made = {}
    for event_type, item in document["webhooks"].items():
        schema = item["post"]["requestBody"]["content"]["application/json"]["schema"]
        described = {**schema, "components": document["components"]}
        made[event_type] = jsonschema_rs.Draft202012Validator(described, validate_formats=True)
    return made
