"""Group E, handshakes: the receiver answers what a provider asks before it sends any event."""

from __future__ import annotations

from harness.errors import EventError
from harness.http.message import Request, Response
from harness.model import Level
from harness.openapi.event_bodies import is_form
from harness.webhooks.cases.building import Material
from harness.webhooks.cases.receiver_case import Expected, ReceiverCase
from harness.webhooks.schemes import Scheme
from harness.webhooks.schemes.handshakes import HANDSHAKES, Handshake


def _case(handshake: Handshake) -> ReceiverCase:
    def build(m: Material) -> Request:
        if handshake.method == "POST" and is_form(m.event.headers, m.event.body):
            raise EventError(
                f"{m.event.name} is a form and not JSON, which this case changes: "
                f"a URL that gets forms never gets {handshake.request}"
            )
        body = handshake.body(_nonce(m))
        signature = m.signature(body) if handshake.signed else ""
        signed = m.scheme.written(signature, timestamp=m.timestamp, body=body) if handshake.signed else ()
        return Request(method=handshake.method, url=m.url, headers=(*handshake.headers, *signed), body=body)

    def check_answer(m: Material, whole: str) -> str:
        return handshake.flaw(_answer(whole), _nonce(m), m.secret)

    def not_applicable(scheme: Scheme) -> str:
        return "" if scheme.name == handshake.scheme else f"only a provider with the scheme {handshake.scheme} sends it"

    return ReceiverCase(
        id=f"handshake-{handshake.scheme}",
        item="webhooks.robust",
        level=Level.SHOULD,
        summary=f"{handshake.request}, sent before any event",
        passed=f"Answered {handshake.request} correctly",
        failed=f"Did not answer {handshake.request} correctly",
        source=handshake.source,
        response=Expected.ACKNOWLEDGED,
        expected=handshake.expected,
        fix=f"Answer {handshake.request} with {handshake.expected}.",
        build=build,
        check_answer=check_answer,
        not_applicable_to=not_applicable,
    )


def _nonce(m: Material) -> str:
    return m.event.id or m.scheme.id_example


def _answer(whole: str) -> Response:
    """Read a response as the wire returns it: status line, header lines, an empty line, the body."""
    head, _, body = whole.partition("\n\n")
    status, *lines = head.splitlines()
    pairs = (line.partition(":") for line in lines)
    headers = tuple((name, value.strip()) for name, _, value in pairs)
    return Response(status=int(status[:3]), headers=headers, body=body.encode())


CASES: tuple[ReceiverCase, ...] = tuple(map(_case, HANDSHAKES))
