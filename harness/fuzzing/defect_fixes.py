"""What to do about a defect, by the check that found it: the same words would not fit a crash and a missing header."""

from __future__ import annotations

FIXES = {
    "answers": "Find out in the server's log why the request got no whole answer, and answer each request in time.",
    "not_a_server_error": "Find the error in the server's log and handle what caused it; answer 4xx to input that the "
    "server cannot take.",
    "status_code_conformance": "Answer with a status that the spec describes for the operation, or describe this one "
    "there.",
    "content_type_conformance": "Answer with a media type that the spec describes for the status, or describe this one "
    "there.",
    "response_headers_conformance": "Send the header as the spec describes it, or correct its description there.",
    "response_schema_conformance": "Write the answer as its schema describes it, or correct the schema in the spec.",
    "negative_data_rejection": "Validate requests against the spec before they take effect, and answer 4xx; or allow "
    "this input in the spec.",
    "positive_data_acceptance": "Accept what the spec allows, or describe there the limit that the server applies.",
    "missing_required_header": "Answer 4xx where a header that the spec requires is missing, or make it optional.",
    "unsupported_method": "Answer 405 with Allow to a method that the path does not have, or describe it in the spec.",
    "allow_header_conformance": "List in Allow the methods that the spec has for the path: all of them, and no other.",
    "use_after_free": "Answer 404 or 410 to every call of a resource that was deleted.",
    "ensure_resource_availability": "Store a new resource before you answer its creation, so that the next call finds "
    "it.",
}
"""By name of the check, as Schemathesis calls it; `answers` where there was no answer."""
