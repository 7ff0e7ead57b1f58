"""A parsed query: its selectors, its threshold, its labels."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import msgspec

from harness.core.extras import require
from harness.errors import one_line
from harness.telemetry.promql.durations import scale_durations, without_texts
from harness.telemetry.promql.label_flow import (
    SET_OPERATORS,
    UNKNOWN,
    LabelFlow,
    LabelSet,
    LabelUse,
    children,
    is_vector,
)
from harness.telemetry.promql.label_matcher import LabelMatcher
from harness.telemetry.promql.newer_promql import (
    NEWER_FUNCTIONS,
    RENAMED,
    newer_syntax,
    newest_syntax,
    with_new_names,
)

MAX_CHARS = 50_000
MAX_OPERATORS = 400
"""Operators, brackets and matchers of one query: the parser overflows the stack somewhere beyond 3000."""
_OPERATOR = re.compile(r"[-+*/%^(<>=!]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)
_COMPARISONS = ("==", "!=", ">", "<", ">=", "<=")
_OPS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}


class PromqlError(ValueError):
    """A text that is not PromQL, on one line; ``newer`` names what in it only Prometheus 3 understands, if anything."""

    def __init__(self, text: str, *, newer: str = "") -> None:
        super().__init__(text)
        self.newer = newer


class SeriesSelector(msgspec.Struct, frozen=True, kw_only=True):
    """One selector of a query."""

    name: str
    """The metric's name; empty where only other labels select."""
    matchers: tuple[LabelMatcher, ...] = ()
    """Without the one on the name."""
    either: tuple[tuple[LabelMatcher, ...], ...] = ()
    """Alternatives joined by ``or``, of which one must hold."""
    range_s: float | None = None
    """Seconds in its brackets."""
    offset_s: float = 0.0
    """Seconds back in time; a negative offset looks ahead."""
    function: str = ""
    """The function that takes it, such as ``increase``; empty where none does directly."""

    def __str__(self) -> str:
        inner = ",".join(map(str, self.matchers))
        return f"{self.name}{{{inner}}}" if inner or not self.name else self.name

    def matches(self, labels: dict[str, str]) -> bool:
        """Whether a series of its name with these labels is selected."""
        fits = not self.either or any(all(m.matches(labels) for m in group) for group in self.either)
        return fits and all(m.matches(labels) for m in self.matchers)


class Threshold(msgspec.Struct, frozen=True, kw_only=True):
    """The comparison at the top of a query with a number."""

    left: str
    """What is compared, as a query of its own."""
    op: str
    """``>``, ``>=``, ``<``, ``<=``, ``==`` or ``!=``."""
    value: float


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A query that was parsed."""

    text: str
    tree: Any
    """The node of `promql_parser`."""
    selectors: tuple[SeriesSelector, ...]
    ranges_s: tuple[float, ...]
    """Seconds of every range, those of subqueries too."""
    threshold: Threshold | None
    """Where the query compares with a number at its top."""

    def scaled(self, factor: float) -> str:
        """Return the query with all its times multiplied: ranges, offsets, and subqueries' ranges and steps."""
        return scale_durations(self.text, factor)

    def result_labels(self, labels_of: Callable[[SeriesSelector], LabelSet] | None = None) -> LabelSet:
        """Return the labels that its result can have; without ``labels_of``, series may have any.

        So may the result of a query that nests too deeply to be followed.
        """
        try:
            return self._flow(labels_of).result(self.tree)
        except RecursionError:
            return UNKNOWN

    def label_uses(self, labels_of: Callable[[SeriesSelector], LabelSet] | None = None) -> list[LabelUse]:
        """Return the labels that ``by``, ``on`` and ``group_left`` or ``group_right`` name, each with its input's."""
        flow = self._flow(labels_of)
        with suppress(RecursionError):
            flow.result(self.tree)
        return flow.uses

    def quantiles_without_le(self) -> list[str]:
        """Return the arguments of ``histogram_quantile`` over classic buckets that lost their label ``le``."""
        flow = self._flow(None)
        calls = (n for n in _walk(self.tree) if type(n).__name__ == "Call" and n.func.name == "histogram_quantile")
        buckets = [argument for call in calls for argument in call.args[1:2] if _reads_buckets(argument)]
        return [argument.prettify() for argument in buckets if "le" not in flow.result(argument)]

    @property
    def newer(self) -> frozenset[str]:
        """What in it Prometheus 2.42 refuses and newer versions understand: functions by name, and syntax."""
        calls = {n.func.name for n in _walk(self.tree) if type(n).__name__ == "Call"}
        aggregations = {str(n.op) for n in _walk(self.tree) if type(n).__name__ == "AggregateExpr"}
        renamed = {new for old, new in RENAMED.items() if re.search(rf"\b{old}\s*\(", self.text)}
        return frozenset((calls | aggregations) & NEWER_FUNCTIONS - renamed) | newer_syntax(self.text)

    def _flow(self, labels_of: Callable[[SeriesSelector], LabelSet] | None) -> LabelFlow:
        return LabelFlow(lambda node: labels_of(_selector(node)) if labels_of else UNKNOWN)


