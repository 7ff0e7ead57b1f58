"""The calls of one test to the provider."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from harness.http.address import origin_of
from harness.http.reception import Reception


class LiveCalls:
    """The calls of one test to the provider, as the harness sees them: by what it sent and by what arrived.

    A library that answers in the provider's place leaves a call without a byte from the provider.
    """

    def __init__(self, base_url: str) -> None:
        self._origin = origin_of(base_url)
        self._reception = Reception(base_url)
        self._called = False

    @property
    def seen(self) -> bool:
        """Whether the provider answered at least one call."""
        return self._called and self._reception.began

    def note(self, urls: Iterable[str]) -> None:
        """Take the URLs of calls that were answered."""
        self._called = self._called or any(origin_of(url) == self._origin for url in urls)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch what arrives during the block."""
        with self._reception.watched():
            yield
