"""The calls of one test to the provider."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from harness.http.address import origin_of
from harness.http.message import Exchange
from harness.http.reception import Reception


class LiveCalls:
    """The calls of one test to the provider, as the harness sees them: by what it sent and by what arrived.

    A library that answers in the provider's place leaves a call without a byte from the provider.
    """

    def __init__(self, base_url: str) -> None:
        self._origin = origin_of(base_url)
        self._reception = Reception(base_url)
        self._called = False
        self._passed_on = False
        self.began = time.monotonic()
        """When the test began, by `time.monotonic`."""

    @property
    def seen(self) -> bool:
        """Whether the provider answered at least one call."""
        return self._passed_on or (self._called and self._reception.began)

    def note(self, urls: Iterable[str]) -> None:
        """Take the URLs of calls that were answered."""
        self._called = self._called or any(origin_of(url) == self._origin for url in urls)

    def passed_on(self, exchanges: Sequence[Exchange]) -> None:
        """Take what passed through the proxy before the provider."""
        self._passed_on = self._passed_on or bool(exchanges)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch what arrives during the block."""
        with self._reception.watched():
            yield
