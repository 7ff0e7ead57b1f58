"""Files of Prometheus rules: plain groups, PrometheusRule objects, several documents; each rule with its lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from harness.core.foreign_files import read_file
from harness.core.yaml import UnreadableYamlError, YamlSyntaxError, compose_yaml
from harness.telemetry.promql import PromqlError, Query, parse
from harness.telemetry.promql.durations import prometheus_duration_s
from harness.telemetry.rules.located_yaml import Located, YamlFault

MAX_BYTES = 8 * 1024 * 1024
MAX_RULES = 20_000
"""Of one file; a file with aliases could have more than fit into memory."""
_GROUP_KEYS = ("name", "interval", "query_offset", "limit", "labels", "rules", "partial_response_strategy")
_RULE_KEYS = ("alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations")
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_TEMPLATE = re.compile(
    r"""^[ \t]*+\{%
    | ^[ \t]*+\{\{-?[ \t]*+(?:include|define)\b
    | \{\{-?\s*(?:include\s|tpl\s|\.(?:Values|Release|Chart|Capabilities)\b)
    | \{\{\s*`""",
    re.MULTILINE | re.VERBOSE,
)
"""Lines of Helm and Jinja, of which Prometheus expands none in annotations."""
_CONTROL = re.compile(r"^[ \t]*+\{\{-?[ \t]*+(?:(?:if|range|with|end|else|template)\b|/\*)(?!.*\$labels)", re.MULTILINE)
"""Lines of Helm that Prometheus expands in annotations too; there, within a text of several lines, the file is YAML."""
_PLACEHOLDER = re.compile(r"\{\{|\{%|\$\{|\$\(|<%|@@\w+@@")
"""In an expression, where PromQL has none of these."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """An alerting or a recording rule."""

    file: str
    """The file as it is shown."""
    line: int
    """The line on which it starts, from 1."""
    group: str
    alert: str = ""
    """Name of the alert; empty for a recording rule."""
    record: str = ""
    """Name of the series that it records; empty for an alert."""
    expr: str
    query: Query | None = None
    """The expression, parsed; None where it cannot be."""
    newer: str = ""
    """What in the expression only Prometheus 3 understands, where that is why it is not parsed."""
    for_s: float = 0.0
    keep_firing_for_s: float = 0.0
    labels: dict[str, str] = {}
    """With those of its group."""
    annotations: dict[str, str] = {}
    lines: dict[str, int] = {}
    """Lines of its keys, and of each label and annotation as ``labels.severity``."""

    @property
    def name(self) -> str:
        """Name of the alert, or of the series."""
        return self.alert or self.record

    @property
    def newer_names(self) -> frozenset[str]:
        """Its labels, or the name of its series, where only Prometheus 3 accepts them (UTF-8 names)."""
        names = [(name, _LABEL_NAME) for name in self.labels] + [(self.record, _METRIC_NAME)]
        return frozenset(f"the name {name!r}" for name, known in names if name and not known.fullmatch(name))

    def where(self, key: str = "") -> str:
        """Return file and line of the rule, or of one of its keys."""
        return f"{self.file}:{self.lines.get(key, self.line)}"


class RuleFile(msgspec.Struct, frozen=True, kw_only=True):
    """What a file contains."""

    path: Path
    name: str
    """The path as it is shown."""
    rules: tuple[Rule, ...] = ()
    faults: tuple[YamlFault, ...] = ()
    """Why Prometheus refuses it."""
    is_plain: bool = True
    """Whether it is as Prometheus itself reads it, not an object of Kubernetes."""
    template: str = ""
    """Why it is a template, which is not read; empty where it is none."""


def read_rules(path: Path, name: str = "") -> RuleFile:
    """Read a file of rules; whatever is wrong with it is in ``faults``."""
    name = name or str(path)
    try:
        content = read_file(path, MAX_BYTES)
    except OSError as exc:
        return _faulty(path, name, 0, f"it cannot be read: {exc.strerror}")
    text = content.decode("utf-8-sig", "replace")
    template = _marked(text, _TEMPLATE)
    try:
        documents = compose_yaml(content)
    except UnreadableYamlError as exc:
        template = template or _marked(text, _CONTROL)
        line = getattr(exc, "line", None) or 0
        reason = exc.problem if isinstance(exc, YamlSyntaxError) else str(exc)
        return RuleFile(path=path, name=name, template=template) if template else _faulty(path, name, line, reason)
    if template:
        return RuleFile(path=path, name=name, template=template)
    faults: list[YamlFault] = []
    located = [Located(document, faults) for document in documents]
    plain = ["groups" in document.fields() for document in located]
    if any(plain[1:]):
        located[plain.index(True, 1)].fault("Prometheus reads the first document of a file alone")
    rules = tuple(_rules(located, name, faults))
    return RuleFile(path=path, name=name, rules=rules, faults=tuple(faults), is_plain=plain[:1] == [True])


def recorded_names(files: Sequence[RuleFile]) -> set[str]:
    """Return the names of all series that rules record."""
    return {rule.record for file in files for rule in file.rules if rule.record}


def _marked(text: str, marks: re.Pattern[str]) -> str:
    """Return which line shows that a file is a template; empty where none does."""
    marked = marks.search(text)
    return f"line {text.count(chr(10), 0, marked.end()) + 1} is of a template" if marked else ""


def _faulty(path: Path, name: str, line: int, text: str) -> RuleFile:
    return RuleFile(path=path, name=name, faults=(YamlFault(line, text),))


def _rules(documents: list[Located], file: str, faults: list[YamlFault]) -> Iterator[Rule]:
    number, names = 0, set()
    groups = [group for document in documents for group in _groups(document)]
    if not groups and not faults:
        tests = any("tests" in document.fields() for document in documents)
        hint = "it is a test for promtool: name it in [telemetry.alerts] tests"
        faults.append(YamlFault(0, hint if tests else "it has no rules: neither `groups` nor a PrometheusRule object"))
    for group in groups:
        name = _group_name(group)
        if name in names:
            group.fault(f"the group {name!r} is in the file twice")
        names.add(name)
        shared = group.fields()["labels"].texts("labels") if "labels" in group.fields() else {}
        rules = group.fields().get("rules")
        for rule in rules.items("rules") if rules else ():
            number += 1
            if number > MAX_RULES:
                faults.append(YamlFault(0, f"it has more than {MAX_RULES} rules; the others are not read"))
                return
            if found := _rule(rule, file, name, shared):
                yield found


def _groups(document: Located) -> Iterator[Located]:
    """Yield the groups of a document: plain, of a PrometheusRule, or of several in a list of Kubernetes."""
    fields = document.fields()
    if "groups" in fields:
        yield from fields["groups"].items("groups")
    elif "spec" in fields and "groups" in fields["spec"].fields():
        yield from fields["spec"].fields()["groups"].items("groups")
    elif "items" in fields:
        for item in fields["items"].items("items"):
            spec = item.fields().get("spec")
            if spec and "groups" in spec.fields():
                yield from spec.fields()["groups"].items("groups")


def _group_name(group: Located) -> str:
    fields = group.mapping("a group")
    for key, value in fields.items():
        if key not in _GROUP_KEYS:
            value.fault(f"the group has the key {key!r}, which Prometheus does not know")
    if "interval" in fields:
        _duration(fields["interval"], "interval")
    name = fields["name"].text("name") if "name" in fields else ""
    if not name:
        group.fault("the group has no name")
    return name


def _rule(rule: Located, file: str, group: str, shared: dict[str, str]) -> Rule | None:
    """Return a rule, or None where it is none; records what Prometheus refuses."""
    fields = rule.mapping("a rule")
    for key, value in fields.items():
        if key not in _RULE_KEYS:
            value.fault(f"the rule has the key {key!r}, which Prometheus does not know")
    text = {key: fields[key].text(key) for key in ("alert", "record", "expr") if key in fields}
    if bool(text.get("alert")) is bool(text.get("record")):
        rule.fault("the rule needs either `alert` or `record`")
        return None
    if not text.get("expr", "").strip():
        rule.fault("the rule has no expression")
        return None
    labels, annotations = (fields[k].texts(k) if k in fields else {} for k in ("labels", "annotations"))
    for key in ("for", "keep_firing_for", "annotations"):
        if text.get("record") and key in fields:
            fields[key].fault(f"a recording rule has no `{key}`")
    query, newer = _parsed(fields["expr"], text["expr"])
    return Rule(
        file=file,
        line=rule.line,
        group=group,
        alert=text.get("alert", ""),
        record=text.get("record", ""),
        expr=text["expr"],
        query=query,
        newer=newer,
        for_s=_duration(fields.get("for"), "for"),
        keep_firing_for_s=_duration(fields.get("keep_firing_for"), "keep_firing_for"),
        labels=shared | labels,
        annotations=annotations,
        lines=_lines(fields),
    )


def _parsed(field: Located, expr: str) -> tuple[Query | None, str]:
    try:
        return parse(expr), ""
    except PromqlError as exc:
        if _PLACEHOLDER.search(expr):
            return None, "a placeholder of a template"
        if not exc.newer:
            field.fault(f"the expression is not PromQL: {exc}")
        return None, exc.newer


def _duration(field: Located | None, key: str) -> float:
    if field is None or field.is_null:
        return 0.0
    text = field.text(key)
    try:
        return prometheus_duration_s(text) if text else 0.0
    except ValueError as exc:
        if not _PLACEHOLDER.search(text):
            field.fault(f"{key}: {exc}")
        return 0.0


def _lines(fields: dict[str, Located]) -> dict[str, int]:
    lines = {key: value.line for key, value in fields.items()}
    for part in ("labels", "annotations"):
        inner = fields[part].fields() if part in fields else {}
        lines |= {f"{part}.{key}": value.line for key, value in inner.items()}
    return lines
