"""Alertmanager's configuration: routes, receivers and inhibitions. No address or credential of a receiver is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from harness.core.cutting import cut
from harness.core.foreign_files import read_file
from harness.core.yaml import UnreadableYamlError, YamlSyntaxError, compose_yaml
from harness.telemetry.promql import LabelMatcher
from harness.telemetry.promql.durations import prometheus_duration_s
from harness.telemetry.rules.located_yaml import Located, YamlFault

MAX_CONFIG_BYTES = 4 * 1024 * 1024
MAX_MATCHER = 5000
MAX_ROUTES = 10_000
MAX_LEVELS = 100
"""Of routes within routes: an alias can lead back to its own anchor."""
_SHORTEST_SECRET = 4
_DURATIONS = ("group_wait", "group_interval", "repeat_interval")
_LISTS = ("group_by", "mute_time_intervals", "active_time_intervals")
_MATCHING = ("match", "match_re", "matchers")
_ROUTE_KEYS = ("receiver", "continue", "routes", *_MATCHING, *_DURATIONS, *_LISTS)
_SIDE_KEYS = {side: {key: f"{side}_{key}" for key in _MATCHING} for side in ("source", "target")}
_INHIBITION_KEYS = ("equal", "name", *(key for keys in _SIDE_KEYS.values() for key in keys.values()))
_TOP_KEYS = (
    *("global", "templates", "route", "receivers", "inhibit_rules", "time_intervals", "mute_time_intervals"),
    *("tracing", "event_recorder"),
)
_MATCHER = re.compile(
    r"""\s* (?: "(?P<quoted>(?:\\.|[^"\\])*)" | (?P<label>[^\s"{}=!~,]+) )
    \s* (?P<op>=~|!~|!=|=) \s*
    (?: "(?P<text>(?:\\.|[^"\\])*)" | (?P<bare>[^",]*?) )
    \s* (?:,\s*|$)""",
    re.VERBOSE,
)
_ESCAPED = re.compile(r'\\([n"\\])')


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One node of the tree of routes."""

    line: int
    receiver: str
    """Its own, or that of the route above."""
    names_receiver: bool = False
    """Whether the receiver is its own."""
    matchers: tuple[LabelMatcher, ...] = ()
    goes_on: bool = False
    """``continue``: whether the routes after it are tried although it matched."""
    group_by: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()

    def walk(self) -> Iterator[Route]:
        """Yield it and all routes below."""
        yield self
        for route in self.routes:
            yield from route.walk()


class Inhibition(msgspec.Struct, frozen=True, kw_only=True):
    """A rule by which alerts hide others."""

    line: int
    source: tuple[LabelMatcher, ...]
    target: tuple[LabelMatcher, ...]
    equal: tuple[str, ...] = ()
    """Labels that both must have with one value, or both not at all."""


class AlertmanagerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What the file contains."""

    name: str
    """The file as it is shown."""
    route: Route | None = None
    receivers: Mapping[str, tuple[str, ...]] = {}
    """By receiver, its integrations that notify somebody, such as ``slack``."""
    inhibitions: tuple[Inhibition, ...] = ()
    faults: tuple[YamlFault, ...] = ()
    """Why Alertmanager refuses it."""


def read_alertmanager(path: Path, name: str = "") -> AlertmanagerConfig:
    """Read the file; whatever is wrong with it is in ``faults``."""
    name, faults = name or str(path), list[YamlFault]()
    try:
        documents = compose_yaml(read_file(path, MAX_CONFIG_BYTES))
    except OSError as exc:
        return AlertmanagerConfig(name=name, faults=(YamlFault(0, f"it cannot be read: {exc.strerror}"),))
    except UnreadableYamlError as exc:
        reason = exc.problem if isinstance(exc, YamlSyntaxError) else str(exc)
        return AlertmanagerConfig(name=name, faults=(YamlFault(getattr(exc, "line", None) or 0, reason),))
    if len(documents) != 1:
        reason = f"it has {len(documents)} documents, not one"
        return AlertmanagerConfig(name=name, faults=(YamlFault(0, reason),))
    fields = Located(documents[0], faults).mapping("the file")
    _only(fields, _TOP_KEYS, "the file")
    receivers = _receivers(fields.get("receivers"))
    route = _root(fields["route"]) if "route" in fields else None
    if route is None:
        faults.append(YamlFault(0, "it has no `route`"))
    faults += [
        YamlFault(each.line, f"the receiver {each.receiver!r} is not defined")
        for each in (route.walk() if route else ())
        if each.names_receiver and each.receiver not in receivers
    ]
    inhibitions = [_inhibition(each) for each in _items(fields.get("inhibit_rules"), "inhibit_rules")]
    return AlertmanagerConfig(
        name=name, route=route, receivers=receivers, inhibitions=tuple(inhibitions), faults=tuple(faults)
    )


def hidden_values(path: Path) -> list[str]:
    """Return the values in the file that may be secrets: all below ``global`` and ``receivers`` but names."""
    found: list[str] = []
    try:
        documents = compose_yaml(read_file(path, MAX_CONFIG_BYTES))
    except (OSError, UnreadableYamlError):
        return found
    fields = Located(documents[0], []).fields() if documents else {}
    waiting, seen = [fields[key] for key in ("global", "receivers") if key in fields], set[int]()
    while waiting:
        value = waiting.pop()
        if id(value.node) in seen:
            continue
        seen.add(id(value.node))
        waiting += [inner for key, inner in value.fields().items() if key != "name"] or value.items("")
        found += [value.text("")] if isinstance(value.node.value, str) else []
    return [text for text in found if len(text) >= _SHORTEST_SECRET]


def parse_matchers(text: str) -> list[LabelMatcher]:
    """Read matchers such as ``a="b", "c.d"=~e``, with or without braces; raises ValueError.

    Both the classic syntax and that with UTF-8 names are accepted (Alertmanager: Configuration, matcher).
    """
    inner, found, at = text.strip(), [], 0
    if len(inner) > MAX_MATCHER:
        raise ValueError(f"it is longer than {MAX_MATCHER} characters")
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1].strip()
    while at < len(inner):
        match = _MATCHER.match(inner, at)
        if match is None:
            raise ValueError('it is not a matcher; write label="value", or !=, =~ or !~')
        label, value = (
            match[a] if match[a] is not None else match[b] for a, b in (("label", "quoted"), ("text", "bare"))
        )
        label, value = (_ESCAPED.sub(lambda m: "\n" if m[1] == "n" else m[1], part) for part in (label, value))
        found.append(LabelMatcher(label, match["op"], value))
        at = match.end()
    return found


def _items(field: Located | None, what: str) -> list[Located]:
    return field.items(what) if field else []


def _only(fields: Mapping[str, Located], known: tuple[str, ...], what: str) -> None:
    for key, value in fields.items():
        if key not in known:
            value.fault(f"{what} has the key {key!r}, which Alertmanager does not know")


def _receivers(field: Located | None) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for receiver in _items(field, "receivers"):
        fields = receiver.mapping("a receiver")
        name = fields["name"].text("name") if "name" in fields else ""
        if not name or name in found:
            receiver.fault(f"the receiver {name!r} is defined twice" if name else "the receiver has no name")
        configs = {key: value for key, value in fields.items() if key.endswith("_configs")}
        found[name] = tuple(key.removesuffix("_configs") for key, value in configs.items() if value.items(key))
    return found


def _root(field: Located) -> Route:
    lines: list[int] = []
    root = _route(field, "", lines, 0)
    if root.matchers:
        field.fault("the topmost route has matchers, but must match every alert")
    if not root.receiver:
        field.fault("the topmost route has no receiver")
    if len(lines) >= MAX_ROUTES:
        field.fault(f"it has more than {MAX_ROUTES} routes, or more than {MAX_LEVELS} within one another")
    return root


def _route(field: Located, receiver: str, read: list[int], level: int) -> Route:
    """Return a route with all below; ``read`` has the lines of all that were read, so that there is an end of them."""
    read += [field.line] if level < MAX_LEVELS else [0] * MAX_ROUTES
    fields = field.mapping("a route")
    _only(fields, _ROUTE_KEYS, "the route")
    for key in _DURATIONS:
        if key in fields:
            _check_duration(fields[key], key)
    own = fields["receiver"].text("receiver") if "receiver" in fields else ""
    below = [
        _route(each, own or receiver, read, level + 1)
        for each in _items(fields.get("routes"), "routes")
        if len(read) < MAX_ROUTES
    ]
    return Route(
        line=field.line,
        receiver=own or receiver,
        names_receiver=bool(own),
        matchers=_matchers(fields, {key: key for key in _MATCHING}),
        goes_on="continue" in fields and fields["continue"].text("continue").lower() in ("true", "yes", "on"),
        group_by=tuple(each.text("group_by") for each in _items(fields.get("group_by"), "group_by")),
        routes=tuple(below),
    )


def _check_duration(field: Located, key: str) -> None:
    try:
        prometheus_duration_s(field.text(key))
    except ValueError as exc:
        field.fault(f"{key}: {exc}")


def _inhibition(field: Located) -> Inhibition:
    fields = field.mapping("an inhibition")
    _only(fields, _INHIBITION_KEYS, "the inhibition")
    return Inhibition(
        line=field.line,
        source=_matchers(fields, _SIDE_KEYS["source"]),
        target=_matchers(fields, _SIDE_KEYS["target"]),
        equal=tuple(each.text("equal") for each in _items(fields.get("equal"), "equal")),
    )


def _matchers(fields: Mapping[str, Located], keys: Mapping[str, str]) -> tuple[LabelMatcher, ...]:
    """Return the matchers of a route or of one side of an inhibition, in the old syntax and in the new."""
    found: list[LabelMatcher] = []
    for key, op in (("match", "="), ("match_re", "=~")):
        written = fields[keys[key]].mapping(keys[key]) if keys[key] in fields else {}
        for label, value in written.items():
            if value.is_null:
                value.fault(f"the matcher of {label!r} has no value")
            found.append(LabelMatcher(label, op, value.text(label)))
    for each in _items(fields.get(keys["matchers"]), keys["matchers"]):
        text = each.text("a matcher")
        try:
            found += parse_matchers(text)
        except ValueError as exc:
            each.fault(f"{cut(text, 80)!r}: {exc}")
    return tuple(found)
