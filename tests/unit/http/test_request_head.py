"""The order of a request's header lines."""

from __future__ import annotations

import pytest

from harness.http.message import Headers
from harness.http.request_head import header_lines

LENGTH = ("content-length", "5")


@pytest.mark.parametrize(
    "headers, framing, lines",
    [
        ((("a", "1"),), (LENGTH,), ["host: h:1", "a: 1", "content-length: 5"]),
        (
            (("Content-Length", ""), ("A", "1"), ("Host", "")),
            (LENGTH,),
            ["Content-Length: 5", "A: 1", "Host: h:1"],
        ),
        (
            (("Content-Length", ""), ("A", "1")),
            (("transfer-encoding", "chunked"), ("expect", "100-continue")),
            ["host: h:1", "transfer-encoding: chunked", "expect: 100-continue", "A: 1"],
        ),
        ((("A", ""), ("HOST", "")), (), ["A: ", "HOST: h:1"]),
        ((("A", "1"), ("HOST", "localhost")), (LENGTH,), ["A: 1", "HOST: localhost", "content-length: 5"]),
    ],
)
def test_host_and_length_are_where_the_marks_are(
    headers: Headers, framing: tuple[tuple[str, str], ...], lines: list[str]
) -> None:
    """A field without a value marks the place and the spelling; without marks Host is first and the length last.

    A Host with a value is the only one.
    """
    assert header_lines(headers, "h:1", *framing) == lines
