"""Whether the document is consistent, without a provider: examples, references, responses, security schemes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from harness.core.pointers import at_pointer, escaped, pointer_of
from harness.http.message import is_json
from harness.model import Check, Finding, FixedBy, Outcome
from harness.openapi.bundling import UNREAD
from harness.openapi.json_document import items
from harness.openapi.operation import Operation, contents
from harness.openapi.references import references
from harness.openapi.schemas import Schemas
from harness.openapi.spec_document import Spec

ITEM = "contract.fuzz"
SHOWN = 10
MAX_DEPTH = 12
_OAS = "OpenAPI Specification 3.1.1"


class CheckedPlace(msgspec.Struct, frozen=True):
    """One part of the document that was checked."""

    pointer: str
    """Its place in the document, a JSON pointer (RFC 6901)."""
    complaint: str = ""
    """What is wrong with it; empty when nothing is."""


CheckedPlaces = Iterator[CheckedPlace]


class DocumentCheck(Check, frozen=True, kw_only=True):
    """One way in which a document can contradict itself."""

    item: str = ITEM
    fixed_by: FixedBy = FixedBy.PROVIDER
    look: Callable[[Spec], CheckedPlaces]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What one check came to."""

    check: DocumentCheck
    seen: int
    slips: tuple[CheckedPlace, ...]

    @property
    def summary(self) -> str:
        """The sentence with the figures, in one line."""
        if not self.seen:
            return f"{self.check.summary.capitalize()}: none checked"
        figures = f"{len(self.slips)} of {self.seen}" if self.slips else f"{self.seen} checked"
        return f"{self.check.sentence(self.outcome)} ({figures})"

    @property
    def outcome(self) -> Outcome:
        """Not applicable where there is nothing to check."""
        return Outcome.FAIL if self.slips else Outcome.PASS if self.seen else Outcome.NOT_APPLICABLE


def check_document(
    spec: Spec, *, each: Callable[[Sequence[DocumentCheck]], Iterable[DocumentCheck]] = iter
) -> list[Checked]:
    """Run all checks, in their order; ``each`` hands them out, and may show how far that is."""
    results = []
    for check in each(CHECKS):
        looks = list(check.look(spec))
        slips = tuple(CheckedPlace(spec.shown(k.pointer), k.complaint) for k in looks if k.complaint)
        results.append(Checked(check=check, seen=len(looks), slips=slips))
    return results


def judge_document(spec: Spec) -> list[Finding]:
    """Return one finding for each check."""
    return [_finding(result, spec.source) for result in check_document(spec)]


def _finding(result: Checked, source: str) -> Finding:
    shown = "; ".join(f"{s.pointer}: {s.complaint}" for s in result.slips[:SHOWN])
    more = f"; and {len(result.slips) - SHOWN} more" if len(result.slips) > SHOWN else ""
    found = result.check.finding(
        result.outcome,
        shown + more,
        summary=f"{result.summary} in {source}",
        reproduce=f"harness spec check {source}",
    )
    # One more slip is another finding, which no waiver covers.
    places = "\n".join(s.pointer for s in result.slips)
    return found.named("document", result.check.id, places) if result.slips else found


def _response_examples(spec: Spec) -> CheckedPlaces:
    for operation in spec.operations:
        for status in operation.responses:
            pointer, response = spec.placed(f"{operation.pointer}/responses/{escaped(status)}")
            yield from _in_content(spec, spec.of_responses, pointer, response, operation)


def _request_examples(spec: Spec) -> CheckedPlaces:
    for operation in spec.operations:
        pointer, body = spec.placed(f"{operation.pointer}/requestBody")
        yield from _in_content(spec, spec.of_requests, pointer, body, operation)


def _parameter_examples(spec: Spec) -> CheckedPlaces:
    for operation in spec.operations:
        for pointer, parameter in operation.placed_parameters.items():
            if "schema" in parameter:
                yield from _held(spec, spec.of_requests, pointer, parameter, operation.label)


