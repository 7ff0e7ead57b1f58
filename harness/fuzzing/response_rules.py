"""Failures that Schemathesis reports of responses that are right by HTTP's own rules, or by what was really sent."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import httpx

from harness.http.message import PRECONDITIONS
from harness.openapi.given_names import names_nothing
from harness.openapi.operation import Operation
from harness.openapi.spec_document import Spec

_CONDITIONAL = PRECONDITIONS | {"range"}
"""Headers that ask about the state of a resource, or for a part of it (RFC 9110 section 14.2)."""
_OF_STATE = frozenset({304, 412, 416})
"""Statuses that answer those headers (RFC 9110 sections 15.4.5, 15.5.13 and 15.5.17)."""
_SUPPORTED = frozenset({"GET", "HEAD"})
"""Methods that every general-purpose server must support (RFC 9110 section 9.1)."""
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_HINT = "\nHint: "
"""Before what Schemathesis guesses of the cause of a refusal."""


class Judged(NamedTuple):
    """One response, with what it answers."""

    response: httpx.Response
    case: Any
    operation: Operation
    spec: Spec
    credential: frozenset[str]
    """The names, in small letters, of the headers that authenticate."""


def is_of_the_response(failure: Any, judged: Judged) -> bool:
    """Whether what Schemathesis reports is wrong with the response, so that somebody has something to correct.

    The 400 to a header that is not HTTP is the server's, before any operation is looked for (RFC 9110 section 5.5).
    """
    if judged.response.status_code == httpx.codes.BAD_REQUEST and _has_control_characters(judged.response.request):
        return False
    rule = _RULES.get(type(failure).checks[0] if type(failure).checks else "")
    return rule is None or rule(failure, judged)


def message_of(failure: Any) -> str:
    """Return the message of a failure in one line, without the guess of its cause."""
    return " ".join(str(failure.message).partition(_HINT)[0].split())


def refuses_unknown_method(response: httpx.Response, spec: Spec) -> bool:
    """Whether a 501 answers a method that the server has nowhere, as it should (RFC 9110 sections 9.1 and 15.6.2).

    GET and HEAD must be supported (section 9.1), and a method that the document describes is not unknown.
    """
    method = response.request.method
    return response.status_code == httpx.codes.NOT_IMPLEMENTED and method not in {*_SUPPORTED, *spec.methods}


def _is_accepted_header(failure: Any, judged: Judged) -> bool:
    """Whether a request was accepted without a header that it needs; one with the credential in it was not without."""
    sent = failure.header_name.lower() in judged.response.request.headers
    return not (judged.response.is_client_error or sent)


def _is_accepted_invalid(_: Any, judged: Judged) -> bool:
    """Whether an invalid request was accepted; any 4xx refuses it.

    A server ignores a precondition that it cannot read (RFC 9110 sections 13.1.3, 13.1.4 and 14.2), and a header in
    whose place the credential was sent was not invalid. Nor is a parameter that the document does not name.
    """
    wrong = _wrong_headers(judged.case)
    if judged.response.is_client_error or (wrong and wrong <= _CONDITIONAL | judged.credential):
        return False
    return _has_wrong_body(judged.case) or not _is_valid_beside_its_body(judged)


def _is_refused_valid(_: Any, judged: Judged) -> bool:
    """Whether a valid request was refused for what it holds, and not for the state of the resource (section 13.2).

    That there is no such cursor, or no resource of a made-up identifier, is state too.
    """
    asked = _CONDITIONAL & set(judged.response.request.headers)
    is_of_state = judged.response.status_code in _OF_STATE and asked
    return not (is_of_state or names_nothing(judged.spec, judged.operation, judged.response))


def _is_undeclared(_: Any, judged: Judged) -> bool:
    """Whether no path of the document describes the method at this URL; `/things/{id}` matches `/things/count`.

    A crash is reported as such, whatever the method.
    """
    request = judged.response.request
    return not judged.response.is_server_error and judged.spec.find(request.method, request.url) is None


def _is_wrong_allow(failure: Any, judged: Judged) -> bool:
    """Whether ``Allow`` names a method that no path which matches the URL has, or leaves out one of its own."""
    url = judged.response.request.url
    return bool(failure.missing_methods) or any(judged.spec.find(m, url) is None for m in failure.undocumented_methods)


_RULES = {
    "missing_required_header": _is_accepted_header,
    "negative_data_rejection": _is_accepted_invalid,
    "positive_data_acceptance": _is_refused_valid,
    "unsupported_method": _is_undeclared,
    "allow_header_conformance": _is_wrong_allow,
}
"""By check, whether its failure holds."""


def _has_control_characters(request: httpx.Request) -> bool:
    return any(_CONTROL.search(value) for _, value in request.headers.raw)


def _wrong_headers(case: Any) -> set[str]:
    """Return the headers that were made invalid, in small letters; none where another part of the request was too."""
    data = case.meta.phase.data if case.meta else None
    mutations = getattr(data, "mutations", None) or [data]
    wrong = [(getattr(m, "parameter_location", None), getattr(m, "parameter", None)) for m in mutations]
    if not all(place == "header" and name for place, name in wrong):
        return set()
    return {str(name).lower() for _, name in wrong}


def _has_wrong_body(case: Any) -> bool:
    return any(place.value == "body" and part.mode.is_negative for place, part in _components(case).items())


def _components(case: Any) -> Any:
    return case.meta.components if case.meta else {}


def _is_valid_beside_its_body(judged: Judged) -> bool:
    """Whether path, query, headers and cookies of what was sent are as the document describes them."""
    request = judged.response.request
    sent = [(name, value) for name, value in request.headers.items()]
    return judged.spec.inputs(judged.operation).look(str(request.url), sent, None).valid
