"""What the harness asks of a Prometheus: its HTTP API, versions 2 and 3 (prometheus.io, Querying: HTTP API)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import httpx
import msgspec

from harness.core.cutting import cut
from harness.errors import MonitoringError
from harness.telemetry.monitoring.monitoring_client import ERROR_CHARS, MonitoringClient

T = TypeVar("T")
SINCE = {"/api/v1/rules": "2.4", "/api/v1/alerts": "2.4", "/api/v1/targets": "2.1", "/api/v1/alertmanagers": "2.0"}
"""Versions of Prometheus that introduced an endpoint; its changelog."""
BEFORE_BUILDINFO = "older than 2.14"


class QueriedSeries(msgspec.Struct, frozen=True, kw_only=True):
    """One series of an answer to a query."""

    labels: dict[str, str]
    points: tuple[tuple[float, float], ...]
    """Unix seconds and value, of a native histogram its count; of an instant query only one."""


class ActiveAlert(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One alert that is pending or firing."""

    labels: dict[str, str]
    annotations: dict[str, str] = {}
    state: str
    """``pending`` or ``firing``."""
    active_at: dt.datetime | None = None
    value: str = ""
    """Value of the rule's expression when it was last evaluated, as text."""

    @property
    def name(self) -> str:
        """Its alertname."""
        return self.labels.get("alertname", "")


