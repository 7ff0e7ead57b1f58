"""Reading a dashboard's file: panels in rows, collapsed or not, library panels, annotations and variables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.core.foreign_files import read_file
from harness.telemetry.dashboards.dashboard import Dashboard, Panel, PanelTarget
from harness.telemetry.dashboards.dashboard_forms import Fields, NoDashboardError, classic_form, entries, fields, text
from harness.telemetry.dashboards.data_sources import EXPRESSION, DataSources
from harness.telemetry.dashboards.located_json import UnreadableJsonError, check_size, line_of, read_located_json
from harness.telemetry.dashboards.variables import read_variable


def read_dashboards(paths: Iterable[Path], root: Path) -> tuple[Dashboard, ...]:
    """Read each file; one that cannot be read is a `Dashboard` with its ``problem``. Paths are shown from ``root``."""
    return tuple(_read(path, str(path.relative_to(root)) if path.is_relative_to(root) else str(path)) for path in paths)


def _read(path: Path, shown: str) -> Dashboard:
    try:
        check_size(path.stat().st_size)
        return parse_dashboard(read_file(path), shown)
    except UnreadableJsonError as exc:
        return Dashboard(file=shown, problem=str(exc))
    except OSError as exc:
        return Dashboard(file=shown, problem=f"it cannot be read: {exc.strerror or type(exc).__name__}")


def parse_dashboard(data: bytes, file: str) -> Dashboard:
    """Read one dashboard from the bytes of its file."""
    try:
        document = classic_form(read_located_json(data))
    except UnreadableJsonError as exc:
        return Dashboard(file=file, problem=str(exc), problem_line=exc.line)
    except NoDashboardError as exc:
        return Dashboard(file=file, problem=str(exc))
    sources = DataSources(document)
    inputs = [i | {"query": i.get("value")} for i in entries(document.get("__inputs")) if i.get("type") == "constant"]
    variables = [*inputs, *entries(fields(document.get("templating")).get("list"))]
    return Dashboard(
        file=file,
        title=text(document.get("title")),
        panels=tuple(_panel(panel, sources) for panel in _with_elements(document)),
        annotations=tuple(_annotations(document, sources)),
        variables={text(v.get("name")): read_variable(v, sources) for v in variables},
    )


def _with_elements(document: Fields) -> Iterator[Fields]:
    """Yield all panels; of a library panel that the file contains (``__elements``), the panel itself."""
    stored = document.get("__elements")
    elements = entries(list(stored.values()) if isinstance(stored, dict) else stored)
    models = {text(element.get("uid")): fields(element.get("model")) for element in elements}
    for panel in _panels(document):
        model = models.get(text(fields(panel.get("libraryPanel")).get("uid")))
        yield model or panel


def _panels(holder: Fields) -> Iterator[Fields]:
    """Yield the panels of a dashboard or a row, without those that Grafana copied to repeat one: it renews these."""
    for row in entries(holder.get("rows")):
        yield from _panels(row)
    for panel in entries(holder.get("panels")):
        if panel.get("type") == "row" or "panels" in panel:
            yield from _panels(panel)
        if panel.get("type") != "row" and (panel.get("repeat") or not panel.get("repeatPanelId")):
            yield panel


def _panel(panel: Fields, sources: DataSources) -> Panel:
    targets = entries(panel.get("targets"))
    library = fields(panel.get("libraryPanel"))
    calculates = any(sources.of_target(target, panel).type == EXPRESSION for target in targets)
    return Panel(
        title=text(panel.get("title")),
        line=line_of(panel.get("title")),
        targets=tuple(_target(target, panel, sources, hidden=not calculates) for target in targets),
        library=(text(library.get("name")) or text(library.get("uid")) or "unnamed") if library and not targets else "",
    )


def _target(target: Fields, panel: Fields, sources: DataSources, *, hidden: bool) -> PanelTarget:
    expr = target.get("expr")
    return PanelTarget(
        ref_id=text(target.get("refId")),
        expr=text(expr),
        line=line_of(expr),
        source=sources.of_target(target, panel),
        legend=text(target.get("legendFormat")) if target.get("format") != "table" else "",
        hidden=hidden and target.get("hide") is True,
    )


def _annotations(document: Fields, sources: DataSources) -> Iterator[Panel]:
    for annotation in entries(fields(document.get("annotations")).get("list")):
        asked = fields(annotation.get("target")) | {k: v for k, v in annotation.items() if k in ("expr", "datasource")}
        if not annotation.get("builtIn") and isinstance(asked.get("expr"), str):
            name = annotation.get("name")
            target = _target(asked, annotation, sources, hidden=False)
            yield Panel(title=text(name), line=line_of(name), targets=(target,))
