"""The links that an answer itself has: Location, Link headers, and URLs in its body, of the provider's own origin."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

import httpx

from harness.contract.sample import Sample
from harness.core.plain_names import plain
from harness.core.pointers import leaves
from harness.http.message import is_loopback
from harness.openapi.json_document import items
from harness.openapi.spec_document import Spec

MAX_DEPTH = 6
MOST_ENTRIES = 2
"""Entries of one list whose links are followed."""
_CONTAINERS = frozenset({"links", "link"})
_NAMES = frozenset({"self", "href", "url", "uri", "link", "location"})
"""Plain names of members whose text is a link."""
_ENDS = re.compile(r"(?:[_-](?:url|uri|href|link)|[a-z0-9](?:Url|URL|Uri|URI|Href|Link))$")
_METHODS = ("method", "verb", "httpmethod", "type")
"""Plain names of a link object's member that may name a method."""
_LINKING = frozenset({201, 202, 300, 301, 302, 303, 307, 308})
"""Statuses whose Location is a resource (RFC 9110 section 10.2.2)."""


class AnswerLink(NamedTuple):
    """One link of an answer."""

    place: str
    """Where the answer has it, without what differs from answer to answer: ``links.self``, ``items[].url``."""
    url: httpx.URL
    owner: Any = None
    """What links to itself; None where the link is to something else."""


def answer_links(spec: Spec, sample: Sample) -> Iterator[AnswerLink]:
    """Yield the links of an answer to its own origin, each URL once; templates and what the client wrote are none."""
    own = sample.response.request.url
    seen: set[str] = set()
    for place, target, owner in _found(spec, sample):
        try:
            url = _at_origin(own.join(target.partition("#")[0]), own)
        except httpx.InvalidURL:
            continue
        if url is not None and str(url) not in seen:
            seen.add(str(url))
            yield AnswerLink(place, url, owner)


def _found(spec: Spec, sample: Sample) -> Iterator[tuple[str, str, Any]]:
    location = sample.response.headers.get("location")
    if location and sample.response.status_code in _LINKING:
        yield "Location", location, sample.document if sample.response.status_code == 201 else None
    for relation, link in sample.response.links.items():
        if "{" not in link.get("url", "{"):
            yield f"Link; rel={relation}", link["url"], None
    written = frozenset(value for _, value in leaves(sample.body) if isinstance(value, str))
    body = _BodyLinks(_writable(spec, sample), written)
    yield from body.links(sample.document, "")


class _BodyLinks:
    """Looks for links in one body."""

    def __init__(self, writable: Collection[str], written: Collection[str]) -> None:
        """``writable`` are plain names of members that clients write, ``written`` the texts of the request."""
        self._writable, self._written = writable, written

    def links(
        self, value: Any, place: str, depth: int = MAX_DEPTH, *, linking: bool = False
    ) -> Iterator[tuple[str, str, Any]]:
        """Yield place, target and owner of each link; ``linking`` is set within ``links`` or ``_links``."""
        if isinstance(value, list):
            for entry in value[:MOST_ENTRIES]:
                yield from self.links(entry, f"{place}[]", depth - 1, linking=linking)
        if not isinstance(value, dict) or depth <= 0 or _is_template_or_action(value):
            return
        for key, member in items(value):
            named = str(value["rel"]) if plain(key) == "href" and isinstance(value.get("rel"), str) else key
            at = f"{place}.{named}" if place else named
            if isinstance(member, str):
                if self._is_link(key, member, linking=linking):
                    yield at, member, value if plain(named) == "self" and not linking else None
            elif plain(key) in _CONTAINERS:
                yield from self._of_container(member, at, depth - 1, owner=value)
            else:
                yield from self.links(member, at, depth - 1, linking=linking)

    def _of_container(self, member: Any, place: str, depth: int, *, owner: Any) -> Iterator[tuple[str, str, Any]]:
        for at, target, _ in self.links(member, place, depth, linking=True):
            is_self = at.removesuffix(".href").rpartition(".")[2] == "self"
            yield at, target, owner if is_self else None

    def _is_link(self, key: str, text: str, *, linking: bool) -> bool:
        if text in self._written or re.search(r"[\s{}<>]", text) or not text:
            return False
        if text.startswith(("http://", "https://")) or (text.startswith("/") and not text.startswith("//")):
            named = plain(key) in _NAMES or _ENDS.search(key) is not None
            return linking or (named and plain(key) not in self._writable)
        return (linking or plain(key) == "href") and text.startswith(("./", "../", "?"))


def _is_template_or_action(value: Mapping[str, Any]) -> bool:
    """Whether an object is a link that is no URL yet, or that is not for reading."""
    if "href" not in value:
        return False
    methods = [str(v).upper() for k, v in items(value) if plain(k) in _METHODS]
    return value.get("templated") is True or bool({"POST", "PUT", "PATCH", "DELETE"}.intersection(methods))


def _writable(spec: Spec, sample: Sample) -> frozenset[str]:
    """Return the plain names of what clients write at the path of a call, and at the one above."""
    path = sample.operation.path
    near = {path, path.rpartition("/")[0], *(o.path for o in spec.operations if o.path.rpartition("/")[0] == path)}
    places = (o.body_place for o in spec.operations if o.path in near)
    schemas = (spec.placed(place)[1] for place in places if place)
    parts = (part for s in schemas for part in (s, *(spec.resolved(each) for each in s.get("allOf") or ())))
    return frozenset(plain(name) for part in parts for name, _ in items(part.get("properties")))


def _at_origin(url: httpx.URL, own: httpx.URL) -> httpx.URL | None:
    """Return a URL at the origin that was called; None for another. Names of the own machine are one."""
    if url.scheme != own.scheme or url.port != own.port:
        return None
    if url.host == own.host:
        return url
    return url.copy_with(host=own.host) if is_loopback(url.host) and is_loopback(own.host) else None
