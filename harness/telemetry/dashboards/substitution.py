"""Variables and macros in a query, replaced so that it can be parsed, and asked of a Prometheus that the harness runs.

A variable in a matcher stands for any of its values: for those that the file lists, else for every value, because a
person who opens the dashboard chooses among them. Elsewhere it stands for the first value that the file knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from harness.telemetry.dashboards.dashboard import Variable

PLACEHOLDER = "harness_variable"
"""What stands for a metric, label or value that only a variable's query could give."""
DURATION = "5m"
"""What stands for a duration that is not known."""
_TOO_SHORT = re.compile(r"[1-4]?s|\d+ms")
"""Intervals in which a scrape every second gives too few samples for a rate."""
MACROS = {
    "__interval": "5s",
    "__interval_ms": "5000",
    "__rate_interval": "5s",
    "__rate_interval_ms": "5000",
    "__range": "1h",
    "__range_s": "3600",
    "__range_ms": "3600000",
}
"""Grafana's global variables, for a Prometheus that scrapes every second: ``$__rate_interval`` is four scrapes or more.

Grafana, Prometheus data source, template variables: "Use $__rate_interval".
"""
_TIMES = {"__from": "1700000000000", "__to": "1700003600000"}
"""The time range that is shown, in milliseconds."""
_REFERENCE = re.compile(r"\$\{(\w+)(?:\.[^:}]+)?(?::([^}]*))?\}|\$(\w+)|\[\[(\w+)(?::(\w+))?\]\]")
"""Grafana, public/app/features/variables/utils.ts: variableRegex."""
_PIECES = re.compile(r"(\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+'|`[^`]*+`|#[^\n]*)", re.DOTALL)
"""Texts and comments of PromQL."""
_MATCHER = re.compile(r"(=~|!~|!=|=)\s*$")
_QUOTED_FORMATS = {"doublequote": '"', "json": '"', "singlequote": "'"}
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", '"': '"', "'": "'"}
_OFFSET_CHARS = 20
_OFFSET = re.compile(r"\boffset\s+-?$")
ANY = ".*"
"""What stands for any value of a variable in a matcher."""
_LISTED = ("custom", "constant", "interval", "switch")
"""Kinds of variables whose values the file lists."""


class Substitution(msgspec.Struct, frozen=True, kw_only=True):
    """A query without variables, and how faithful it is to the one that was written."""

    text: str
    unknown: tuple[str, ...] = ()
    """Variables outside matchers for which `PLACEHOLDER` or another value of no meaning stands."""
    undefined: tuple[str, ...] = ()
    """What looks like a variable and is none of the dashboard: Grafana leaves it as it is."""
    shifts: bool = False
    """Whether it names the time range that is shown, so that its result depends on when it is asked."""


