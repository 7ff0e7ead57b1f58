"""One operation or webhook of an OpenAPI document: what it takes, what it answers, and how an answer breaks that."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import httpx

from harness.core.cutting import cut
from harness.core.pointers import escaped, pointer_of
from harness.errors import SpecError, one_line
from harness.http.message import is_json, media_type
from harness.model.cause import MISSING_HEADER
from harness.openapi.json_document import JsonDocument, described, items
from harness.openapi.media_ranges import most_specific
from harness.openapi.parameter_writing import in_path
from harness.openapi.response_causes import cause_of, content_type_cause
from harness.openapi.routes import PARAMETER

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
"""The last since OpenAPI 3.2."""
IN_BODY = frozenset({"body", "formData"})
"""Places of parameters that are the body, or a part of it (OpenAPI 2.0, Parameter Object)."""
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_WITHOUT_CONTENT = frozenset({204, 205, 304})
"""Statuses of responses without content (RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5)."""
REDACTED = "[REDACTED "
"""How every placeholder of a secret begins."""
NEVER_REQUIRED = ("content-type", "date", "server")
"""The first by OpenAPI's own words; the others are the server's, and recordings do without."""


class Breach(NamedTuple):
    """How a response breaks the document."""

    text: str
    cause: str


class Operation:
    """One operation as it is written down; references in it are followed, and what is broken is passed over."""

    def __init__(
        self, document: JsonDocument, method: str, path: str, place: str, load: Callable[[str], Any] | None = None
    ) -> None:
        """``place`` points to it in ``document``; ``load`` returns Schemathesis' view of the operation of a label."""
        self.document = document
        self.method = method
        """In upper case."""
        self.path = path
        """The template, as in the document; of a webhook its name."""
        self.pointer = place
        """Its place in the document, a JSON pointer (RFC 6901)."""
        self._load = load

    @property
    def label(self) -> str:
        """``METHOD /path/template``."""
        return f"{self.method} {self.path}"

    @property
    def made_up_path(self) -> str:
        """The path with an invented value for each parameter, which most likely does not exist."""
        return self.filled(dict.fromkeys(self.path_parameters, "harness-probe"))

    def filled(self, values: Mapping[str, Any], template: str = "") -> str:
        """Return the path, or a part of its template, with values in their styles; one without a value stays open."""
        declared = {p["name"]: p for p in self.parameters if p.get("in") == "path"}

        def put(match: re.Match[str]) -> str:
            name = match[1]
            parameter = declared.get(name, {"name": name, "in": "path"})
            return in_path(parameter, values[name]) if name in values else match[0]

        return PARAMETER.sub(put, template or self.path)

    @property
    def path_parameters(self) -> list[str]:
        """The names in the path's template, in order."""
        return PARAMETER.findall(self.path)

    @cached_property
    def spanning(self) -> frozenset[str]:
        """Names of path parameters that hold several segments, by what documents write for that.

        GitHub has ``x-multi-segment``, API Gateway ``{proxy+}``, others ``{path*}`` or ``{+path}`` (RFC 6570).
        """
        flagged = {p["name"] for p in self.parameters if p.get("x-multi-segment") is True}
        return frozenset(n for n in self.path_parameters if n in flagged or n[-1:] in ("+", "*") or n[:1] == "+")

    @cached_property
    def definition(self) -> dict[str, Any]:
        """The operation object."""
        return self.document.placed(self.pointer)[1]

    @cached_property
    def raw(self) -> Any:
        """Schemathesis' view, for generation and response checks; raises `SpecError` where it has none."""
        assert self._load is not None
        return self._load(self.label)

    @cached_property
    def placed_parameters(self) -> dict[str, dict[str, Any]]:
        """The parameters by place, its own before those of its path (OpenAPI, Path Item Object)."""
        found: dict[tuple[Any, Any], tuple[str, dict[str, Any]]] = {}
        shared = pointer_of("paths", self.path, "parameters")
        for base in (f"{self.pointer}/parameters", shared):
            listed = self.document.at(base)
            for index in range(len(listed) if isinstance(listed, list) else 0):
                pointer, parameter = self.document.placed(f"{base}/{index}")
                if isinstance(parameter.get("name"), str):
                    found.setdefault((parameter.get("in"), parameter["name"]), (pointer, parameter))
        return dict(found.values())

    @property
    def parameters(self) -> list[dict[str, Any]]:
        """The parameters, its own before those of its path."""
        return list(self.placed_parameters.values())

    @cached_property
    def bodies(self) -> dict[str, str]:
        """Place of the schema of its body, by media type; empty for a body without a schema."""
        pointer, body = self.document.placed(f"{self.pointer}/requestBody")
        if body:
            return contents(pointer, body)
        schemas = [f"{p}/schema" for p, parameter in self.placed_parameters.items() if parameter.get("in") == "body"]
        is_form = any(p.get("in") == "formData" for p in self.parameters)
        consumes = self.definition.get("consumes") or self.document.raw.get("consumes")
        kinds = consumes or (FORMS if is_form else ("application/json",))
        return {str(kind): (schemas or [""])[0] for kind in kinds} if schemas or is_form else {}

    @property
    def body_place(self) -> str:
        """Place of the schema of its JSON body; empty if it has none."""
        return next((place for kind, place in self.bodies.items() if place and is_json(kind)), "")

    @property
    def body(self) -> dict[str, Any]:
        """The media type object of its JSON body, an empty one where it takes none; of 2.0 what stands for it."""
        content = self.document.resolved(self.definition.get("requestBody")).get("content")
        found = next((m for kind, m in items(content) if is_json(kind) and isinstance(m, dict)), {})
        if found or not self.body_place:
            return found
        within = next((p for p in self.parameters if p.get("in") == "body"), {})
        return {"schema": within.get("schema"), **({"example": within["x-example"]} if "x-example" in within else {})}

    @property
    def is_body_required(self) -> bool:
        """Whether a request needs a body."""
        body = self.document.resolved(self.definition.get("requestBody"))
        within = [p for p in self.parameters if p.get("in") in IN_BODY]
        return bool(body.get("required")) or any(p.get("required") is True for p in within)

    @cached_property
    def responses(self) -> dict[str, dict[str, Any]]:
        """The documented responses by status: ``200``, ``4XX`` or ``default``."""
        found = self.document.resolved(self.definition.get("responses"))
        return {status: self.document.resolved(response) for status, response in described(found)}

    @property
    def is_secured(self) -> bool:
        """Whether the document asks for a credential, without the option of going without."""
        return bool(self.security) and {} not in self.security

    @property
    def security(self) -> list[Any]:
        """What it asks for: alternatives, each with all the schemes that it needs (Security Requirement Object)."""
        required = self.definition.get("security", self.document.raw.get("security", []))
        return required if isinstance(required, list) else []

    def violations(self, response: httpx.Response, *, readable: bool = True) -> list[str]:
        """Return how ``response`` breaks the document: status, content type, headers, body; empty when it conforms.

        What a recording holds in place of a secret is not held against the secret's schema, nor is the body unless it
        is ``readable``.
        """
        return [breach.text for breach in self.breaches(response, readable=readable)]

    def breaches(self, response: httpx.Response, *, readable: bool = True) -> list[Breach]:
        """Return the same, each with the cause that other operations share with it.

        Raises `SpecError` where the description of the answers is of no use, as with a reference to nowhere.
        """
        from harness.openapi.schemathesis_names import SchemathesisError

        try:
            found = self.failures(response, lambda: self.raw.validate_response(response))
        except SchemathesisError as exc:
            why = cut(one_line(exc), 300)
            raise SpecError(f"[provider] spec: the answers of {self.label} cannot be judged: {why}") from exc
        if not readable:
            found = [failure for failure in found if failure.title not in _OF_BODIES]
        judged = [
            Breach(self.document.shown(_in_a_line(f)), self.document.shown(cause_of(f, response)))
            for f in found
            if not _is_redacted(f)
        ]
        return [*judged, *self._lacking(response), *self._undescribed_type(response)]

    def _undescribed_type(self, response: httpx.Response) -> Iterator[Breach]:
        """Yield the content type of a body for which the documented response has another one (Response Object)."""
        if response.content and not self.describes_type(response):
            kinds, sent = self._types_of(response), response.headers["content-type"]
            text = f"Undocumented Content-Type: {media_type(sent)}; the spec has {', '.join(kinds)}"
            yield Breach(text, content_type_cause(sent, kinds))

    def describes_type(self, response: httpx.Response) -> bool:
        """Whether the documented response has the content type of ``response``, or describes none."""
        kinds, sent = self._types_of(response), response.headers.get("content-type", "")
        return not (kinds and sent) or most_specific(kinds, sent) is not None

    def _types_of(self, response: httpx.Response) -> list[str]:
        documented = self.response_to(response.status_code)
        return [kind for kind, _ in items(documented.get("content"))] or self._produced(documented)

    def _produced(self, documented: dict[str, Any]) -> list[str]:
        """Return the content types of a response with a schema in OpenAPI 2.0 (Operation Object, ``produces``)."""
        produced = self.definition.get("produces") or self.document.raw.get("produces")
        return [str(kind) for kind in produced] if "schema" in documented and isinstance(produced, list) else []

    def response_to(self, status: int) -> dict[str, Any]:
        """Return the documented response for a status: the exact one, its range, or the default; else an empty one."""
        return self.responses.get(self.key_of(status), {})

    def key_of(self, status: int) -> str:
        """Return the key of the documented response for a status, empty for none."""
        ranged = f"{status // 100}XX"
        keys = (str(status), ranged, ranged.lower(), "default")
        return next((key for key in keys if key in self.responses), "")

    def failures(self, response: httpx.Response, validate: Callable[[], object]) -> Sequence[Any]:
        """Return what Schemathesis raises while it validates a response, with the body judged in its direction.

        It takes ``produces`` of OpenAPI 2.0 for what every response has, and judges content where there can be none.
        """
        from harness.openapi.schemathesis_names import MissingContentType, UndefinedContentType

        found = _failures_of(validate)
        if not response.content:
            never = self.method == "HEAD" or response.status_code in _WITHOUT_CONTENT
            found = [f for f in found if not (never and f.title in _OF_BODIES)]
            if never or not self._types_of(response):
                found = [f for f in found if not isinstance(f, MissingContentType)]
        if self.describes_type(response):
            found = [f for f in found if not isinstance(f, UndefinedContentType)]
        return self.document.judged(self, response, found)

    def _lacking(self, response: httpx.Response) -> Iterator[Breach]:
        """Yield the headers that the documented response requires and that did not come (OpenAPI, Header Object)."""
        documented = self.raw.responses.find_by_status_code(response.status_code)
        for name, header in (documented.headers if documented else {}).items():
            if header.is_required and name.lower() not in (*response.headers, *NEVER_REQUIRED):
                text = f"{response.status_code} without the header {name}, which the spec requires"
                yield Breach(text, MISSING_HEADER.of(name))


