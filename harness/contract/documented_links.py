"""The links that the document describes for an answer (OpenAPI 3, Link Object): where they lead, and with what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from harness.contract.runtime_expressions import evaluated
from harness.contract.sample import Sample
from harness.openapi.json_document import JsonDocument, items
from harness.openapi.operation import Operation
from harness.openapi.parameter_writing import in_cookie, in_header, in_query
from harness.openapi.spec_document import Spec


class DocumentedLink(NamedTuple):
    """One link of a documented response."""

    name: str
    target: Operation | None
    """None where it names no operation."""
    link: dict[str, Any]
    """The Link Object."""

    @property
    def named(self) -> str:
        """The operation as the link names it."""
        return str(self.link.get("operationId") or self.link.get("operationRef"))


def documented_links(spec: Spec, sample: Sample) -> Iterator[DocumentedLink]:
    """Yield the links that the document has for an answer."""
    described = sample.operation.response_to(sample.response.status_code).get("links")
    if not described:
        return
    by_id = {o.definition.get("operationId"): o for o in spec.operations}
    by_place = {spec.placed(o.pointer)[0]: o for o in spec.operations}
    for name, raw in items(described):
        link = spec.resolved(raw)
        target = by_id.get(link.get("operationId")) or by_place.get(_referred(spec, link))
        yield DocumentedLink(name, target, link)


def asked(target: Operation, link: dict[str, Any], sample: Sample) -> tuple[str, dict[str, str]]:
    """Return the path of a link's target with its query, and the headers; raises `UnresolvedError`."""
    path: dict[str, Any] = {}
    query, headers, cookies = [], {}, []
    for qualified, expression in (link.get("parameters") or {}).items():
        parameter, value = _parameter(target, str(qualified)), evaluated(expression, sample)
        if parameter["in"] == "path":
            path[parameter["name"]] = value
        elif parameter["in"] == "header":
            headers[parameter["name"]] = in_header(parameter, value)
        elif parameter["in"] == "cookie":
            cookies.append(in_cookie(parameter, value))
        else:
            query.append(in_query(parameter, value))
    if cookies:
        headers["Cookie"] = "; ".join(cookies)
    return target.filled(path) + ("?" + "&".join(query) if query else ""), headers


def _parameter(target: Operation, qualified: str) -> dict[str, Any]:
    """Return the parameter that a link names, as ``id`` or as ``path.id`` (OpenAPI 3, Link Object)."""
    for parameter in target.parameters:
        if qualified in (parameter["name"], f"{parameter.get('in')}.{parameter['name']}"):
            return parameter
    place, dot, name = qualified.partition(".")
    if not dot or place not in ("path", "query", "header", "cookie"):
        place, name = "path" if qualified in target.path_parameters else "query", qualified
    return {"name": name, "in": place}


def _referred(document: JsonDocument, link: dict[str, Any]) -> str:
    """Return the real place of what ``operationRef`` names (OpenAPI 3, Link Object); empty for none."""
    reference = str(link.get("operationRef") or "")
    return document.placed(reference)[0] if reference.startswith("#/") else ""
