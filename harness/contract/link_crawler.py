"""Follows the documented links of the API: creates what can be created, and reads it back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from harness.contract.caller import Caller
from harness.contract.sample import Sample
from harness.core.pointers import mapped, resolve
from harness.openapi.examples import valid_bodies
from harness.openapi.json_document import JsonDocument
from harness.openapi.operation import Operation
from harness.openapi.parameter_writing import in_cookie, in_header, in_query
from harness.openapi.routes import values_in

MAX_CALLS = 200
MAX_DEPTH = 3
GONE = frozenset({404, 410})
_ORDER = {"GET": 0, "HEAD": 0, "DELETE": 2}
_EXPRESSION = re.compile(r"\$(?:response|request)\.(?:body(?:#[^}\s]*)?|(?:header|path|query)\.[^}\s]+)")


class UnresolvedError(Exception):
    """A runtime expression names what the exchange does not have."""


def beginnings(caller: Caller) -> list[Operation]:
    """Return the operations that create something without needing another; else those that read, and have links."""
    plain = [o for o in caller.operations.values() if "{" not in o.path]
    creating = [o for o in plain if o.method == "POST"]
    return creating or [o for o in plain if o.method == "GET" and any(r.get("links") for r in o.responses.values())]


class LinkCrawler:
    """Makes the calls; what is wrong with a link is noted with the caller."""

    def __init__(self, caller: Caller, *, random_seed: int) -> None:
        """``random_seed`` decides the bodies of operations without an example."""
        self.caller = caller
        self._seed = random_seed
        self.samples: list[Sample] = []
        """The calls that succeeded, in order."""
        self.links = 0
        """How many links were followed."""

    def run(self) -> list[Sample]:
        """Walk from every operation that creates something without needing another; return what succeeded.

        Where nothing may be created, from those that read without a parameter.
        """
        for operation in beginnings(self.caller):
            if self.caller.calls >= MAX_CALLS:
                break
            made = self._made(operation) if operation.method == "POST" else self._call(operation, operation.path, None)
            if made is not None and made.response.is_success:
                self._follow(made, MAX_DEPTH)
        return self.samples

    def _made(self, operation: Operation) -> Sample | None:
        """Call an operation with the first valid body that it takes."""
        for body in valid_bodies(operation, random_seed=self._seed):
            sample = self._call(operation, operation.path, body)
            if sample.response.is_success:
                return sample
        return None

    def _call(self, operation: Operation, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Sample:
        sample = self.caller.call(operation, path, body, headers=headers)
        if sample.response.is_success:
            self.samples.append(sample)
        return sample

    def _follow(self, sample: Sample, depth: int) -> None:
        """Follow the links of an answer: reads first, deletions last."""
        self._follow_location(sample)
        for name, target, link in sorted(self._targets(sample), key=lambda t: _ORDER.get(t[1].method, 1)):
            if self.caller.calls >= MAX_CALLS:
                return
            self._follow_link(sample, name, target, link, depth)

    def _follow_link(self, sample: Sample, name: str, target: Operation, link: dict[str, Any], depth: int) -> None:
        which = f"the link {name!r} of its {sample.response.status_code}"
        try:
            path, headers = self._asked(target, link, sample)
            body = _evaluated(link.get("requestBody"), sample)
        except UnresolvedError as exc:
            self.caller.complain(
                sample.operation.label, f"{which} needs {exc}, which the answer lacks", _in_words(sample)
            )
            return
        if "{" in path or not self.caller.permits(target.method, path):
            return  # a parameter that the link leaves open, or a call that is not allowed
        self.links += 1
        reached = self._call(target, path, body, headers)
        if reached.response.status_code in GONE:
            where = f"{target.method} {path} answered {reached.response.status_code}"
            self.caller.complain(sample.operation.label, f"{which} leads nowhere", where)
        elif reached.response.is_success and target.method == "DELETE":
            self._look_for_deleted(target, path)
        elif reached.response.is_success and depth > 1:
            self._follow(reached, depth - 1)

    def _look_for_deleted(self, deletion: Operation, path: str) -> None:
        reading = self.caller.operations.get(f"GET {deletion.path}")
        if reading is None or not self.caller.permits("GET", path):
            return
        after = self.caller.call(reading, path)
        if after.response.is_success:
            where = f"GET {path} answered {after.response.status_code} after DELETE {path} had succeeded"
            self.caller.complain(reading.label, "still answers after the deletion", where)

    def _follow_location(self, sample: Sample) -> None:
        """A 201 may name the location of the new resource (RFC 9110 section 10.2.2), which must then exist."""
        location = sample.response.headers.get("location", "")
        if sample.response.status_code != 201 or not location:
            return
        target = sample.response.request.url.join(location)
        reading = self.caller.spec.find("GET", target)
        own = sample.response.request.url
        if reading is None or (target.scheme, target.host, target.port) != (own.scheme, own.host, own.port):
            return
        if not self.caller.permits("GET", str(target)):
            return
        self.links += 1
        reached = self.caller.call(reading, str(target))
        if reached.response.status_code in GONE:
            where = f"GET {target} answered {reached.response.status_code}"
            self.caller.complain(sample.operation.label, "the Location of its 201 leads nowhere", where)

    def _targets(self, sample: Sample) -> Iterator[tuple[str, Operation, dict[str, Any]]]:
        """Yield the links documented for this answer, with the operation each leads to."""
        document = self.caller.spec
        status = str(sample.response.status_code)
        response = sample.operation.response_to(sample.response.status_code)
        by_id = {o.definition.get("operationId"): o for o in document.operations}
        by_place = {document.placed(o.pointer)[0]: o for o in document.operations}
        for name, raw in (response.get("links") or {}).items():
            link = document.resolved(raw)
            target = by_id.get(link.get("operationId")) or by_place.get(_referred(document, link))
            if target is not None:
                yield name, target, link
            else:
                named = link.get("operationId") or link.get("operationRef")
                broken_link = f"the link {name!r} of its {status} names {named!r}, which is no operation"
                self.caller.complain(sample.operation.label, broken_link, "the document")

    def _asked(self, target: Operation, link: dict[str, Any], sample: Sample) -> tuple[str, dict[str, str]]:
        """Return the path of a link's target with its query, and the headers; raises `UnresolvedError`."""
        path: dict[str, Any] = {}
        query, headers, cookies = [], {}, []
        for qualified, expression in (link.get("parameters") or {}).items():
            parameter, value = _parameter(target, str(qualified)), _evaluated(expression, sample)
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


