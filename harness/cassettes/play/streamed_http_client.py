"""Live responses to `http.client`, and to what is built on it (urllib3, requests, urllib), while they are recorded."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import patch

from harness.cassettes.play.passing_response import PassingResponse, too_long
from harness.cassettes.store.vcr_names import stubs
from harness.http.client import WHOLE_WITHIN_S
from harness.http.event_streams import is_stream


@contextmanager
def streamed_http_client() -> Iterator[None]:
    """Hand each piece of a stream to the client as it comes, and bound every other response."""
    with patch.object(stubs.VCRConnection, "getresponse", _bounded(stubs.VCRConnection.getresponse)):
        yield


@contextmanager
def raising_blocks() -> Iterator[None]:
    """Let errors leave a block ``with urlopen(…)``: what vcrpy returns from `close` would end them there."""
    close = stubs.VCRHTTPResponse.close

    def closed(response: Any) -> None:
        close(response)

    with patch.object(stubs.VCRHTTPResponse, "close", closed):
        yield


class _StreamFoundError(Exception):
    """The response that was sent is a stream: vcrpy is not to read it."""

    def __init__(self, response: Any) -> None:
        super().__init__()
        self.response = response


def _bounded(getresponse: Callable[..., Any]) -> Callable[..., Any]:
    def bounded(connection: Any, *args: Any, **options: Any) -> Any:
        watch = _Watch(connection)
        try:
            with watch:
                return getresponse(connection, *args, **options)
        except _StreamFoundError as found:
            if not watch.ended:
                return _StreamedResponse(connection, found.response)
            found.response.close()
        except Exception:
            if not watch.ended:
                raise
        connection.real_connection.close()
        raise too_long(connection._vcr_request)  # noqa: SLF001

    return bounded


class _Watch:
    """Ends the real connection under a response that does not end by itself."""

    def __init__(self, connection: Any) -> None:
        self._real = connection.real_connection
        self._timer: threading.Timer | None = None
        self.ended = False

    def __enter__(self) -> None:
        receive = self._real.getresponse

        def received(*args: Any, **options: Any) -> Any:
            if self._real.sock is not None:
                self._timer = threading.Timer(WHOLE_WITHIN_S, self._end, (self._real.sock,))
                self._timer.daemon = True
                self._timer.start()
            _leave_unread(self._real)
            response = receive(*args, **options)
            if hasattr(response, "read1") and is_stream(response.headers.get("content-type") or ""):
                raise _StreamFoundError(response)
            return response

        self._real.getresponse = received

    def __exit__(self, *_: object) -> None:
        vars(self._real).pop("getresponse", None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()

    def _end(self, sock: socket.socket) -> None:
        self.ended = True
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def _leave_unread(connection: Any) -> None:
    """Let urllib3 return a response before its end; vcrpy, which wants all of it, reads it then."""
    options = getattr(connection, "_response_options", None)
    if options is not None:
        connection._response_options = options._replace(preload_content=False)  # noqa: SLF001


class _StreamedResponse(stubs.VCRHTTPResponse):  # type: ignore[misc]  # vcrpy ships no types
    """A response as vcrpy makes them, whose body still comes."""

    def __init__(self, connection: Any, response: Any) -> None:
        status = {"code": response.status, "message": response.reason}
        head = {"status": status, "headers": stubs.serialize_headers(response), "body": {"string": b""}}
        asked = connection._vcr_request  # noqa: SLF001
        super().__init__({**head, "headers": dict(head["headers"])}, asked.uri)
        self._real = connection.real_connection
        self._live, self._passing = response, PassingResponse(connection.cassette, asked, head)
        self._content = _Pieces(_LiveBody(response, self._passing))

    @property
    def length_remaining(self) -> None:
        """None: it is not known."""

    @property
    def data(self) -> bytes:
        """All of the body, once it has ended."""
        return bytes(self.read())

    def close(self) -> None:
        """End the stream, of which what came is recorded."""
        if self._passing.open:
            self._passing.finish(whole=False)
        self._live.close()
        self._real.close()
        super().close()


class _LiveBody(io.RawIOBase):
    def __init__(self, response: Any, passing: PassingResponse) -> None:
        self._response, self._passing = response, passing

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        if not self._passing.open:
            return 0
        try:
            piece = self._response.read1(len(view))
            self._passing.take(piece)
        except Exception:
            self._passing.fail()
            self._response.close()
            raise
        if not piece:
            self._passing.finish()
        view[: len(piece)] = piece
        return len(piece)


class _Pieces(io.BufferedReader):
    """Returns what has come, where a file would wait for all that is asked for."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(size) if size is None or size < 0 else self.read1(size)

    def tell(self) -> int:
        """Return where it is: at the end of what vcrpy has of the body, which is nothing, only if the stream ended."""
        return -1
