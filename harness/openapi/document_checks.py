"""Whether the document is consistent, without a provider: examples, references, responses, security schemes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from harness.core.pointers import escaped
from harness.model import Check, Finding, FixedBy, Outcome
from harness.openapi.document_examples import (
    CheckedPlace,
    CheckedPlaces,
    parameter_examples,
    request_examples,
    response_examples,
    schema_examples,
)
from harness.openapi.file_checks import references_followed, unique_keys
from harness.openapi.json_document import items
from harness.openapi.spec_document import Spec

ITEM = "contract.fuzz"
SHOWN = 10
_OAS = "OpenAPI Specification 3.1.1"


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
            return f"{self.check.summary[:1].upper()}{self.check.summary[1:]}: none checked"
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
    described_here = (*spec.operations, *spec.callbacks, *spec.webhooks)
    places += [(f"{o.pointer}/security", o.definition.get("security")) for o in described_here]
    for pointer, requirements in places:
        for requirement in requirements or ():
            for name, _ in items(requirement):
                asked.setdefault(name, pointer)
    for name in schemes:
        unused = "" if name in asked else "no operation requires it; is every operation meant to be public?"
        yield CheckedPlace(f"{base}/{escaped(name)}", unused)
    for name, pointer in asked.items():
        if name not in schemes and "/" not in name:  # a URI since 3.2
            yield CheckedPlace(pointer, f"it names {name!r}, which is not a security scheme")


def _webhook_schemas(spec: Spec) -> CheckedPlaces:
    for webhook in spec.webhooks:
        complaint = "" if webhook.body_place else "no JSON schema describes its body"
        yield CheckedPlace(webhook.pointer.removesuffix("/post"), complaint)


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
            ("response", response_examples, "Media Type"),
            ("request", request_examples, "Media Type"),
            ("parameter", parameter_examples, "Parameter"),
        )
    ),
    DocumentCheck(
        id="schema-examples",
        summary="examples within schemas",
        passed="Examples inside schemas follow them",
        failed="Examples inside schemas break them",
        expected="each example valid against the schema it is part of",
        look=schema_examples,
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
        look=references_followed,
        source=f"{_OAS}, Reference Object",
        fix="Correct the reference, or add what it names.",
    ),
    DocumentCheck(
        id="unique-keys",
        summary="keys in files of YAML",
        passed="Keys in files of YAML are unique",
        failed="Keys in files of YAML are repeated",
        expected="each key once in an object",
        look=unique_keys,
        source="YAML 1.2.2, section 3.2.1.1",
        fix="Remove one of the two, or merge what they describe.",
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