class LoadedRule(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One rule that a Prometheus evaluates."""

    name: str
    type: str
    """``alerting`` or ``recording``."""
    query: str
    duration: float = 0.0
    """Seconds of ``for``."""
    keep_firing_for: float = 0.0
    """Seconds; Prometheus answers with it since 2.42."""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    state: str = ""
    """``inactive``, ``pending`` or ``firing``; empty for a recording rule."""
    health: str = "unknown"
    """``ok``, ``err``, or ``unknown`` before its first evaluation."""
    last_error: str = ""
    alerts: tuple[ActiveAlert, ...] = ()


class RuleGroup(msgspec.Struct, frozen=True, kw_only=True):
    """One group of rules."""

    name: str
    file: str
    interval: float = 0.0
    """Seconds between two evaluations."""
    rules: tuple[LoadedRule, ...] = ()


class ScrapeTarget(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One endpoint that a Prometheus scrapes."""

    labels: dict[str, str]
    scrape_url: str
    health: str
    """``up``, ``down``, or ``unknown`` before its first scrape."""
    last_error: str = ""


# Go writes an empty list as null in places: each list of an answer may be None.


class _Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    status: str
    data: msgspec.Raw = msgspec.Raw(b"null")
    error: str = ""
    error_type: str = ""


class _Result(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    result_type: str
    result: Any


class _AnswerSeries(msgspec.Struct, frozen=True, kw_only=True):
    metric: dict[str, str] = {}
    value: tuple[float, str] | None = None
    values: tuple[tuple[float, str], ...] = ()
    histogram: tuple[float, dict[str, Any]] | None = None
    histograms: tuple[tuple[float, dict[str, Any]], ...] = ()


class _GroupsData(msgspec.Struct, frozen=True):
    groups: tuple[RuleGroup, ...] | None = None


class _AlertsData(msgspec.Struct, frozen=True):
    alerts: tuple[ActiveAlert, ...] | None = None


class _TargetsData(msgspec.Struct, frozen=True, rename="camel"):
    active_targets: tuple[ScrapeTarget, ...] | None = None


class _AlertmanagersData(msgspec.Struct, frozen=True, rename="camel"):
    active_alertmanagers: tuple[dict[str, str], ...] | None = None


class PrometheusApi:
    """Asks one Prometheus. Every method raises `MonitoringError`, which names the URL, the reason and the remedy."""

    def __init__(
        self, url: str, client: httpx.Client, *, where: str = "[telemetry.alerts] prometheus", token: str = ""
    ) -> None:
        """``client`` sends the requests, which keeps to the allow-list of the run; ``token`` is a bearer token."""
        self.server = MonitoringClient("Prometheus", url, client, where=where, token=token)

    def query(self, expression: str, *, at: float | None = None) -> tuple[QueriedSeries, ...]:
        """Evaluate an expression now, or at a time in Unix seconds; a range selector gives its raw samples."""
        moment = {} if at is None else {"time": f"{at:.3f}"}
        return self._queried("/api/v1/query", {"query": expression, **moment})

    def query_range(self, expression: str, start: float, end: float, step_s: float) -> tuple[QueriedSeries, ...]:
        """Evaluate an expression at every step between two times in Unix seconds."""
        params = {"query": expression, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step_s:g}"}
        return self._queried("/api/v1/query_range", params)

    def alerts(self) -> tuple[ActiveAlert, ...]:
        """Return the alerts that are pending or firing."""
        return self._data("/api/v1/alerts", _AlertsData).alerts or ()

    def rules(self) -> tuple[RuleGroup, ...]:
        """Return the rules that are loaded, by group."""
        return self._data("/api/v1/rules", _GroupsData).groups or ()

    def targets(self) -> tuple[ScrapeTarget, ...]:
        """Return what is scraped."""
        return self._data("/api/v1/targets", _TargetsData, {"state": "active"}).active_targets or ()

    def alertmanagers(self) -> tuple[str, ...]:
        """Return the URLs of the Alertmanagers to which alerts are sent."""
        found = self._data("/api/v1/alertmanagers", _AlertmanagersData).active_alertmanagers
        return tuple(entry.get("url", "") for entry in found or ())

    def label_values(self, label: str, match: Sequence[str] = ()) -> tuple[str, ...]:
        """Return the values of a label, in all series or in those that a selector of ``match`` names."""
        return self._data(f"/api/v1/label/{label}/values", tuple[str, ...], {"match[]": match} if match else None)

    def version(self) -> str:
        """Return the version, such as ``2.42.0``."""
        response = self.server.get("/api/v1/status/buildinfo")
        if response.status_code == 404:
            return BEFORE_BUILDINFO
        return str(self._opened(response, dict[str, Any]).get("version", ""))

    def _queried(self, path: str, params: Mapping[str, str]) -> tuple[QueriedSeries, ...]:
        answer = self._data(path, _Result, params)
        try:
            return _series(answer)
        except (msgspec.ValidationError, ValueError, TypeError):
            raise MonitoringError(
                f"{self.server.name} answered a query with a {answer.result_type} of unknown form: {params['query']}."
            ) from None

    def _data(self, path: str, kind: type[T], params: Mapping[str, str | Sequence[str]] | None = None) -> T:
        response = self.server.get(path, params)
        if response.status_code == 404 and path in SINCE:
            raise self.server.too_old(path, SINCE[path])
        return self._opened(response, kind)

    def _opened(self, response: httpx.Response, kind: type[T]) -> T:
        """Return the data of an answer, which an error has none of."""
        answer = self.server.decoded(response, _Envelope)
        if answer.status != "success":
            error = cut(f"{answer.error_type or answer.status}: {answer.error}", ERROR_CHARS)
            query = response.request.url.params.get("query")
            asked = f" for {cut(query, ERROR_CHARS)}" if query else f" for {response.request.url.path}"
            raise MonitoringError(f"{self.server.name} reported an error{asked}: {error}.")
        try:
            return msgspec.json.decode(answer.data, type=kind)
        except (msgspec.DecodeError, RecursionError):
            raise self.server.foreign(response) from None


def _series(answer: _Result) -> tuple[QueriedSeries, ...]:
    if answer.result_type in {"scalar", "string"}:
        moment, value = answer.result
        points = ((float(moment), float(value)),) if answer.result_type == "scalar" else ()
        return (QueriedSeries(labels={}, points=points),)
    found = msgspec.convert(answer.result or (), tuple[_AnswerSeries, ...])
    return tuple(QueriedSeries(labels=series.metric, points=_points(series)) for series in found)


def _points(series: _AnswerSeries) -> tuple[tuple[float, float], ...]:
    values = series.values or ((series.value,) if series.value else ())
    histograms = series.histograms or ((series.histogram,) if series.histogram else ())
    counts = ((moment, float(histogram.get("count", "nan"))) for moment, histogram in histograms)
    return (*((moment, float(value)) for moment, value in values), *counts)
