"""The cause of a wrong response is the same text wherever it shows."""

from __future__ import annotations

import httpx
import pytest

from harness.openapi.response_causes import (
    answer_text,
    content_type_cause,
    server_error_cause,
    text_cause,
    whole_text_cause,
)


def answered(document: object, url: str = "/a", *, status: int = 500, body: object = None) -> httpx.Response:
    request = httpx.Request("POST", f"http://provider{url}", json=body)
    return httpx.Response(status, json=document, request=request)


@pytest.mark.parametrize(
    "first, second",
    [
        (
            answered({"detail": "page_limit -1 is too small"}, "/a?page_limit=-1"),
            answered({"detail": "page_limit -77 is too small"}, "/b?page_limit=-77"),
        ),
        (
            answered({"error": {"message": "no row 3fa85f64-5717-4562-b3fc-2c963f66afa6"}}),
            answered({"error": {"message": "no row 11111111-5717-4562-b3fc-2c963f66afa6"}}),
        ),
        (
            answered({"errors": [{"detail": "bad value 'alpha'"}]}, body={"name": "alpha"}),
            answered({"errors": [{"detail": "bad value 'beta!'"}]}, body={"name": "beta!"}),
        ),
        (
            answered({"meta": {"at": 1}, "errors": [{"detail": "RequestError", "code": "x"}]}),
            answered({"meta": {"at": 2}, "errors": [{"detail": "RequestError", "code": "x"}]}),
        ),
    ],
    ids=["number", "id", "value of the request", "beside other members"],
)
def test_what_a_request_or_a_moment_changes_is_no_part_of_the_cause(
    first: httpx.Response, second: httpx.Response
) -> None:
    """Numbers, ids and what the answer repeats of the request do not tell causes apart."""
    assert answer_text(first) == answer_text(second) != ""


def test_data_in_the_text_of_a_crash_are_no_part_of_its_cause() -> None:
    """What a library found wrong with an input differs with each input; the ids of the whole text stay valid."""
    errors = "1 validation error: {'loc': ('query', 'email'), 'msg': '%s'}"
    first, second = (answered({"detail": errors % reason}) for reason in ("no @-sign", "the display name ends early"))

    assert text_cause(first) == text_cause(second) == "Server error 500: # validation error:"
    assert whole_text_cause(first) != whole_text_cause(second)
    assert text_cause(answered({"detail": "[Errno 2] No such file: /a"})).endswith("No such file: /a")


def test_other_texts_are_other_causes() -> None:
    """A member that the request does not have tells two errors apart."""
    assert server_error_cause(answered({"detail": "KeyError: 'name'"})) != server_error_cause(
        answered({"detail": "KeyError: 'size'"})
    )


@pytest.mark.parametrize(
    "document", [{"detail": "Internal Server Error"}, {"error": {"statusCode": 500, "message": "Internal error."}}]
)
def test_a_text_that_any_error_has_is_no_cause(document: object) -> None:
    """Two operations that only say that something went wrong are two findings."""
    assert server_error_cause(answered(document)) == ""


def test_a_content_type_is_a_cause_without_its_parameters() -> None:
    """A charset does not tell causes apart."""
    kinds = ["application/problem+json"]

    assert content_type_cause("application/json; charset=utf-8", kinds) == content_type_cause("application/json", kinds)
