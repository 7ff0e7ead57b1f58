"""The same answer in another spelling."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from harness.http.message import Request, Response
from harness.openapi.json_document import JsonDocument
from harness.openapi.value_schemas import described_values
from harness.resilience.answer_changes import ChangeableAnswer
from harness.resilience.spelled_answers import spelled

SCHEMA = {"properties": {"at": {"format": "date-time"}, "own": {"format": "date-time", "pattern": "Z$"}, "note": {}}}


def answered(at: str, media_type: str = "application/json") -> ChangeableAnswer:
    content = {"at": at, "own": at, "note": at, "url": "http://x/a"}
    response = Response(status=200, headers=(("Content-Type", media_type),), body=json.dumps(content).encode())
    return ChangeableAnswer(
        label="GET /a",
        request=Request(method="GET", url="/a"),
        response=response,
        content=content,
        accepts=lambda *_: True,
        describes=lambda _, each: described_values(JsonDocument({}), SCHEMA, json.loads(each.body)),
        successes=lambda _: (),
    )


@pytest.mark.parametrize(
    "time, other",
    [
        ("2026-11-30T09:00:00Z", "2026-11-30T09:00:00.000+00:00"),
        ("2026-11-30T09:00:00.25Z", "2026-11-30T09:00:00.25+00:00"),
        ("2026-11-30T09:00:00+00:00", "2026-11-30T09:00:00.000Z"),
        ("2026-11-30T09:00:00+01:00", "2026-11-30T09:00:00+01:00"),
        ("soon", "soon"),
    ],
)
def test_an_answer_means_the_same(time: str, other: str) -> None:
    """Only a time that the document declares, without a pattern, is written otherwise; its moment stays."""
    changed = spelled(answered(time)).response

    assert json.loads(changed.body) == {"at": other, "own": time, "note": time, "url": "http://x/a"}
    assert b"\n" in changed.body
    assert rb"http:\/\/x\/a" in changed.body
    if time != "soon":
        assert dt.datetime.fromisoformat(other) == dt.datetime.fromisoformat(time)


@pytest.mark.parametrize(
    "media_type, other",
    [
        ("application/json", "application/json;charset=UTF-8"),
        ("application/json; charset=utf-8", "application/json; charset=utf-8"),
    ],
)
def test_a_media_type_has_a_parameter(media_type: str, other: str) -> None:
    """Names of headers have no case, and a media type may have parameters."""
    assert spelled(answered("", media_type)).response.headers == (("cONTENT-tYPE", other),)
