"""Alertmanager's configuration: read without secrets, refused as it would be, and given the harness's receivers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import ConfigurationError
from harness.telemetry.promql import LabelMatcher
from harness.telemetry.rules.alertmanager_config import AlertmanagerConfig, parse_matchers, read_alertmanager
from harness.telemetry.rules.harness_routes import harness_config

SECRET = "xoxb-not-to-be-shown"
CONFIG = f"""\
global: {{ slack_api_url: "https://hooks.example.com/{SECRET}" }}
route:
  receiver: default
  group_by: [alertname, '...']
  group_wait: 30s
  routes:
    - match: {{ team: payments }}
      match_re: {{ severity: page|ticket }}
      matchers: [ 'zone != "a"', job=~app ]
      receiver: pager
      continue: true
      active_time_intervals: [office]
      routes:
        - matchers: ['"utf.8"="x"']
receivers:
  - name: default
  - name: pager
    slack_configs: [{{ channel: "#a", api_url: "https://hooks.example.com/{SECRET}" }}]
    webhook_configs: []
    email_configs: [{{ to: a@example.com }}]
inhibit_rules:
  - source_match: {{ severity: page }}
    target_matchers: ['severity="ticket"']
    equal: [instance]
time_intervals: [{{ name: office }}]
"""


def read(folder: Path, text: str) -> AlertmanagerConfig:
    """Read a text as the file."""
    path = folder / "alertmanager.yml"
    path.write_text(text, encoding="utf-8")
    return read_alertmanager(path, "alertmanager.yml")


def test_routes_receivers_and_inhibitions_are_read(tmp_path: Path) -> None:
    """Old and new matchers are one thing, receivers are inherited, and an empty list is no integration."""
    config = read(tmp_path, CONFIG)

    assert config.faults == ()
    assert config.route
    root, child, grandchild = config.route.walk()
    assert child.matchers == (
        LabelMatcher("team", "=", "payments"),
        LabelMatcher("severity", "=~", "page|ticket"),
        LabelMatcher("zone", "!=", "a"),
        LabelMatcher("job", "=~", "app"),
    )
    assert (root.receiver, child.receiver, child.goes_on, child.line) == ("default", "pager", True, 7)
    assert (grandchild.receiver, grandchild.names_receiver) == ("pager", False)
    assert grandchild.matchers == (LabelMatcher("utf.8", "=", "x"),)
    assert config.receivers == {"default": (), "pager": ("slack", "email")}
    (inhibition,) = config.inhibitions
    assert (inhibition.source, inhibition.target, inhibition.equal) == (
        (LabelMatcher("severity", "=", "page"),),
        (LabelMatcher("severity", "=", "ticket"),),
        ("instance",),
    )


def test_no_secret_of_the_file_is_read_or_written(tmp_path: Path) -> None:
    """Neither what was read, nor the harness's own configuration, has an address or credential of a receiver."""
    config = read(tmp_path, CONFIG)

    assert SECRET not in repr(config) + harness_config(config, "http://127.0.0.1:9/hook")


def test_the_harness_receives_what_the_team_would(tmp_path: Path) -> None:
    """Routes and inhibitions stay, integrations become its webhook, and nothing waits."""
    written = json.loads(harness_config(read(tmp_path, CONFIG), "http://127.0.0.1:9/hook"))
    (child,) = written["route"]["routes"]

    assert written["route"]["group_wait"] == "0s"
    assert written["route"]["group_by"] == ["alertname", "..."]
    assert child["matchers"] == ['team="payments"', 'severity=~"page|ticket"', 'zone!="a"', 'job=~"app"']
    assert "active_time_intervals" not in child
    assert child["routes"][0]["matchers"] == ['"utf.8"="x"']
    assert written["receivers"] == [
        {"name": "default"},
        {"name": "pager", "webhook_configs": [{"url": "http://127.0.0.1:9/hook/pager", "send_resolved": True}]},
    ]
    assert written["inhibit_rules"] == [
        {"source_matchers": ['severity="page"'], "target_matchers": ['severity="ticket"'], "equal": ["instance"]}
    ]


