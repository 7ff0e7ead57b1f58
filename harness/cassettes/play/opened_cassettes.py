"""Cassettes that vcrpy opens for others: pytest-recording, pytest-vcr, or `vcr.use_cassette` in a test.

The only module that relies on how vcrpy opens and reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vcr.persisters.filesystem import CassetteNotFoundError
from vcr.request import Request

from harness.cassettes.store.vcr_messages import VcrResponse, exchange_of, whole_response, with_bytes
from harness.cassettes.store.vcr_names import Cassette, path_of, serialization_of
from harness.errors import CassetteError
from harness.http.message import Exchange


class OpenedCassette:
    """One cassette that vcrpy opened."""

    def __init__(self, cassette: Any) -> None:
        """``cassette`` is that of vcrpy."""
        self._cassette = cassette
        self.path = Path(str(path_of(cassette))).absolute()

    def played(self) -> Iterator[Exchange]:
        """Yield the recordings that were played, each once."""
        for number, (request, response) in enumerate(self._cassette.data):
            if self._cassette.play_counts[number]:
                yield exchange_of(with_bytes(request), whole_response(response))

    def stored(self) -> list[tuple[Request, VcrResponse]]:
        """Return the recordings as they are in the file, before any filter; none where there is no file.

        Raises `CassetteError`.
        """
        persister, serializer = serialization_of(self._cassette)
        try:
            requests, responses, *_ = persister.load_cassette(str(self.path), serializer=serializer)
        except CassetteNotFoundError:
            return []
        except Exception as exc:  # noqa: BLE001 - whatever the user's own serializer raises
            raise CassetteError(f"{self.path} cannot be read: {type(exc).__name__}: {exc}") from None
        pairs = zip(requests, responses, strict=False)
        return [(with_bytes(request), whole_response(response)) for request, response in pairs]


@contextmanager
def opened_cassettes() -> Iterator[list[OpenedCassette]]:
    """Note every cassette that is opened during the block; those of scenarios are not among them."""
    opened: list[OpenedCassette] = []
    original = vars(Cassette)["load"]

    def load(kind: type[Any], /, **options: Any) -> Any:
        cassette = original.__func__(kind, **options)
        opened.append(OpenedCassette(cassette))
        return cassette

    Cassette.load = classmethod(load)
    try:
        yield opened
    finally:
        Cassette.load = original
