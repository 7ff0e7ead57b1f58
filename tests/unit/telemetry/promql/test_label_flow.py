"""Labels: which a result can have, and which a clause names that its input lacks."""

from __future__ import annotations

import pytest

from harness.telemetry.promql import LabelSet, SeriesSelector, parse

SERIES = {"a": frozenset({"job", "x", "le"}), "b": frozenset({"job", "z"})}


def labels_of(selector: SeriesSelector) -> LabelSet:
    """Return the labels of the series above."""
    return LabelSet(SERIES[selector.name])


@pytest.mark.parametrize(
    "text, labels",
    [
        ("a", "job le x"),
        ("sum(a)", ""),
        ("sum by (x, y) (a)", "x"),
        ("sum without (x) (a)", "job le"),
        ("topk by (x) (3, a)", "job le x"),
        ('count_values("v", a)', "v"),
        ('count_values by (x) ("v", a)', "v x"),
        ("rate(a[5m]) > 3", "job le x"),
        ("3 < a", "job le x"),
        ("a / b", "job le x"),
        ("a / on (job) b", "job"),
        ("a / ignoring (x, le, z) b", "job"),
        ("a * on (job) group_left (z) b", "job le x z"),
        ("b * on (job) group_right (z) a", "job le x z"),
        ("a and on (job) b", "job le x"),
        ("a or b", "job le x z"),
        ("a unless b", "job le x"),
        ("histogram_quantile(0.9, a)", "job x"),
        ('label_replace(a, "new", "$1", "x", "(.*)")', "job le new x"),
        ('label_join(a, "new", "-", "x", "job")', "job le new x"),
        ('absent(a{x="1", job=~"y"})', "x"),
        ("absent(sum(a))", ""),
        ("vector(1)", ""),
        ("time() - a", "job le x"),
        ("scalar(a) * b", "job z"),
        ("max_over_time(sum by (x) (a)[5m:])", "x"),
        ("-a", "job le x"),
    ],
)
def test_labels_survive_as_in_prometheus(text: str, labels: str) -> None:
    """Aggregations, matching and functions leave the labels that the engine leaves."""
    found = parse(text).result_labels(labels_of)

    assert not found.others
    assert sorted(found.names) == labels.split()


@pytest.mark.parametrize(
    "text, inside, outside",
    [
        ("a", "any", None),
        ("sum without (x) (a)", "any", "x"),
        ("info(a)", "any", None),
        ("a or sum by (x) (b)", "x", None),
    ],
)
def test_without_samples_every_label_may_be_there(text: str, inside: str, outside: str | None) -> None:
    """What is not known is not excluded."""
    found = parse(text).result_labels()

    assert inside in found
    assert outside is None or outside not in found


@pytest.mark.parametrize(
    "text, missing",
    [
        ("sum by (y) (a)", [("by", "y")]),
        ("sum by (x) (sum by (job) (a))", [("by", "x")]),
        ("a / on (x) b", [("on", "x")]),
        ("a or on (x) b", []),
        ("a * on (job) group_left (y) b", [("group_left", "y")]),
        ("sum without (y) (a)", []),
        ("a / ignoring (y) b", []),
        ("topk by (y) (3, a)", [("by", "y")]),
    ],
)
def test_clauses_that_name_missing_labels_are_known(text: str, missing: list[tuple[str, str]]) -> None:
    """``without`` and ``ignoring`` of what is not there change nothing, and are common."""
    uses = parse(text).label_uses(labels_of)

    assert [(u.clause, u.label) for u in uses if u.label not in u.available] == missing


def test_a_complement_joined_with_names_excludes_less() -> None:
    """The union of all but x with x is everything; that of all but x and y with x still lacks y."""
    most = LabelSet(frozenset({"x", "y"}), others=True)

    for union in (most.union(LabelSet(frozenset({"x"}))), LabelSet(frozenset({"x"})).union(most)):
        assert "x" in union
        assert "y" not in union
