"""Queries: what they select, how long they look back, their threshold, and what is refused."""

from __future__ import annotations

import sys

import pytest

from harness.errors import ConfigurationError
from harness.telemetry.promql import LabelMatcher, PromqlError, SeriesSelector, Threshold, parse


def test_selectors_have_names_matchers_times_and_the_function_that_takes_them() -> None:
    """Everything that a check needs of a selector is there, in the order of the query."""
    query = parse('sum(rate(a_total{x="1",y!~"b.*"}[5m] offset 1h)) / ({"b.c"} offset -1m) > 0')

    assert query.selectors == (
        SeriesSelector(
            name="a_total",
            matchers=(LabelMatcher("x", "=", "1"), LabelMatcher("y", "!~", "b.*")),
            range_s=300,
            offset_s=3600,
            function="rate",
        ),
        SeriesSelector(name="b.c", offset_s=-60),
    )


@pytest.mark.parametrize(
    "text, names",
    [
        ("a", ["a"]),
        ("-(a)", ["a"]),
        ("a[5m]", ["a"]),
        ('{__name__="a"}', ["a"]),
        ('{__name__=~"a.*"}', [""]),
        ("topk(scalar(b), a)", ["b", "a"]),
        ("max_over_time(rate(a[5m])[1h:1m])", ["a"]),
        ("holt_winters(a[5m], 0.5, 0.5)", ["a"]),
        ("vector(1)", []),
        ("limitk(2, a)", ["a"]),
        ('info(a, {data="x"})', ["a", ""]),
    ],
)
def test_every_selector_is_found(text: str, names: list[str]) -> None:
    """Selectors are found in every kind of expression, of Prometheus 2 and of 3."""
    assert [s.name for s in parse(text).selectors] == names


def test_alternatives_are_matched() -> None:
    """Matchers joined by ``or`` select what fulfils one of them."""
    (selector,) = parse('a{x="1" or y="2"}').selectors

    assert selector.matches({"x": "1"})
    assert selector.matches({"y": "2"})
    assert not selector.matches({"x": "2"})


@pytest.mark.parametrize(
    "text, threshold",
    [
        ("sum(a) > 3", Threshold(left="sum(a)", op=">", value=3)),
        ("(a >= -2 * 60)", Threshold(left="a", op=">=", value=-120)),
        ("a > bool 1 + 1", Threshold(left="a", op=">", value=2)),
        ("a > b", None),
        ("a and b > 3", None),
        ("a", None),
        ("a > 1 / 0", None),
    ],
)
def test_a_threshold_at_the_top_is_known(text: str, threshold: Threshold | None) -> None:
    """The comparison with a number is known where it decides about the whole result."""
    assert parse(text).threshold == threshold


def test_ranges_of_subqueries_count() -> None:
    """The ranges are those of selectors and of subqueries."""
    assert sorted(parse("max_over_time(rate(a[5m])[1h:1m])").ranges_s) == [300, 3600]


@pytest.mark.parametrize(
    "text, found",
    [
        ("histogram_quantile(0.9, sum by (job) (rate(a_bucket[5m])))", ["sum by (job) (rate(a_bucket[5m]))"]),
        ("histogram_quantile(0.9, sum(rate(a_bucket[5m])))", ["sum(rate(a_bucket[5m]))"]),
        ("histogram_quantile(0.9, sum without (le) (a_bucket))", ["sum without (le) (a_bucket)"]),
        ("histogram_quantile(0.9, sum by (le) (rate(a_bucket[5m])))", []),
        ("histogram_quantile(0.9, rate(a_bucket[5m]))", []),
        ("histogram_quantile(0.9, sum(rate(native[5m])))", []),
        ("histogram_quantile(0.9, sum without (pod) (rate(a_bucket[5m])))", []),
    ],
)
def test_quantiles_need_the_buckets_limits(text: str, found: list[str]) -> None:
    """A quantile of classic buckets without ``le`` is found; native histograms need none."""
    assert parse(text).quantiles_without_le() == found


