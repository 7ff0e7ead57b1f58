"""Known secrets in answers: each is named once, with its sender, the request and the place, and never by its value."""

from __future__ import annotations

import base64
import functools
import gzip
import os

import msgspec
import pytest

from harness.http.message import Exchange, Request, Response
from harness.model import FixedBy, Outcome
from harness.operations.answer_leaks import Answerer, AnswerSearch
from harness.secrets import Scanner

VALUE = f"key+{os.urandom(12).hex()}"
NAME = os.urandom(6).hex()
JSON = (("Content-Type", "application/json"),)
RECEIVER, PROVIDER = "http://127.0.0.1:1/hooks", "http://127.0.0.1:2/runs/7?x=1"
BASE64 = base64.b64encode(b"Bearer " + VALUE.encode()).decode()
# Who answers, the answer, and where the secret is found in it; empty for what is no leak.
ROWS: dict[str, tuple[str, Response, str]] = {
    "body": (
        RECEIVER,
        Response(status=400, body=b"no: " + VALUE.encode()),
        "the body of the answer 400 of the receiver",
    ),
    "acknowledged": (
        RECEIVER,
        Response(status=200, headers=JSON, body=msgspec.json.encode({"secret": VALUE})),
        "the body",
    ),
    "header": (RECEIVER, Response(status=200, headers=(("X-Debug", VALUE),)), "the header x-debug"),
    "reason": (RECEIVER, Response(status=400, reason=f"not {VALUE}"), "the reason phrase"),
    "packed": (
        RECEIVER,
        Response(status=500, headers=(("content-encoding", "gzip"),), body=gzip.compress(VALUE.encode())),
        "the body",
    ),
    "encoded": (RECEIVER, Response(status=500, body=BASE64.encode()), "(base64"),
    "provider's error": (
        PROVIDER,
        Response(status=401, headers=JSON, body=msgspec.json.encode({"token": VALUE})),
        "the body",
    ),
    "provider's answer": (
        PROVIDER,
        Response(status=200, headers=JSON, body=msgspec.json.encode({"note": VALUE})),
        "the body",
    ),
    "handed over": (PROVIDER, Response(status=201, headers=JSON, body=msgspec.json.encode({"apiKey": VALUE})), ""),
    "cookie": (PROVIDER, Response(status=200, headers=(("Set-Cookie", f"session={VALUE}; Path=/"),)), ""),
    "beginning of a key": (PROVIDER, Response(status=200, body=VALUE[:12].encode()), ""),
    "user name": (PROVIDER, Response(status=200, body=NAME.encode()), ""),
    "nothing": (RECEIVER, Response(status=200, headers=JSON, body=b'{"received": true}'), ""),
}


def who(url: str) -> Answerer:
    provider = url == PROVIDER
    return Answerer("the provider" if provider else "the receiver", is_provider=provider)


@pytest.fixture
def search() -> AnswerSearch:
    scanner = Scanner({"env:KEY": VALUE, "env:NAME": NAME})
    return AnswerSearch(lambda: scanner, who, public=frozenset({"env:NAME"}))


@pytest.mark.parametrize("url, response, where", ROWS.values(), ids=ROWS.keys())
def test_an_answer_is_searched(search: AnswerSearch, url: str, response: Response, where: str) -> None:
    """Each part of it, unpacked; the provider may hand a secret over, in a field that says so, where all went well."""
    search(Exchange(request=Request(method="POST", url=url), response=response))

    found = search.findings()

    assert len(found) == bool(where)
    assert VALUE not in str(found)
    for finding in found:
        provider = url == PROVIDER
        assert finding.outcome is Outcome.FAIL
        assert finding.item == "secrets.never-logged"
        assert finding.fixed_by is (FixedBy.PROVIDER if provider else FixedBy.INTEGRATION)
        assert ("The provider repeats" if provider else "An answer holds") in finding.summary
        assert "a known secret: env:KEY in" in finding.summary
        assert where in finding.summary
        assert f"to POST {'/runs/7' if provider else '/hooks'}" in finding.summary


DEEP = functools.reduce(lambda text, _: base64.b64encode(text), range(12), VALUE.encode())
BEYOND = {
    "encoded very often": (Response(status=200, body=DEEP), "the body: what is encoded more than 10 times"),
    "in an unknown coding": (
        Response(status=200, headers=(("content-encoding", "xyz"),), body=os.urandom(99)),
        "the body: The body is encoded as 'xyz', which the harness cannot decode",
    ),
}


@pytest.mark.parametrize("response, what", BEYOND.values(), ids=BEYOND)
def test_an_answer_that_cannot_be_searched_to_its_end_is_an_error(
    search: AnswerSearch, response: Response, what: str
) -> None:
    """It never counts as free of secrets."""
    search(Exchange(request=Request(method="POST", url=RECEIVER), response=response))

    (found,) = search.findings()

    assert (found.outcome, found.observed) == (Outcome.ERROR, what)
    where = "the body of the answer 200 of the receiver to POST /hooks"
    assert found.summary == f"Could not search all of {where} for known secrets"


def test_answers_of_one_kind_are_told_once(search: AnswerSearch) -> None:
    """Every refusal is worded by the same code, with what another search found."""
    apart = search.apart()
    for status in (400, 400, 500):
        response = Response(status=status, body=VALUE.encode())
        for each in (search, apart):
            each(Exchange(request=Request(method="POST", url=RECEIVER), response=response))
    search.add(apart.take())

    found = search.findings()
    search(Exchange(request=Request(method="PUT", url=RECEIVER), response=Response(status=500, body=VALUE.encode())))

    assert [f.observed.partition(" to")[0] for f in found] == ["HTTP 400", "HTTP 500"]
    assert search.findings() == []
    assert apart.findings() == []