def _in_content(
    spec: Spec, schemas: Schemas, pointer: str, node: dict[str, Any], operation: Operation
) -> CheckedPlaces:
    for media_type, place in contents(pointer, node).items():
        if is_json(media_type) and place:
            yield from _held(spec, schemas, place.removesuffix("/schema"), node["content"][media_type], operation.label)


def _held(spec: Spec, schemas: Schemas, pointer: str, node: dict[str, Any], label: str) -> CheckedPlaces:
    """Validate the examples beside a schema."""
    found = [(f"{pointer}/example", node["example"])] if "example" in node else []
    for name, raw in items(node.get("examples")):
        found.append((f"{pointer}/examples/{escaped(name)}", spec.resolved(raw).get("value")))
    yield from _validated(spec, schemas, f"{pointer}/schema", found, label)


def _validated(spec: Spec, schemas: Schemas, schema: str, examples: list[tuple[str, Any]], label: str) -> CheckedPlaces:
    """Validate examples, by their places, against the schema at a pointer, which is compiled only if there is one.

    An example without a value, which YAML turns into null, does not count.
    """
    for at, value in examples:
        if value is not None and (validator := schemas.at(schema)) is not None:
            complaint = _complaint(validator, value, label)
            if complaint and (filled := spec.bundle.filled(value, at)) != value:
                complaint = _complaint(validator, filled, label)
            yield CheckedPlace(at, complaint)


def _complaint(validator: Any, value: Any, label: str) -> str:
    error = next(iter(validator.iter_errors(value)), None)
    if error is None:
        return ""
    where = pointer_of(*error.instance_path)
    message = str(error.message)
    return f"{label}: {where or 'it'}: {message if len(message) <= 160 else '... ' + message[-160:]}"


def _schema_examples(spec: Spec) -> CheckedPlaces:
    """Hold the examples within component schemas against them (JSON Schema, ``examples``)."""
    for name, _ in items(spec.at("/components/schemas")):
        yield from _within(spec, f"/components/schemas/{escaped(name)}", MAX_DEPTH)


def _within(spec: Spec, pointer: str, depth: int) -> CheckedPlaces:
    schema = at_pointer(spec.raw, pointer)
    if not isinstance(schema, dict) or depth == 0 or "$ref" in schema:
        return
    found = [(f"{pointer}/example", schema["example"])] if "example" in schema else []
    several = schema.get("examples")
    found += [(f"{pointer}/examples/{n}", v) for n, v in enumerate(several)] if isinstance(several, list) else []
    yield from _validated(spec, spec.of_either, pointer, found, "schema")
    inner = [f"properties/{escaped(n)}" for n, _ in items(schema.get("properties"))]
    inner += [k for k in ("items", "additionalProperties") if isinstance(schema.get(k), dict)]
    inner += [f"{k}/{n}" for k in ("allOf", "anyOf", "oneOf") for n in range(len(schema.get(k) or ()))]
    for step in inner:
        yield from _within(spec, f"{pointer}/{step}", depth - 1)


def _responses(spec: Spec) -> CheckedPlaces:
    for operation in spec.operations:
        complaint = "" if operation.responses else "it describes no response, so no response can be validated"
        yield CheckedPlace(operation.pointer, complaint)


def _security(spec: Spec) -> CheckedPlaces:
    """Check for schemes that no operation requires, and requirements that name no scheme."""
    base = "/components/securitySchemes" if spec.at("/components/securitySchemes") else "/securityDefinitions"
    schemes = [name for name, _ in items(spec.at(base))]
    asked: dict[str, str] = {}
    places = [("/security", spec.raw.get("security"))]
    places += [(f"{o.pointer}/security", o.definition.get("security")) for o in spec.operations]
    for pointer, requirements in places:
        for requirement in requirements or ():
            for name, _ in items(requirement):
                asked.setdefault(name, pointer)
    for name in schemes:
        unused = "" if name in asked else "no operation requires it; is every operation meant to be public?"
        yield CheckedPlace(f"{base}/{escaped(name)}", unused)
    for name, pointer in asked.items():
        if name not in schemes:
            yield CheckedPlace(pointer, f"it names {name!r}, which is not a security scheme")


