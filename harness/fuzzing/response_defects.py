"""One answer held against the description: the defects that it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from harness.core.cutting import cut
from harness.errors import one_line
from harness.fuzzing.defects import Defect, StoredRequest, of_failures
from harness.fuzzing.response_rules import Judged, is_of_the_response, refuses_unknown_method
from harness.openapi.generation import Ungenerable
from harness.openapi.operation import Operation
from harness.openapi.schemathesis_names import SchemathesisError, ignored_auth
from harness.openapi.spec_document import Spec

# auth.rejects judges credentials, on every secured operation and not only where chance leads.
ELSEWHERE = (ignored_auth,)


def defects_of(
    response: httpx.Response,
    case: Any,
    operation: Operation,
    spec: Spec,
    *,
    steps: Sequence[StoredRequest],
    headers: Mapping[str, str],
    recorder: Any = None,
) -> list[Defect]:
    """Return what a response to ``case`` shows; ``headers`` authenticate, ``recorder`` knows the steps before.

    A case that was not generated is judged by its response alone: whether it was valid is not known. Raises
    `Ungenerable` where the description of the answers is of no use.
    """
    if refuses_unknown_method(response, spec):
        return []
    known = {"headers": dict(headers), **({"recorder": recorder} if recorder else {})}
    try:
        found = operation.failures(
            response, lambda: case.validate_response(response, excluded_checks=list(ELSEWHERE), **known)
        )
    except SchemathesisError as exc:
        raise Ungenerable(f"the answers of {operation.label} cannot be judged: {cut(one_line(exc), 300)}") from exc
    judged = Judged(response, case, operation, spec, frozenset(name.lower() for name in headers))
    failures = [f for f in found if is_of_the_response(f, judged)]
    return of_failures(failures, operation, spec, case=case, response=response, steps=steps)