@pytest.mark.parametrize(
    "text, found",
    [
        ("a=b", [("a", "=", "b")]),
        ('{a="b",c=~"d.*"}', [("a", "=", "b"), ("c", "=~", "d.*")]),
        ("a = b c, d!~e|f", [("a", "=", "b c"), ("d", "!~", "e|f")]),
        ('a="b,\\"c\\"\\n"', [("a", "=", 'b,"c"\n')]),
        ('"über.x"!="y"', [("über.x", "!=", "y")]),
        ("a=", [("a", "=", "")]),
        ("a=~^[12]$", [("a", "=~", "^[12]$")]),
        ("{}", []),
    ],
)
def test_matchers_are_read_in_both_syntaxes(text: str, found: list[tuple[str, str, str]]) -> None:
    """Classic matchers, and those with quoted names (Alertmanager 0.27, Configuration, UTF-8 strict mode)."""
    assert [(m.label, m.op, m.value) for m in parse_matchers(text)] == found


@pytest.mark.parametrize("text", ["a", '"a"', 'a="b" c="d"', "=b"])
def test_what_is_no_matcher_is_refused_with_the_form(text: str) -> None:
    """The message shows how to write one."""
    with pytest.raises(ValueError, match="it is not a matcher; write label="):
        parse_matchers(text)


GOOD = "route: {receiver: a}\nreceivers: [{name: a}]\n"


def routed(route: str) -> str:
    """Return a file with another topmost route."""
    return GOOD.replace("{receiver: a}", route)


@pytest.mark.parametrize(
    "text, fault",
    [
        ("receivers: []", ": it has no `route`"),
        (routed("{receiver: b}"), ":1: the receiver 'b' is not defined"),
        (routed("{receiver: a, match: {x: y}}"), ":1: the topmost route has matchers, but must match every alert"),
        (routed("{}"), ":1: the topmost route has no receiver"),
        (routed("{receiver: a, routes: [{match_re: {x: }}]}"), ":1: the matcher of 'x' has no value"),
        (routed("{receiver: a, routes: [{matchers: [x]}]}"), ":1: 'x': it is not a matcher; write label=\"value\", or"),
        (routed("{receiver: a, wiat: 5s}"), ":1: the route has the key 'wiat', which Alertmanager does not know"),
        (routed("{receiver: a, group_wait: 5}"), ":1: group_wait: '5' is not a duration of Prometheus; write 30s"),
        (routed("&r {receiver: a, routes: [*r]}"), ":1: it has more than 10000 routes, or more than 100 within one"),
        (GOOD.replace("[{name: a}]", "[{name: a}, {name: a}]"), ":2: the receiver 'a' is defined twice"),
        (GOOD.replace("[{name: a}]", "[{name: a}, {}]"), ":2: the receiver has no name"),
        (GOOD + "inhibit_rules: [{source: x}]", ":3: the inhibition has the key 'source', which Alertmanager does"),
        (GOOD + "rout: {}", ":3: the file has the key 'rout', which Alertmanager does not know"),
        (f"{GOOD}---\n{GOOD}", ": it has 2 documents, not one"),
        ("", ": it has 0 documents, not one"),
        ("route: [", ":2: did not find expected node content"),
    ],
    ids=range(16),
)
def test_what_alertmanager_refuses_is_a_fault_with_its_line(tmp_path: Path, text: str, fault: str) -> None:
    """The first fault names the place and the reason, and no configuration is made of such a file."""
    config = read(tmp_path, text)

    assert any(f.at("").startswith(fault) for f in config.faults)
    with pytest.raises(ConfigurationError, match=r"\[telemetry.alerts\] routes: Alertmanager refuses it\."):
        harness_config(config, "http://127.0.0.1:9")


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    """The reason is the system's."""
    assert read_alertmanager(tmp_path / "none.yml").faults[0].text == "it cannot be read: No such file or directory"