def parse(text: str) -> Query:
    """Parse a query of Prometheus 2 or 3; raises `PromqlError`, and `ConfigurationError` where the parser is missing.

    What only Prometheus 3 understands, and the parser does not, is named in the error's ``newer``.
    """
    require("A query of Prometheus", "promql_parser")
    import promql_parser

    if len(text) > MAX_CHARS:
        raise PromqlError(f"it has more than {MAX_CHARS} characters, and is not read")
    plain = without_texts(text)
    if len(_OPERATOR.findall(plain)) > MAX_OPERATORS:
        raise PromqlError(f"it has more than {MAX_OPERATORS} operators and brackets, and is not read")
    try:
        tree = promql_parser.parse(with_new_names(text))
    except ValueError as exc:
        raise PromqlError(one_line(exc), newer=newest_syntax(plain)) from None
    except BaseException as exc:
        if type(exc).__name__ != "PanicException":  # of pyo3, which cannot be imported
            raise
        raise PromqlError("it has a number that is out of bounds") from None
    return Query(
        text=text,
        tree=tree,
        selectors=tuple(_selectors(tree)),
        ranges_s=tuple(n.range.total_seconds() for n in _walk(tree) if getattr(n, "range", None)),
        threshold=_threshold(tree),
    )


def _walk(node: Any) -> Iterator[Any]:
    yield node
    for child in children(node):
        yield from _walk(child)


def _selectors(node: Any, function: str = "") -> Iterator[SeriesSelector]:
    """Yield the selectors below a node in their order, each with the ``function`` that takes it directly."""
    kind = type(node).__name__
    if kind in ("VectorSelector", "MatrixSelector"):
        yield _selector(getattr(node, "vector_selector", node), getattr(node, "range", None), function)
        return
    function = node.func.name if kind == "Call" else function if kind == "ParenExpr" else ""
    for child in children(node):
        yield from _selectors(child, function)


def _selector(node: Any, length: timedelta | None = None, function: str = "") -> SeriesSelector:
    matchers, name = [_matcher(m) for m in node.matchers.matchers], node.name or ""
    for matcher in [m for m in matchers if m.label == "__name__" and m.op == "="]:
        name = matcher.value
        matchers.remove(matcher)
    return SeriesSelector(
        name=name,
        matchers=tuple(matchers),
        either=tuple(tuple(_matcher(m) for m in group) for group in node.matchers.or_matchers),
        range_s=length.total_seconds() if length else None,
        offset_s=node.offset.total_seconds() if node.offset else 0.0,
        function=function,
    )


def _matcher(matcher: Any) -> LabelMatcher:
    return LabelMatcher(matcher.name, _OPS[str(matcher.op).rpartition(".")[2]], matcher.value)


def _threshold(tree: Any) -> Threshold | None:
    while type(tree).__name__ == "ParenExpr":
        tree = tree.expr
    if type(tree).__name__ != "BinaryExpr" or str(tree.op) not in _COMPARISONS or not is_vector(tree.lhs):
        return None
    value = _number(tree.rhs)
    return None if value is None else Threshold(left=tree.lhs.prettify(), op=str(tree.op), value=value)


def _number(node: Any) -> float | None:
    """Return the value of an expression of numbers alone."""
    kind = type(node).__name__
    if kind == "NumberLiteral":
        return float(node.val)
    if kind == "ParenExpr":
        return _number(node.expr)
    if kind == "UnaryExpr":
        inner = _number(node.expr)
        return None if inner is None else -inner
    if kind != "BinaryExpr" or str(node.op) in SET_OPERATORS:
        return None
    left, right = _number(node.lhs), _number(node.rhs)
    if left is None or right is None:
        return None
    operations = {"+": left + right, "-": left - right, "*": left * right, "/": left / right if right else None}
    return operations.get(str(node.op))


def _reads_buckets(node: Any) -> bool:
    """Whether all series below a node are classic buckets: native histograms need no ``le``."""
    names = [s.name for s in _selectors(node)]
    return bool(names) and all(name.endswith("_bucket") for name in names)