class Substituter:
    """Replaces the variables of one dashboard."""

    def __init__(self, variables: Mapping[str, Variable], placeholder: str = PLACEHOLDER) -> None:
        """``placeholder`` stands for what no value is known of."""
        self._variables = variables
        self._placeholder = placeholder
        self._unknown: dict[str, None] = {}
        self._undefined: dict[str, None] = {}
        self._shifts = False

    def substitute(self, written: str) -> Substitution:
        """Return the query with every variable and macro replaced."""
        for name in (self._unknown, self._undefined):
            name.clear()
        self._shifts = False
        return Substitution(
            text="".join(self._pieces(_quoted_formats(written))),
            unknown=tuple(self._unknown),
            undefined=tuple(self._undefined),
            shifts=self._shifts,
        )

    def _pieces(self, written: str) -> Iterator[str]:
        """Yield code and texts, of which those after a matcher's operator stand for a set of values."""
        pieces = _PIECES.split(written)
        for place in range(0, len(pieces), 2):
            code = self._code(pieces[place])
            quoted = pieces[place + 1] if place + 1 < len(pieces) else ""
            operator = _MATCHER.search(code)
            if quoted.startswith("#") or not _REFERENCE.search(quoted):
                yield code + quoted
            elif operator:
                yield code[: operator.start()] + self._matched(operator[1], quoted, code[: operator.start()])
            else:
                yield code + _REFERENCE.sub(lambda found: self._value(found) or PLACEHOLDER, quoted)

    def _code(self, piece: str) -> str:
        """Replace the variables outside texts: in a range by a duration where no value is known."""

        def replaced(found: re.Match[str]) -> str:
            if value := self._value(found):
                return value
            if (name := _name(found)) in self._undefined:
                return found[0]
            start = found.start()
            in_range = piece.rfind("[", 0, start) > piece.rfind("]", 0, start)
            if in_range or _OFFSET.search(piece[max(0, start - _OFFSET_CHARS) : start]):
                return DURATION[:-1] if piece[found.end() : found.end() + 1].isalpha() else DURATION
            self._unknown[name] = None
            return self._placeholder

        return _REFERENCE.sub(replaced, piece)

    def _value(self, found: re.Match[str]) -> str:
        """Return the first value of a variable, empty where the file knows none."""
        name = _name(found)
        if name in _TIMES:
            self._shifts = True
            return _TIMES[name][:-3] if (found[2] or "").endswith("seconds") else _TIMES[name]
        if name in MACROS:
            return MACROS[name]
        if name.startswith("__auto_interval"):
            return DURATION
        variable = self._variables.get(name)
        if variable is None:
            return self._not_defined(found)
        if variable.kind == "interval":
            return next((value for value in variable.values if not _TOO_SHORT.fullmatch(value)), DURATION)
        return variable.values[0] if variable.values and variable.kind != "query" else ""

    def _not_defined(self, found: re.Match[str]) -> str:
        """Note a variable that the dashboard does not define; ``$1`` is none, nor are Grafana's own."""
        name = _name(found)
        if name.isdigit():
            return found[0]
        if not name.startswith("__"):
            self._undefined[name] = None
        return ""

    def _matched(self, operator: str, quoted: str, before: str) -> str:
        """Return operator and text of a matcher for any value of its variables."""
        as_regex = operator in ("=~", "!~")
        inner = quoted[1:-1] if as_regex else _unescaped(quoted)
        parts: list[str] = []
        end = 0
        for found in _REFERENCE.finditer(inner):
            values = self._pattern(found, as_regex=as_regex)
            if before.rstrip().endswith("__name__") and values == ANY:
                self._unknown[_name(found)] = None
            parts += [_literal(inner[end : found.start()], as_regex=as_regex), _requoted(values, quoted, as_regex)]
            end = found.end()
        if operator.startswith("!"):
            return f'!~"{PLACEHOLDER}"'  # what is excluded depends on the choice: nothing is
        pattern = "".join([*parts, _literal(inner[end:], as_regex=as_regex)])
        if as_regex:
            return f"=~{quoted[0]}{pattern}{quoted[-1]}"
        return '=~"{}"'.format(pattern.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n"))

    def _pattern(self, found: re.Match[str], *, as_regex: bool) -> str:
        """Return a regular expression for the values of a variable in a matcher."""
        name = _name(found)
        if name in MACROS or name in _TIMES:
            return self._value(found)
        variable = self._variables.get(name)
        if variable is None:
            self._not_defined(found)
            return ANY
        if variable.kind not in _LISTED or not variable.values or variable.multi:
            return ANY
        values = dict.fromkeys(value if as_regex else _SPECIAL.sub(r"\\\g<0>", value) for value in variable.values)
        return f"({'|'.join(values)})"


def _name(found: re.Match[str]) -> str:
    return found[1] or found[3] or found[4]


def _quoted_formats(written: str) -> str:
    """Write ``${name:doublequote}`` as ``"${name}"``: the format adds the quotation marks."""

    def quoted(found: re.Match[str]) -> str:
        mark = _QUOTED_FORMATS.get(found[2] or found[5] or "")
        return f"{mark}${{{_name(found)}}}{mark}" if mark else found[0]

    return _REFERENCE.sub(quoted, written)


def _literal(text: str, *, as_regex: bool) -> str:
    """Return a part of a matcher's text as part of a regular expression."""
    return text if as_regex else _SPECIAL.sub(r"\\\g<0>", text)


def _requoted(pattern: str, quoted: str, as_regex: bool) -> str:  # noqa: FBT001 - as its callers have it
    """Return a pattern as part of a quoted text, where that text is left as it is written."""
    if not as_regex or quoted[0] == "`":
        return pattern
    return pattern.replace("\\", "\\\\").replace(quoted[0], "\\" + quoted[0])


def _unescaped(quoted: str) -> str:
    """Return what a text of PromQL stands for, as far as a matcher needs it."""
    if quoted[0] == "`":
        return quoted[1:-1]
    return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[0]), quoted[1:-1])
