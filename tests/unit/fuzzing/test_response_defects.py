"""What an answer shows of the provider, where Schemathesis' checks alone would blame a right one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.model import Outcome
from tests.unit.conftest import document

if TYPE_CHECKING:
    from tests.unit.conftest import Attacker, Call, Serve

OK: dict[str, Any] = {"responses": {"200": {"description": "fine"}}}
METHODS: dict[str, tuple[dict[str, Any], str, int, bool]] = {
    "TRACE is unknown": ({"/a": {"get": OK}}, "TRACE", 501, True),
    "PATCH is unknown": ({"/a": {"get": OK}, "/b": {"post": OK}}, "PATCH", 501, True),
    "QUERY is unknown": ({"/a": {"get": OK}}, "QUERY", 501, True),
    "PUT is known elsewhere": ({"/a": {"get": OK}, "/b": {"put": OK}}, "PUT", 501, False),
    "another server error": ({"/a": {"get": OK}}, "DELETE", 500, False),
    "the method is taken": ({"/a": {"get": OK}}, "DELETE", 200, False),
}


@pytest.mark.parametrize("paths, method, status, fine", METHODS.values(), ids=METHODS)
def test_501_to_an_unknown_method_is_right(
    attacker: Attacker,
    serve: Serve,
    paths: dict[str, Any],
    method: str,
    status: int,
    fine: bool,  # noqa: FBT001
) -> None:
    """A method that the server has nowhere is answered 501 (RFC 9110 section 9.1); one that it has elsewhere, 405."""

    def provider(call: Call) -> tuple[int, dict[str, str], Any]:
        if call.method in ("GET", "HEAD"):
            return 200, {}, 1
        return (status, {}, None) if call.method == method else (405, {"allow": "GET"}, None)

    findings = attacker.fuzzer(document(paths), serve(provider), examples=5).fuzz("GET /a")

    assert any(f.outcome is Outcome.FAIL for f in findings) is not fine


@pytest.mark.parametrize("kind, fine", [("application/vnd.acme+json", True), ("application/xml", False)])
def test_a_range_of_suffixes_admits_what_it_says(attacker: Attacker, serve: Serve, kind: str, fine: bool) -> None:  # noqa: FBT001
    """`application/*+json` is a range too."""
    answer = {"200": {"description": "fine", "content": {"application/*+json": {}}}}
    url = serve(lambda call: (200, {"content-type": kind}, 1) if call.method == "GET" else (405, {"allow": "GET"}, 1))

    findings = attacker.fuzzer(document({"/a": {"get": {"responses": answer}}}), url, examples=5).fuzz("GET /a")

    assert any(f.outcome is Outcome.FAIL for f in findings) is not fine
