"""What an answer shows that it should not: code in a refusal, private data to shared caches, a host of its own."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import NamedTuple

import httpx

from harness.model.cause import ANOTHER_HOST, SHARED_CACHE, SHOWS_CODE
from harness.openapi.operation import Operation

_CODE = re.compile(
    r"Traceback \(most recent call last\)|File \\?\"[^\"\n]{1,200}\", line \d+, in "
    r"|(?:^|\n|\\n)[ \t]*at [\w.$<>\[\] /]{1,200}\([^()\n]{0,200}:\d+(?::\d+)?\)"
    r"|SQLSTATE\[|psycopg2?\.errors|sqlite3\.\w+Error|ORA-\d{5}|org\.hibernate|java\.sql\.SQL"
    r"|\bINSERT INTO \S+ ?\(|\bSELECT .{1,200} FROM .{1,100} WHERE "
)
"""Stack traces of Python, Node and Java, and statements and errors of SQL databases."""
_MOST = 20_000
"""Characters of an answer that are searched."""
_INTERNAL = re.compile(r"(?i)\.(internal|local|svc|lan|intranet|corp)$")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Exposure(NamedTuple):
    """One thing that an answer shows."""

    text: str
    """What is wrong, with nothing of the example."""
    cause: str
    source: str
    fix: str


def exposures(operation: Operation, response: httpx.Response, *, authenticated: bool) -> Iterator[Exposure]:
    """Yield what an answer shows; ``authenticated`` where its request carried the credential."""
    if response.is_client_error and (found := _CODE.search(response.text[:_MOST])):
        what = "a statement or error of its database" if _is_sql(found[0]) else "a stack trace"
        fix = "Answer refusals with a short text of your own; write stack traces and database errors to the log alone."
        yield Exposure(f"a refusal shows {what}", SHOWS_CODE.of(f": {what}"), "OWASP API8:2023; CWE-209", fix)
    if response.is_success and authenticated and operation.is_secured and _is_shared(response):
        text = "lets shared caches keep what needs a credential"
        fix = "Send Cache-Control: private or no-store with what needs a credential, without public and s-maxage."
        yield Exposure(text, SHARED_CACHE.of(" what needs a credential"), "RFC 9111 section 3.5", fix)
    if response.status_code == 201 and (host := _foreign_host(response)):
        text = "its Location names a host that clients cannot reach"
        fix = (
            "Write Location as a path, or with the host that clients call: behind a proxy, take it from the public "
            "address in your settings."
        )
        yield Exposure(text, ANOTHER_HOST.of(f" that clients cannot reach: {host}"), "RFC 9110 section 10.2.2", fix)


def _is_sql(text: str) -> bool:
    return not re.search(r"Traceback|line \d+|\bat ", text)


def _is_shared(response: httpx.Response) -> bool:
    given = {part.strip().partition("=")[0].lower() for part in response.headers.get("cache-control", "").split(",")}
    return bool({"public", "s-maxage"} & given) and not {"private", "no-store", "no-cache"} & given


def _foreign_host(response: httpx.Response) -> str:
    """Return the host of the Location where it is another than that of the request, and an internal one; else empty."""
    own = response.request.url.host
    try:
        host = response.request.url.join(response.headers.get("location", "")).host
    except httpx.InvalidURL:
        return ""
    if host == own or {host, own} <= _LOOPBACK:
        return ""
    return host if _is_internal(host) else ""


def _is_internal(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or bool(_INTERNAL.search(host))