def _evaluated(value: Any, sample: Sample) -> Any:
    """Replace the runtime expressions within a value (OpenAPI 3.1, Runtime Expressions)."""

    def evaluated(text: Any) -> Any:
        if not isinstance(text, str):
            return text
        if _EXPRESSION.fullmatch(text):
            return _evaluated_expression(text, sample)
        return re.sub(r"\{(\$[^}]+)\}", lambda m: str(_evaluated_expression(m[1], sample)), text)

    return mapped(value, evaluated)


def _evaluated_expression(expression: str, sample: Sample) -> Any:
    """Return what one runtime expression names; raises `UnresolvedError`."""
    source, _, rest = expression.removeprefix("$").partition(".")
    kind, _, name = rest.partition(".")
    try:
        if rest.startswith("body"):
            return resolve(sample.document if source == "response" else sample.body, rest.partition("#")[2])
        if kind == "header":
            message = sample.response if source == "response" else sample.response.request
            return message.headers[name]
        if kind == "query":
            return sample.response.request.url.params[name]
        return _path_parameters(sample)[name]
    except LookupError:
        raise UnresolvedError(expression) from None


def _path_parameters(sample: Sample) -> dict[str, str]:
    found = values_in(sample.operation.path, urlsplit(sample.path).path, sample.operation.spanning)
    return {name: unquote(value) for name, value in found.items()}


def _in_words(sample: Sample) -> str:
    return f"{sample.operation.method} {sample.path} answered {sample.response.text[:200]}"