@pytest.mark.parametrize(
    "text, reason",
    [
        ("sum(", "unclosed left parenthesis"),
        ("rate(a)", "expected type matrix in call to function 'rate', got vector"),
        ("", "no expression found in input"),
        ("{}", "vector selector must contain at least one non-empty matcher"),
        ("(" * 5000 + "a" + ")" * 5000, "it has more than 400 operators and brackets, and is not read"),
        ("+".join(["a"] * 9000), "it has more than 400 operators and brackets, and is not read"),
        ("a offset" + " " * 60_000, "it has more than 50000 characters, and is not read"),
        ("a[1e400]", "it has a number that is out of bounds"),
    ],
)
def test_what_is_no_query_is_refused_on_one_line(text: str, reason: str) -> None:
    """The reason is the parser's; what would make it crash is refused before."""
    with pytest.raises(PromqlError) as caught:
        parse(text)

    assert (str(caught.value), caught.value.newer) == (reason, "")


def test_the_longest_query_that_is_read_is_read() -> None:
    """Nested as deeply as is allowed, a query can still be walked."""
    assert len(parse("-" * 399 + "a").selectors) == 1
    assert len(parse("+".join(["a"] * 400)).selectors) == 400
    assert "any" in parse("+".join(["a"] * 400)).result_labels()
    assert parse("+".join(["a"] * 400)).label_uses() == []


@pytest.mark.parametrize(
    "text, newer",
    [
        # Prometheus 3.x, Querying basics: feature flag promql-duration-expr
        ("rate(a[5m * 2])", "an expression as a duration"),
        ("a offset (5m * 2)", "an expression as a duration"),
        # Prometheus 3.x, feature flag promql-extended-range-selectors
        ("rate(a[5m] anchored)", "the modifier anchored or smoothed"),
        # Prometheus 3.x, Operators: trim operators of native histograms
        ("a </ 3", "an operator that trims histograms"),
    ],
)
def test_what_only_prometheus_3_understands_is_named(text: str, newer: str) -> None:
    """The parser knows less than Prometheus 3, which is no fault of the query."""
    with pytest.raises(PromqlError) as caught:
        parse(text)

    assert caught.value.newer == newer


@pytest.mark.parametrize(
    "text",
    ['"\\"' * 12_000, "a offset" + " " * 49_000, "[" * 300, "'`\"" * 12_000, '"' + "\\" * 49_999],
    ids=["quotes", "spaces", "brackets", "mixed", "escapes"],
)
def test_a_hostile_text_is_refused_at_once(text: str) -> None:
    """No pattern needs more than one pass over a text."""
    with pytest.raises(PromqlError):
        parse(text)


def test_a_missing_parser_is_reported_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names what to install."""
    monkeypatch.setitem(sys.modules, "promql_parser", None)

    with pytest.raises(ConfigurationError, match=r"needs promql-parser, .* pip install '.+\[telemetry\]'"):
        parse("a")


@pytest.mark.parametrize(
    "text, newer",
    [
        ("limitk(2, info(a))", {"limitk", "info"}),
        ("double_exponential_smoothing(a[5m], 0.5, 0.5)", {"double_exponential_smoothing"}),
        ("holt_winters(a[5m], 0.5, 0.5)", set()),
        ('{"a.b"}', {"a name in quotes"}),
        ('a{"x.y"="z"}', {"a name in quotes"}),
        ('sum by ("x.y") (a)', {"a name in quotes"}),
        ("a > 5m", {"a duration as a number, or a number as a duration"}),
        ("rate(a[300])", {"a duration as a number, or a number as a duration"}),
        ("a offset 300", {"a duration as a number, or a number as a duration"}),
        ('label_replace(max_over_time(a{x="5m",y="b"}[1h:5m] offset 5m), "x.y", "1", "b", "c") > 5', set()),
        ("a5m + b:5m", set()),
    ],
)
def test_what_prometheus_242_refuses_is_named(text: str, newer: set[str]) -> None:
    """The answers are those of promtool 2.42 to these expressions."""
    assert parse(text).newer == newer
