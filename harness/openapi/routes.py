"""Which operation of a document a concrete request goes to, by nothing but method and path."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

PARAMETER = re.compile(r"\{([^{}]*)\}")
"""A parameter within the template of a path, with its name (OpenAPI 3, Path Templating)."""


class Routes:
    """The operations of a document. Operation ids play no part, as documents have them twice."""

    def __init__(self, labels: Iterable[str]) -> None:
        """``labels`` are ``METHOD /path/{template}``."""
        self._templates: dict[tuple[str, int], list[tuple[re.Pattern[str], str]]] = defaultdict(list)
        for label in sorted(labels, key=_specificity):
            method, _, template = label.partition(" ")
            self._templates[method, template.count("/")].append((_pattern(template), label))

    def find(self, method: str, path: str) -> str | None:
        """Return the label of an operation; where several fit, that whose path is literal the longest."""
        candidates = self._templates.get((method, path.count("/")), ())
        return next((label for pattern, label in candidates if pattern.fullmatch(path)), None)


def _specificity(label: str) -> list[tuple[bool, int]]:
    return [("{" in segment, -len(PARAMETER.sub("", segment))) for segment in label.split("/")]


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(re.escape(literal) for literal in PARAMETER.split(template)[::2]))
