"""Label matchers, as PromQL and Alertmanager write them: ``=``, ``!=``, ``=~`` and ``!~``."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec


class LabelMatcher(msgspec.Struct, frozen=True):
    """One condition on one label; a label that is missing has the empty value."""

    label: str
    op: str
    """``=``, ``!=``, ``=~`` or ``!~``; the regular expressions are RE2 and match the whole value."""
    value: str

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.label}{self.op}"{escaped}"'

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels fulfil it; an expression that only RE2 understands counts as fulfilled."""
        value = labels.get(self.label, "")
        if self.op in ("=", "!="):
            return (value == self.value) is (self.op == "=")
        try:
            found = re.compile(self.value, re.DOTALL).fullmatch(value)
        except (re.error, RecursionError, OverflowError):
            return True
        return bool(found) is (self.op == "=~")
