"""The messages: what is derived of them."""

from __future__ import annotations

import pytest

from harness.http.message import (
    Exchange,
    Headers,
    Request,
    Response,
    header,
    header_bytes,
    is_json,
    media_parameter,
    media_type,
    reason_phrase,
)


@pytest.mark.parametrize(
    "url, target, path",
    [
        ("https://api.example.com/v1/runs?page=2", "/v1/runs?page=2", "/v1/runs"),
        ("http://api.example.com", "/", "/"),
        ("http://api.example.com?page=2", "/?page=2", "/"),
        ("http://[::1]:80/a#part", "/a", "/a"),
        ("/runs?next=http://elsewhere/x", "/runs?next=http://elsewhere/x", "/runs"),
        ("//runs//1?", "//runs//1?", "//runs//1"),
        ("*", "*", "*"),
        ("", "/", "/"),
    ],
)
def test_target_and_path(url: str, target: str, path: str) -> None:
    """The target is what a request line to the origin carries, whatever form the URL came in."""
    request = Request(method="GET", url=url)
    assert (request.target, request.path) == (target, path)


@pytest.mark.parametrize(
    "content_type, boundary",
    [
        ("multipart/form-data; boundary=XyZ", "XyZ"),
        ("multipart/form-data; charset=utf-8; Boundary=XyZ ; x=1", "XyZ"),
        ('multipart/form-data; boundary="=_a,b; c"; x=1', "=_a,b; c"),
        ("multipart/form-data; x-boundary=1; boundary=2", "2"),
        ("multipart/form-data; xboundary=1", ""),
        ('multipart/form-data; boundary="XyZ', "XyZ"),
        ("multipart/form-data; boundary=abc, text/plain", "abc"),
        ('multipart/form-data; boundary=""', ""),
        ("multipart/form-data", ""),
    ],
)
def test_a_parameter_of_a_content_type(content_type: str, boundary: str) -> None:
    """It is found by its whole name, and a quoted value is whole, whatever it contains."""
    assert media_parameter(content_type, "boundary") == boundary


def test_header_in_any_case() -> None:
    """A field is found in whatever case it stands, the first where it is repeated, empty where there is none."""
    headers: Headers = (("X-Run", "1"), ("x-run", "2"))
    request, response = Request(method="GET", url="/", headers=headers), Response(status=200, headers=headers)
    assert (request.header("X-RUN"), response.header("x-run"), header(headers, "other")) == ("1", "1", "")


@pytest.mark.parametrize(
    "content_type, essence, json",
    [
        ("application/json", "application/json", True),
        (" Application/JSON ; charset=utf-8", "application/json", True),
        ("application/problem+json", "application/problem+json", True),
        ("application/jsonlines", "application/jsonlines", False),
        ("text/plain; x=application/json", "text/plain", False),
        ("", "", False),
    ],
)
def test_media_type(content_type: str, essence: str, json: bool) -> None:  # noqa: FBT001 - a row of the table
    """Parameters and case do not change a media type, and JSON is what RFC 6839 calls so."""
    assert (media_type(content_type), is_json(content_type)) == (essence, json)


@pytest.mark.parametrize(
    "status, phrase",
    [
        (200, "OK"),
        (404, "Not Found"),
        (413, "Content Too Large"),
        (414, "URI Too Long"),
        (416, "Range Not Satisfiable"),
        (422, "Unprocessable Content"),
        (431, "Request Header Fields Too Large"),
        (299, ""),
        (0, ""),
    ],
)
def test_a_status_has_one_name(status: int, phrase: str) -> None:
    """The names are those of RFC 9110, even under a Python with the names of earlier RFCs."""
    assert reason_phrase(status) == phrase


def test_body_is_always_bytes() -> None:
    """A message without a body has an empty one, so that two such messages are equal."""
    assert Request(method="GET", url="/").body == b""
    assert Request(method="GET", url="/").digest == Request(method="PUT", url="/x", body=b"").digest
    assert Exchange(request=Request(method="GET", url="/")).response is None


@pytest.mark.parametrize(
    "value,sent",
    [
        ("plain", b"plain"),
        ("Zürich", b"Z\xfcrich"),
        ("ZÃ¼rich", b"Z\xc3\xbcrich"),
        ("北京", "北京".encode()),
        ("北\udcfc", "北".encode() + b"\xfc"),
        ("\ud800", b"?"),
    ],
    ids=["ascii", "latin", "utf-8-as-latin", "chinese", "escaped-byte", "lone-surrogate"],
)
def test_header_bytes(value: str, sent: bytes) -> None:
    """Header values go over the wire in ISO-8859-1, and in UTF-8 where that has no such character."""
    assert header_bytes([("X-City", value)]) == [(b"X-City", sent)]
