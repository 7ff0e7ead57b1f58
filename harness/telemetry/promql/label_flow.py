"""Which labels a query's result can have, and which labels its clauses name, from those of its series.

The rules are those of Prometheus 2.45 and 3 (Querying, Operators and Functions; ``resultMetric`` in promql/engine.go).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

SET_OPERATORS = ("and", "or", "unless")
_KEEPING = ("topk", "bottomk", "limitk", "limit_ratio")
"""Aggregations that return some of their input as it is."""
_LABELLED_BY_ARGUMENT = {"label_replace": 1, "label_join": 1, "histogram_quantiles": 1}
_ABSENT = ("absent", "absent_over_time")


class LabelSet(msgspec.Struct, frozen=True):
    """Labels that a vector can have: these names, or with ``others`` all but these."""

    names: frozenset[str] = frozenset()
    others: bool = False

    def __contains__(self, name: str) -> bool:
        return (name in self.names) is not self.others

    def only(self, names: Iterable[str]) -> LabelSet:
        """Return those that are among ``names``."""
        return LabelSet(frozenset(n for n in names if n in self))

    def plus(self, names: Iterable[str]) -> LabelSet:
        """Return them with ``names``."""
        return LabelSet(self.names - set(names) if self.others else self.names | set(names), self.others)

    def minus(self, names: Iterable[str]) -> LabelSet:
        """Return them without ``names``."""
        return LabelSet(self.names | set(names) if self.others else self.names - set(names), self.others)

    def union(self, other: LabelSet) -> LabelSet:
        """Return what is in either."""
        if not other.others:
            return self.plus(other.names)
        return other.plus(self.names) if not self.others else LabelSet(self.names & other.names, others=True)


UNKNOWN = LabelSet(others=True)
"""Any label may be there."""


class LabelUse(NamedTuple):
    """A label that a clause of a query names, and the labels that its input can have."""

    clause: str
    """``by``, ``on`` or ``group_left``."""
    label: str
    available: LabelSet


class LabelFlow:
    """One walk through a parsed query; ``uses`` collects the clauses on its way."""

    def __init__(self, labels_of: Callable[[Any], LabelSet]) -> None:
        """``labels_of`` returns the labels of a vector selector's series, by its node."""
        self._labels_of = labels_of
        self.uses: list[LabelUse] = []

    def result(self, node: Any) -> LabelSet:
        """Return the labels that the value of a node can have; a scalar has none."""
        kind = type(node).__name__
        if kind in ("VectorSelector", "MatrixSelector"):
            return self._labels_of(getattr(node, "vector_selector", node))
        if kind == "AggregateExpr":
            return self._aggregated(node)
        if kind == "BinaryExpr":
            return self._combined(node)
        if kind == "Call":
            return self._called(node)
        inner = getattr(node, "expr", None)
        return LabelSet() if inner is None else self.result(inner)

    def _aggregated(self, node: Any) -> LabelSet:
        found, op = self.result(node.expr), str(node.op)
        grouping = list(node.modifier.labels) if node.modifier else []
        by = node.modifier is None or str(node.modifier.type).endswith("By")
        if by:
            self.uses += [LabelUse("by", label, found) for label in grouping]
        if op in _KEEPING:
            return found
        kept = found.only(grouping) if by else found.minus(grouping)
        return kept.plus([node.param.val]) if op == "count_values" and hasattr(node.param, "val") else kept

    def _combined(self, node: Any) -> LabelSet:
        left, right, op, modifier = self.result(node.lhs), self.result(node.rhs), str(node.op), node.modifier
        matching = modifier.matching if modifier else None
        names = list(matching.labels) if matching else []
        on = matching is not None and str(matching.type).endswith("Include")
        if on:
            both = left.union(right) if op == "or" else LabelSet(left.only(names).names & right.only(names).names)
            self.uses += [LabelUse("on", name, both) for name in names]
        if op in SET_OPERATORS:
            return left.union(right) if op == "or" else left
        many = str(modifier.card) if modifier else ""
        if many.endswith(("ManyToOne", "OneToMany")):
            first, one = (left, right) if many.endswith("ManyToOne") else (right, left)
            clause, added = "group_left" if first is left else "group_right", list(modifier.group_labels or ())
            self.uses += [LabelUse(clause, label, one) for label in added]
            return first.plus(added)
        if not (is_vector(node.lhs) and is_vector(node.rhs)):
            return left if is_vector(node.lhs) else right
        if not matching:
            return left
        return left.only(names) if on else left.minus(names)

    def _called(self, node: Any) -> LabelSet:
        name, vectors = node.func.name, [arg for arg in node.args if is_vector(arg)]
        results = [self.result(arg) for arg in node.args]
        inputs = [found for arg, found in zip(node.args, results, strict=True) if arg in vectors]
        if name in _ABSENT:
            return _absent(node.args[0])
        if name in ("scalar", "vector") or not inputs:
            return LabelSet()
        if name == "info":
            return UNKNOWN
        if name == "histogram_quantile":
            return inputs[0].minus(["le"])
        if name in _LABELLED_BY_ARGUMENT:
            return inputs[0].plus([getattr(node.args[_LABELLED_BY_ARGUMENT[name]], "val", "")])
        return inputs[0]


def is_vector(node: Any) -> bool:
    """Whether a node's value has series; everything else is a number or a text."""
    kind = type(node).__name__
    if kind == "BinaryExpr":
        return is_vector(node.lhs) or is_vector(node.rhs)
    if kind in ("ParenExpr", "UnaryExpr"):
        return is_vector(node.expr)
    if kind == "Call":
        return not str(node.func.return_type).endswith("Scalar")
    return kind not in ("NumberLiteral", "StringLiteral")


def children(node: Any) -> Iterator[Any]:
    """Yield the nodes directly below one."""
    for attribute in ("vector_selector", "param", "expr", "lhs", "rhs"):
        child = getattr(node, attribute, None)
        if child is not None:
            yield child
    yield from getattr(node, "args", ())


def _absent(argument: Any) -> LabelSet:
    """Return the labels that ``absent`` takes from its argument: those that it requires to equal one value."""
    selector = getattr(argument, "vector_selector", argument)
    matchers = getattr(getattr(selector, "matchers", None), "matchers", ())
    return LabelSet(frozenset(m.name for m in matchers if str(m.op).endswith(".Equal")))
