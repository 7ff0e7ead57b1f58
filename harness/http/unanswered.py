"""Why a delivery got no answer: one list of reasons, in the same words for every way of sending."""

from __future__ import annotations

import re
import socket
import ssl

from harness.errors import one_line
from harness.http.client_tls import tls_failure
from harness.http.parser import BadMessageError
from harness.model.delivery import CLOSED, RESET

REFUSED = "connection refused"
NO_HOST = "no such host"
LATE = "no whole answer"
_ERRNO = re.compile(r"\[Errno (\d+)\]")


def no_connection(exc: Exception, *, within_s: float) -> str:
    """Return why there is no connection; ``within_s`` is the time allowed for it, in seconds."""
    if isinstance(exc, TimeoutError):
        return f"no connection within {within_s:g} s"
    if isinstance(exc, socket.gaierror | UnicodeError):  # a label that no host can have is no Unicode to be encoded
        return NO_HOST
    if isinstance(exc, OSError) and exc.errno is None and (several := _ERRNO.findall(str(exc))):
        exc = OSError(int(several[-1]), "")  # asyncio joins the errors of several addresses into one text
    return _in_words(exc, "no connection")


def no_answer(exc: Exception | None, *, within_s: float) -> str:
    """Return why there is no answer on a connection; None for one that was closed properly."""
    if exc is None:
        return CLOSED
    if isinstance(exc, TimeoutError):
        return f"{LATE} within {within_s:g} s"
    return _in_words(exc, "the connection broke")


def _in_words(exc: Exception, otherwise: str) -> str:
    if isinstance(exc, BadMessageError):
        return str(exc)
    if isinstance(exc, ssl.SSLEOFError | ssl.SSLZeroReturnError) or (
        isinstance(exc, ConnectionResetError) and exc.errno is None  # so asyncio calls the end of a handshake
    ):
        return CLOSED
    if isinstance(exc, ssl.SSLError):
        return tls_failure(exc)
    if isinstance(exc, ConnectionRefusedError):
        return REFUSED
    if isinstance(exc, ConnectionError):
        return RESET
    text = (exc.strerror if isinstance(exc, OSError) else "") or one_line(exc)
    return f"{otherwise}: {text}"
