"""Recorded requests, looked up and not searched for: same matchers, same answers as vcrpy's, held by a comparison."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from vcr import matchers
from vcr.request import Request

from harness.cassettes.play.matching import Matcher, body, body_value, key_of, reading

_BODIES = (matchers.body, body)
_NOTHING: tuple[Any, Sequence[int]] = (None, ())


class RequestIndex:
    """Finds recorded requests by their key; matchers without one are asked within the key's bucket."""

    def __init__(self, match_on: Sequence[Matcher]) -> None:
        """``match_on`` are the matchers that a request and its recording must pass, vcrpy's or the harness'."""
        self.match_on = tuple(match_on)
        self._keys = [key for m in match_on if (key := key_of(m))]
        self._body = next((m for m in match_on if m in _BODIES), None)
        self.others = [m for m in match_on if not key_of(m) and m is not self._body]
        """Matchers that compare two requests and no key of each."""
        self.by_key_alone = self._body is None and not self.others
        self._requests: list[Request] = []
        self._buckets: dict[Hashable, list[Any]] = defaultdict(list)
        self._groups: dict[Hashable, Hashable] = {}

    def __len__(self) -> int:
        return len(self._requests)

    def add(self, request: Request) -> None:
        """Take in the next recorded request; its number is how many came before."""
        i = len(self._requests)
        self._requests.append(request)
        key = self.key(request)
        if self._body is None:
            self._buckets[key].append(i)
            return
        self._buckets[key, "all"].append(i)
        how, raw = reading(request, self._body)
        same = self._group(request, key, how, raw)
        if same is None:
            self._buckets[key, "odd"].append(i)
        else:
            self._groups[key, how, raw] = same  # the very bytes need not be read again
            self._buckets[same].append(i)
            self._buckets[key, "raw", raw].append((i, how))

    def matching(self, request: Request) -> list[int]:
        """Return the numbers of the recorded requests that match, in order."""
        return list(self.accepted(request, self.bucket(request)[1]))

    def accepted(self, request: Request, bucket: Sequence[int]) -> Iterator[int]:
        """Yield those of a bucket that the matchers without a key accept too."""
        for i in bucket:
            if not self.others or matchers.requests_match(request, self._requests[i], self.others):
                yield i

    def bucket(self, request: Request) -> tuple[Hashable | None, Sequence[int]]:
        """Return the recordings with the request's key in order, with a name for how far they were played, if any."""
        key = self.key(request)
        if self._body is None:
            return key, self._buckets.get(key, ())
        if (key, "all") not in self._buckets:
            return _NOTHING
        how, raw = reading(request, self._body)
        same = self._groups.get((key, how, raw)) or self._group(request, key, how, raw)
        if same is None or (key, "odd") in self._buckets:
            candidates = self._buckets[key, "all"]
            return None, [i for i in candidates if matchers.requests_match(request, self._requests[i], [self._body])]
        alike = self._buckets.get(same, ())
        other = [i for i, read in self._buckets.get((key, "raw", raw), ()) if read != how]
        return (None, sorted({*alike, *other})) if other else (same, alike)

    def key(self, request: Request) -> Hashable:
        """Return what equal requests have in common, but for their bodies."""
        return tuple([of(request) for of in self._keys])

    @staticmethod
    def _group(request: Request, key: Hashable, how: Any, raw: Any) -> Hashable | None:
        """Return the name of the recordings whose bodies equal this one, None where there can be no such name."""
        value = body_value(request, how, raw)
        return None if value is None else (key, how, value)