def contents(pointer: str, node: dict[str, Any]) -> dict[str, str]:
    """Return the places of the schemas of a body or response at ``pointer``, by media type; empty for none."""
    return {
        kind: f"{pointer}/content/{escaped(kind)}/schema" if isinstance(media, dict) and "schema" in media else ""
        for kind, media in items(node.get("content"))
    }


def _failures_of(validate: Callable[[], object]) -> Sequence[Any]:
    """Return what Schemathesis raises while it validates a response; none where that conforms."""
    from harness.openapi.schemathesis_names import Failure, FailureGroup

    try:
        validate()
    except FailureGroup as group:
        return group.exceptions
    except Failure as failure:
        return (failure,)
    return ()


_OF_BODIES = ("Content deserialization error", "JSON deserialization error", "Response violates schema")
"""Titles of what Schemathesis finds in a body."""


def _is_redacted(failure: Any) -> bool:
    """Whether a value breaks its schema only because it is a placeholder."""
    instance = getattr(failure, "instance", None)
    return isinstance(instance, str) and REDACTED in instance


def _in_a_line(failure: Any) -> str:
    """Return a Schemathesis failure as one line: its title, what it found, and the JSON pointer of the value."""
    message, where = str(failure.message), ""
    if hasattr(failure, "instance_path"):
        message = message.partition("\n\n")[0]  # the schema and the value follow
        where = pointer_of(*failure.instance_path)
    detail = cut(" ".join(message.split()), 400) + (f" (at {where})" if where else "")
    return f"{failure.title}: {detail}" if detail else str(failure.title)
