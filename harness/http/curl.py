"""A request as one curl command line, for a person to send again: the only place that writes one."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Collection, Iterator

from harness.core.cutting import cut
from harness.http.address import public_url
from harness.http.credential_places import COOKIE, QUERY
from harness.http.message import Headers
from harness.http.request_head import is_mark

MOST_CHARS = 1200
LONGEST_ARGUMENT = 64 * 1024
"""Bytes of a body on the command line: Linux takes 128 KiB in one argument."""
LEFT_OUT = "(computed by harness deliver)"
CREDENTIAL = "$CREDENTIAL"
"""The shell variable that replaces the credential."""
_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def curl(
    url: str,
    headers: Headers,
    body: bytes,
    *,
    method: str = "POST",
    hidden: Collection[str] = (),
    credential: Collection[str] = (),
    most_chars: int | None = MOST_CHARS,
) -> str:
    """Return the command; the values of ``hidden`` headers are left out, and so is a body over ``most_chars``.

    ``credential`` names headers, or fields of `credential_places`, that are not among ``headers``: the shell takes
    their value from ``$CREDENTIAL``. A body that is no text is piped into curl as Base64.
    """
    piped, source = _body(body, most_chars)
    words = ["curl", "-i", *_method(method, with_body=bool(body)), *_credential_options(credential)]
    words += _url_options(url)
    for name, value in headers:
        if is_mark(name, value):
            continue
        shown = LEFT_OUT if name.lower() in hidden else value
        words += ["-H", shlex.quote(f"{name}: {shown}" if shown else f"{name};")]  # "name:" would take the header away
    if body:
        if not any(name.lower() == "content-type" for name, _ in headers):
            words += ["-H", "content-type:"]  # else curl sends that of a form
        words += ["--data-binary", source]
    shown = public_url(url)
    if shown != url:
        words += ["-u", f'"{CREDENTIAL}"']
    asked = [f'"{"&" if "?" in shown else "?"}{n[1:]}={CREDENTIAL}"' for n in credential if n.startswith(QUERY)]
    return piped + " ".join([*words, "".join([shlex.quote(shown), *asked])])


def _credential_options(names: Collection[str]) -> Iterator[str]:
    """Yield the options for a credential in headers and cookies; that in a query is part of the URL."""
    for name in names:
        if name.startswith(COOKIE):
            yield f'-b "{name[1:]}={CREDENTIAL}"'
        elif not name.startswith(QUERY):
            yield f'-H "{name}: {CREDENTIAL}"'


def _method(method: str, *, with_body: bool) -> list[str]:
    if method == "HEAD" and not with_body:
        return ["--head"]  # with -X, curl would wait for a body
    return [] if method == "POST" and with_body else ["-X", shlex.quote(method)]


def _url_options(url: str) -> Iterator[str]:
    """Yield the options that stop curl from changing a URL."""
    if set(url) & set("[]{}"):
        yield "--globoff"
    if "/." in url.partition("?")[0]:
        yield "--path-as-is"


def _body(body: bytes, most_chars: int | None) -> tuple[str, str]:
    """Return what comes before the command, and where curl takes the body from, quoted."""
    text = body.decode(errors="replace")
    if most_chars is not None and len(body) > most_chars:
        return "", shlex.quote(f"@({len(body):,} bytes, beginning with {cut(text, 60)})")
    plain = all(c.isprintable() or c in "\n\r\t" for c in text) and "\ufffd" not in text
    if not plain or text.startswith("@") or len(body) > LONGEST_ARGUMENT:
        return f"printf %s {base64.b64encode(body).decode()} | base64 -d | ", "@-"
    # Dollar-single-quotes (POSIX.1-2024 section 2.2.4) keep text of several lines on one.
    return "", shlex.quote(text) if text.isprintable() else f"$'{text.translate(_ESCAPES)}'"