def _webhook_schemas(spec: Spec) -> CheckedPlaces:
    for webhook in spec.webhooks:
        complaint = "" if webhook.body_place else "no JSON schema describes its body"
        yield CheckedPlace(webhook.pointer.removesuffix("/post"), complaint)


def _references(spec: Spec) -> CheckedPlaces:
    """Check each reference once, except those that the network rules forbid: operations that need them report it."""
    written = {str(holder.get(key)) for holder, key in references(spec.raw)}
    for reference in sorted(r for r in written if r.startswith("#/") and not r.startswith(f"#/{UNREAD}/")):
        leads = spec.at(reference) is not None or at_pointer(spec.raw, reference) is not None
        if leads and not spec.is_circular(reference):
            yield CheckedPlace(reference)
        else:
            reason = "it refers back to itself" if leads else "there is no such place in the document"
            yield CheckedPlace(reference, reason + _written_at(spec, reference))
    for reference, reason in spec.bundle.unread.items():
        if reference not in spec.bundle.not_asked:
            yield CheckedPlace(reference, f"it cannot be read: {reason}{_written_at(spec, reference)}")


def _written_at(spec: Spec, reference: str) -> str:
    place = spec.bundle.written_at(reference)
    return f" (written in {place})" if place else ""


CHECKS: tuple[DocumentCheck, ...] = (
    *(
        DocumentCheck(
            id=f"{part}-examples",
            summary=f"examples of {part}s",
            passed=f"Examples of {part}s follow their schemas",
            failed=f"Examples of {part}s break their schemas",
            expected="each example valid against the schema beside it",
            look=look,
            source=f"{_OAS}, {described} Object",
            fix="Correct the example, or the schema beside it.",
        )
        for part, look, described in (
            ("response", _response_examples, "Media Type"),
            ("request", _request_examples, "Media Type"),
            ("parameter", _parameter_examples, "Parameter"),
        )
    ),
    DocumentCheck(
        id="schema-examples",
        summary="examples within schemas",
        passed="Examples inside schemas follow them",
        failed="Examples inside schemas break them",
        expected="each example valid against the schema it is part of",
        look=_schema_examples,
        source="JSON Schema 2020-12 validation, section 9.5",
        fix="Correct the example, or the schema around it.",
    ),
    DocumentCheck(
        id="responses",
        summary="operations",
        passed="Operations describe their responses",
        failed="Operations describe no response",
        expected="at least one response for each operation",
        look=_responses,
        source=f"{_OAS}, Responses Object",
        fix="Describe each response with its status, its content type and its schema.",
    ),
    DocumentCheck(
        id="security",
        summary="security schemes",
        passed="Security schemes match the requirements that name them",
        failed="Security schemes do not match the requirements that name them",
        expected="each scheme named by a requirement, and each requirement naming a scheme",
        look=_security,
        source=f"{_OAS}, Security Requirement Object",
        fix="Name the scheme in `security`, of the document or of operations; describe it, or remove it.",
    ),
    DocumentCheck(
        id="references",
        summary="references",
        passed="References lead to what they name",
        failed="References lead nowhere",
        expected="each reference leads to a part of the document, or a file that can be read",
        look=_references,
        source=f"{_OAS}, Reference Object",
        fix="Correct the reference, or add what it names.",
    ),
    DocumentCheck(
        id="webhook-schemas",
        summary="webhooks",
        passed="Webhooks have a schema",
        failed="Webhooks have no schema",
        expected="a JSON schema for the body of each webhook",
        look=_webhook_schemas,
        source=f"{_OAS}, webhooks",
        fix="Give the request body of the webhook a content type of JSON with a schema.",
    ),
)
