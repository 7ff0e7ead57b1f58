"""Reproduces a defect: sends exactly its requests, with values of earlier responses replaced by current ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
import msgspec

from harness.core.pointers import as_fragment, at_pointer, leaves, pointer_of
from harness.errors import NotPermittedError, SpecError
from harness.fuzzing.crash_places import at_place
from harness.fuzzing.defects import Defect, StoredRequest, as_answer, judged_again
from harness.fuzzing.response_defects import defects_of
from harness.fuzzing.sending import send_stored, with_new_key
from harness.http.provider_client import UNHEARD, ProviderClient, SendResult, json_of
from harness.openapi.spec_document import Spec

BY_STATUS = frozenset(
    {
        "negative_data_rejection",
        "positive_data_acceptance",
        "missing_required_header",
        "unsupported_method",
        "use_after_free",
        "ensure_resource_availability",
    }
)
"""Checks that judge a status by what is known of the request: the same request with the same status is the same."""
MIN_BOUND = 6
"""Characters below which a text in an answer is not taken for the origin of the same text in a later request."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What happened."""

    occurs: bool | None
    """None where it could not be seen, as nothing answered."""
    answer: str
    defect: Defect | None = None
    """The defect as this version judges it, which may distinguish it from others; None where it does not occur."""


def replay(defect: Defect, spec: Spec, client: ProviderClient) -> Replayed:
    """Send the requests of ``defect`` again and return whether it still occurs."""
    answers: list[Any] = []
    final: SendResult | None = None
    for number, step in enumerate(defect.steps):
        try:
            final = send_stored(_bound(step, defect, answers), client)
        except NotPermittedError as exc:
            return Replayed(occurs=None, answer=f"none ({exc})")
        if final.response is None and number < len(defect.steps) - 1:
            return Replayed(occurs=None, answer=f"no answer to step {number + 1} ({final.detail})")
        answers.append(json_of(final.response))
    assert final is not None
    if final.response is None:
        return Replayed(
            occurs=None if final.reason in UNHEARD else final.reason == defect.cause, answer=f"none ({final.detail})"
        )
    again = _again(defect, final.response, spec, client)
    return Replayed(occurs=again is not None, answer=as_answer(final.response), defect=again)


def bindings(documents: Sequence[Any], steps: Sequence[StoredRequest]) -> tuple[tuple[str, int, str], ...]:
    """Return which texts of later requests stood in the answer to an earlier step, and where."""
    found: dict[str, tuple[str, int, str]] = {}
    for number, document in enumerate(documents[: len(steps) - 1]):
        later = "\n".join(f"{s.path}\n{(s.body or b'').decode(errors='replace')}" for s in steps[number + 1 :])
        for steps_to, text in leaves(document):
            if isinstance(text, str) and len(text) >= MIN_BOUND and text in later:
                found.setdefault(text, (text, number, as_fragment(pointer_of(*steps_to))))
    return tuple(found.values())


def _again(defect: Defect, response: httpx.Response, spec: Spec, client: ProviderClient) -> Defect | None:
    """Return the defect as the response shows it now; None where it does not.

    Another crash in its place is not the same defect, but one that was stored before crashes were distinguished is any.
    """
    try:
        operation = spec.operation(defect.operation)
    except SpecError:
        return defect if defect.check in BY_STATUS and response.status_code == defect.status else None
    if defect.check in BY_STATUS:
        return judged_again(defect, operation, spec, response) if response.status_code == defect.status else None
    # Nothing of the made-up case is sent; what it is judged by is the response.
    made_up = dict.fromkeys(operation.path_parameters, "0")
    case = operation.raw.Case(method=defect.steps[-1].method, path_parameters=made_up)
    headers = client.headers_for(response.request.method, str(response.request.url))
    shown = defects_of(response, case, operation, spec, steps=defect.steps, headers=headers)
    shown = [at_place(d, defect.place) if d.of_all == defect.of_all and not d.crash else d for d in shown]
    found = next((d for d in shown if defect.id in (d.id, d.of_all)), None)
    return None if found is None else msgspec.structs.replace(found, bindings=defect.bindings)


def _bound(step: StoredRequest, defect: Defect, answers: list[Any]) -> StoredRequest:
    """Put what the answers of this replay hold in place of what they held when the defect was found."""
    path, body = step.path, step.body
    for text, number, pointer in defect.bindings:
        value = at_pointer(answers[number], pointer) if number < len(answers) else None
        if isinstance(value, str):
            path = path.replace(text, value)
            body = body.replace(text.encode(), value.encode()) if body else body
    return with_new_key(msgspec.structs.replace(step, path=path, body=body))
