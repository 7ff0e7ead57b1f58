"""Which operation of a document a concrete request goes to, by nothing but method and path."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from urllib.parse import quote, unquote_to_bytes

PARAMETER = re.compile(r"\{([^{}]*)\}")
"""A parameter within the template of a path, with its name (OpenAPI 3, Path Templating)."""
SUB_DELIMITERS = "!$&'()*+,;=:@"
"""Characters that a segment of a path may contain as they are, beside the unreserved ones (RFC 3986 section 3.3)."""
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNUSUAL = re.compile(r"[^A-Za-z0-9\-._~/!$&'()*+,;=:@]")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class Routes:
    """The operations of a document. Operation ids play no part, as documents have them twice."""

    def __init__(
        self, labels: Iterable[str], spanning: Callable[[str], frozenset[str]] = lambda _: frozenset()
    ) -> None:
        """``labels`` are ``METHOD /path/{template}``; ``spanning`` returns the parameters of one that span segments."""
        self._templates: dict[tuple[str, int], list[tuple[re.Pattern[str], str]]] = defaultdict(list)
        self._labels = sorted(labels, key=_specificity)
        self._spanning = spanning
        for label in self._labels:
            method, _, template = label.partition(" ")
            self._templates[method, template.count("/")].append((template_pattern(template), label))

    def find(self, method: str, path: str) -> str | None:
        """Return the label of an operation; where several fit, that whose path is literal the longest.

        A literal fits in any spelling (RFC 3986 section 6.2.2); characters that delimit, such as ``:``, fit as they are
        before they fit percent-encoded. Parameters that span segments fit last.
        """
        candidates = self._templates.get((method, path.count("/")), ())
        path = normal(path)
        found = next((label for pattern, label in candidates if pattern.fullmatch(path)), None)
        if found is None and "%" in path:
            lenient = ((template_pattern(label.partition(" ")[2], lenient=True), label) for _, label in candidates)
            found = next((label for pattern, label in lenient if pattern.fullmatch(path)), None)
        return found or next((label for pattern, label in self._wide if _fits(label, pattern, method, path)), None)

    @cached_property
    def _wide(self) -> list[tuple[re.Pattern[str], str]]:
        spanning = ((self._spanning(label), label) for label in self._labels if "{" in label)
        return [(template_pattern(label.partition(" ")[2], names), label) for names, label in spanning if names]


def _fits(label: str, pattern: re.Pattern[str], method: str, path: str) -> bool:
    return label.startswith(f"{method} ") and pattern.fullmatch(path) is not None


def normal(path: str) -> str:
    """Return a path with its percent-encoding in the one normal spelling (RFC 3986 sections 6.2.2.1 and 6.2.2.2)."""
    if not _UNUSUAL.search(path):
        return path
    return quote(_ESCAPE.sub(_normal_escape, path), safe="%/" + SUB_DELIMITERS)


def _normal_escape(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return chr(code) if code in _UNRESERVED else match[0].upper()


def values_in(template: str, path: str, spanning: frozenset[str] = frozenset()) -> dict[str, str]:
    """Return the values of a template's parameters in a path that may have a prefix, as they are encoded there."""
    path = normal(path)
    for names, lenient in ((frozenset[str](), False), (frozenset[str](), True), (spanning, False)):
        if found := re.search(f"{template_pattern(template, names, lenient=lenient).pattern}/?$", path):
            return dict(zip(PARAMETER.findall(template), found.groups(), strict=True))
    return {}


@lru_cache(maxsize=8192)
def prefixes(template: str) -> tuple[tuple[str, int], ...]:
    """Return the parts of a template that end with a segment which has a parameter, with how many they have so far."""
    found, number, path = [], 0, ""
    for segment in template.split("/")[1:]:
        path += f"/{segment}"
        if here := len(PARAMETER.findall(segment)):
            number += here
            found.append((path, number))
    return tuple(found)


@lru_cache(maxsize=8192)
def template_pattern(
    template: str, spanning: frozenset[str] = frozenset(), *, lenient: bool = False
) -> re.Pattern[str]:
    """Return what fits the paths of a template, in their `normal` spelling, with a group for each parameter.

    A ``lenient`` one fits however the literals are percent-encoded.
    """
    parts = PARAMETER.split(template)
    spelled = _in_any_spelling if lenient else _as_it_is
    return re.compile(
        "".join(("(.+)" if p in spanning else "([^/]+)") if n % 2 else spelled(p) for n, p in enumerate(parts))
    )


def _as_it_is(literal: str) -> str:
    return re.escape(normal(literal))


def _in_any_spelling(literal: str) -> str:
    return "".join(map(_spellings, unquote_to_bytes(literal)))


def _spellings(code: int) -> str:
    character = chr(code)
    if code in _UNRESERVED or character == "/":
        return re.escape(character)
    return f"(?:{re.escape(character)}|%{code:02X})" if character in SUB_DELIMITERS else f"%{code:02X}"


def _specificity(label: str) -> list[tuple[bool, int]]:
    return [("{" in segment, -len(PARAMETER.sub("", segment))) for segment in label.split("/")]
