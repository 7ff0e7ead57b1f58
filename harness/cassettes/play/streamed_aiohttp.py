"""Live responses to aiohttp while they are recorded."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from harness.cassettes.play.passing_response import PassingResponse, too_long
from harness.http.answer_bounds import MAX_ANSWER_BYTES
from harness.http.client import WHOLE_WITHIN_S
from harness.http.event_streams import is_stream


@contextmanager
def streamed_aiohttp() -> Iterator[None]:
    """Hand each piece of a stream to the client as it comes, and bound every other response."""
    stubs: Any = sys.modules.get("vcr.stubs.aiohttp_stubs")
    if stubs is None:
        yield
        return
    with patch.object(stubs, "record_response", _recording(stubs, stubs.record_response)):
        yield


def _recording(stubs: Any, record: Callable[..., Any]) -> Callable[..., Any]:
    async def recorded(cassette: Any, request: Any, response: Any) -> None:
        if not is_stream(response.headers.get("content-type", "")):
            try:
                await asyncio.wait_for(record(cassette, request, response), WHOLE_WITHIN_S)
            except TimeoutError:
                response.close()
                raise too_long(request) from None
            return
        status = {"code": response.status, "message": response.reason}
        head = {"status": status, "headers": stubs._serialize_headers(response.headers)}  # noqa: SLF001
        source, loop = response.content, asyncio.get_running_loop()
        connection = type("Connection", (stubs._NoConnection,), {"connected": True})()  # noqa: SLF001
        reader = type("StreamCopy", (stubs.streams.StreamReader,), {})  # which can hold what feeds it
        response.content = reader(connection, MAX_ANSWER_BYTES, loop=loop)
        passing = _pass_on(source, response.content, PassingResponse(cassette, request, head))
        response.content.passing = asyncio.create_task(passing)

    return recorded


async def _pass_on(source: Any, copy: Any, passing: PassingResponse) -> None:
    """Copy a body to what the client reads, until it ends or the connection is closed."""
    try:
        async for piece in source.iter_any():
            passing.take(piece)
            copy.feed_data(piece)
    except Exception as exc:  # noqa: BLE001 - the client gets it
        passing.fail()
        copy.set_exception(exc)
    else:
        passing.finish()
        copy.feed_eof()
    finally:
        passing.finish(whole=False)
