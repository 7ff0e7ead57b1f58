"""The forms of a dashboard's file: an export, an answer of Grafana's API, a Kubernetes object, schema v2."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Fields = dict[str, Any]
_PARTS = ("panels", "rows", "elements")
_VARIABLE_SUFFIX = "Variable"


class NoDashboardError(ValueError):
    """A JSON document that is not a dashboard of Grafana."""


def entries(value: object) -> list[Fields]:
    """Return the objects in a list of JSON; none where it is not a list."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def fields(value: object) -> Fields:
    """Return an object of JSON; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """Return a text of JSON; an empty one for anything else."""
    return value if isinstance(value, str) else ""


def classic_form(document: object) -> Fields:
    """Return a dashboard in the form that Grafana wrote until version 11, whatever it is wrapped in.

    Raises `NoDashboardError`.
    """
    found = document
    for key in ("dashboard", "spec", "dashboard"):
        inner = fields(found).get(key)
        if isinstance(inner, dict) and not any(part in fields(found) for part in _PARTS):
            found = inner
    if not isinstance(found, dict):
        raise NoDashboardError("it is not a dashboard of Grafana, which is a JSON object")
    if not any(part in found for part in (*_PARTS, "templating", "schemaVersion")):
        raise NoDashboardError("it is not a dashboard of Grafana: it has neither panels, rows nor elements")
    return _from_elements(found) if isinstance(found.get("elements"), dict) else found


def _from_elements(document: Fields) -> Fields:
    """Return a dashboard with elements and a layout (schema v2, since Grafana 12) in the classic form."""
    elements = [fields(element) for element in document["elements"].values()]
    return {
        "title": document.get("title"),
        "panels": [_panel(text(element.get("kind")), fields(element.get("spec"))) for element in elements],
        "templating": {"list": [_variable(variable) for variable in entries(document.get("variables"))]},
        "annotations": {"list": [_annotation(fields(a.get("spec"))) for a in entries(document.get("annotations"))]},
    }


def _panel(kind: str, spec: Fields) -> Fields:
    if kind == "LibraryPanel":
        return {"title": spec.get("title"), "libraryPanel": fields(spec.get("libraryPanel"))}
    group = fields(fields(spec.get("data")).get("spec"))
    targets = list(_targets(entries(group.get("queries"))))
    return {"title": spec.get("title"), "datasource": {"type": "mixed"}, "targets": targets}


def _targets(queries: list[Fields]) -> Iterator[Fields]:
    for query in queries:
        spec = fields(query.get("spec"))
        asked = fields(spec.get("query"))
        hidden = bool(spec.get("hidden"))
        yield fields(asked.get("spec")) | {
            "refId": spec.get("refId"),
            "hide": hidden,
            "datasource": _source(asked, spec),
        }


def _source(asked: Fields, spec: Fields) -> Fields:
    """Return a reference to a data source: v2 has it in the query, v2alpha1 beside the query."""
    reference = fields(asked.get("datasource")) or fields(spec.get("datasource"))
    kind = text(asked.get("group")) if asked.get("kind") == "DataQuery" else text(asked.get("kind"))
    return {"type": text(reference.get("type")) or kind, "uid": reference.get("name") or reference.get("uid")}


def _variable(variable: Fields) -> Fields:
    spec = fields(variable.get("spec"))
    asked = fields(spec.get("query"))
    kind = text(variable.get("kind")).removesuffix(_VARIABLE_SUFFIX).lower()
    found = spec | {"type": {"text": "textbox"}.get(kind, kind)}
    if kind == "datasource":
        found["query"] = spec.get("pluginId")
    elif asked:
        found |= {"query": fields(asked.get("spec")), "datasource": _source(asked, spec)}
    return found


def _annotation(spec: Fields) -> Fields:
    asked = fields(spec.get("query"))
    return fields(asked.get("spec")) | {
        "name": spec.get("name"),
        "enable": spec.get("enable"),
        "datasource": _source(asked, spec),
    }
