"""Variables and macros are replaced in every position of a query, and what is not known is reported."""

from __future__ import annotations

import pytest

from harness.telemetry.dashboards.dashboard import Variable
from harness.telemetry.dashboards.substitution import Substituter


def variable(name: str, kind: str, *values: str, multi: bool = False) -> Variable:
    return Variable(name=name, kind=kind, line=1, values=values, multi=multi)


VARIABLES = {
    found.name: found
    for found in (
        variable("ns", "query", "prod"),
        variable("by", "custom", "namespace", "name"),
        variable("stage", "custom", "a.b", "c"),
        variable("many", "custom", "a", "b", multi=True),
        variable("step", "interval", "1m", "5m"),
        variable("auto", "interval"),
        variable("top", "constant", "5"),
        variable("typed", "textbox", ""),
        variable("metric", "query"),
    )
}
REPLACED = {
    # matchers: any value of the variable
    'x{a=~"$ns"}': 'x{a=~".*"}',
    'x{a="$ns"}': 'x{a=~".*"}',
    "x{a='$ns', b=`${ns}`}": 'x{a=~".*", b=~".*"}',
    'x{a="[[ns]]", b =~ "${ns:regex}|\\\\d"}': 'x{a=~".*", b =~".*|\\\\d"}',
    'x{a="$ns/api.v1"}': 'x{a=~".*/api\\\\.v1"}',
    'x{a="$stage"}': 'x{a=~"(a\\\\.b|c)"}',
    'x{a=~"$stage"}': 'x{a=~"(a.b|c)"}',
    'x{a=~"$many"}': 'x{a=~".*"}',
    'x{a=~"^$ns$"}': 'x{a=~"^.*$"}',
    'x{a!="$ns", b!~"$ns"}': 'x{a!~"harness_variable", b!~"harness_variable"}',
    "x{a=~${ns:doublequote}}": 'x{a=~".*"}',
    'x{a="${__user.login}"}': 'x{a=~".*"}',
    'x{a=~".+", b="5$"}': 'x{a=~".+", b="5$"}',
    # ranges and offsets
    "rate(x[$__rate_interval])": "rate(x[5s])",
    "rate(x[${__interval}])": "rate(x[5s])",
    "rate(x[[[step]]])": "rate(x[1m])",
    "x[$auto] offset $metric": "x[5m] offset 5m",
    "x[${__range_s}s:$step]": "x[3600s:1m]",
    "x[${metric}m]": "x[5m]",
    "x[$__auto_interval_step]": "x[5m]",
    "x * $__interval_ms / $__range_ms": "x * 5000 / 3600000",
    # lists, arguments, names
    "sum by ($by) (x)": "sum by (namespace) (x)",
    "topk($top, x)": "topk(5, x)",
    'label_replace(x, "a", "$1", "b", "$ns-(.*)$")': 'label_replace(x, "a", "$1", "b", "harness_variable-(.*)$")',
    "x # of $ns": "x # of $ns",
}


@pytest.mark.parametrize("written, expected", REPLACED.items())
def test_each_position_has_a_value_that_parses_there(written: str, expected: str) -> None:
    """In a matcher a variable stands for any of its values, elsewhere for its first."""
    found = Substituter(VARIABLES).substitute(written)
    assert found.text == expected
    assert (found.unknown, found.undefined, found.shifts) == ((), (), False)


UNKNOWN = {
    "$metric": ("metric",),
    "sum by ($ns) (x)": ("ns",),
    '{__name__=~"$metric"}': ("metric",),
    "$typed": ("typed",),
}


@pytest.mark.parametrize("written, names", UNKNOWN.items())
def test_a_name_that_only_a_query_could_give_is_reported(written: str, names: tuple[str, ...]) -> None:
    """A placeholder lets the query be parsed, and nothing else be concluded from it."""
    assert Substituter(VARIABLES).substitute(written).unknown == names


def test_the_placeholder_can_be_chosen() -> None:
    """A number is needed where a name does not parse."""
    assert Substituter(VARIABLES, "1").substitute("topk($metric, x)").text == "topk(1, x)"


def test_a_variable_that_the_dashboard_does_not_define_is_reported() -> None:
    """Grafana leaves it as it is, and a tool that fills in the file may replace it."""
    found = Substituter({}).substitute('x{a="$one"}[$two]')
    assert (found.text, found.undefined) == ('x{a=~".*"}[$two]', ("one", "two"))


@pytest.mark.parametrize("written", ["time() - $__from / 1000", "x @ ${__to:date:seconds}"])
def test_a_query_of_the_shown_times_is_reported(written: str) -> None:
    """Its result depends on when it is asked."""
    assert Substituter({}).substitute(written).shifts
