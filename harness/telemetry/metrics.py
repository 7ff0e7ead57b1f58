"""Metrics in the Prometheus text format: series by selector, and whether they move when provoked."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping

import httpx
import msgspec
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from harness.core.cutting import cut
from harness.errors import ConfigurationError, ProbeError, one_line
from harness.http.client import read_bounded
from harness.model import Check, Finding, Outcome

ITEM = "observability.metrics"
POLL_S = 0.05
MAX_BYTES = 4 << 20
"""Of one scrape: some 40,000 samples, which take about five seconds to read."""
MAX_LINE = 64 << 10
"""Characters of one line; a longer one takes quadratic time to read."""
WITHIN_S = 10.0
"""For one scrape: Prometheus' own default of ``scrape_timeout``."""
_QUOTED = 200
_OTHERS = 3
"""Series that are named beside the one that did not increase."""
_SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\s*(?:\{(.*)\})?")
_LABEL = re.compile(r'\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')


class Selector(msgspec.Struct, frozen=True):
    """A series as PromQL names it: ``name{label="value"}``, equality only."""

    name: str
    labels: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Selector:
        """Read a selector; raises `ConfigurationError` with the form it must have."""
        match = _SELECTOR.fullmatch(text.strip())
        inner = (match[2] or "") if match else ""
        labels = _LABEL.findall(inner)
        if match is None or _LABEL.sub("", inner).strip():
            raise ConfigurationError(
                f'harness.toml: [telemetry] series: {text!r} is not a series. Write name or name{{label="value"}}.'
            )
        return cls(match[1], tuple(labels))

    def value(self, samples: Samples) -> float | None:
        """Return the sum over all samples that carry these labels, None when there is none."""
        wanted = dict(self.labels).items()
        found = [v for labels, v in samples.get(self.name, ()) if wanted <= labels.items()]
        return sum(found) if found else None


Samples = Mapping[str, list[tuple[dict[str, str], float]]]
"""Samples by name, each with its labels and value."""


class Exposed(msgspec.Struct, frozen=True):
    """What the target exposed over one exercise."""

    before: Samples | None
    """After good traffic, with no fault since its start; None where nobody saw it."""
    after: Samples
    """After the last fault."""


class Movement(Check, frozen=True, kw_only=True):
    """One row: a series that must move when something is provoked; its id is a key in ``[telemetry] series``."""

    item: str = ITEM
    expected: str = "a series that exists from the start and then grows"
    source: str = "Prometheus: Avoid missing metrics (export the series with 0 first)"
    fix: str = "Register the counter with 0 when the process starts, and increase it each time this happens."
    provoked_by: str
    """What is done to make it move."""
    needs: tuple[str, ...] = ("receiver.url",)
    """Keys of harness.toml without which it cannot be done."""


def _movement(movement_id: str, provoked_by: str, counted: str, needs: tuple[str, ...] = ("receiver.url",)) -> Movement:
    return Movement(
        id=movement_id,
        summary=f"the series that counts {counted}",
        passed=f"Counted {counted}",
        failed=f"Did not count {counted}",
        provoked_by=provoked_by,
        needs=needs,
    )


MOVEMENTS: tuple[Movement, ...] = (
    _movement("delivered", "a genuine webhook delivery", "a genuine webhook delivery"),
    _movement("rejected", "a delivery signed with the wrong secret", "a delivery with a wrong signature"),
    _movement("duplicate", "the same event delivered twice", "a repeated delivery of one event"),
    _movement("dead_letter", "an event that cannot be processed", "an event that cannot be processed"),
    _movement("retried", "a 429 to the client's first call", "a retry after a 429", ("client.command",)),
)


def read_metrics(client: httpx.Client, url: str) -> str:
    """Scrape once, with at most `MAX_BYTES` within `WITHIN_S` seconds; raises `ProbeError` naming ``url``."""
    try:
        response = read_bounded(client, url, max_bytes=MAX_BYTES, within_s=WITHIN_S)
    except httpx.TransportError as exc:
        raise _no_metrics(url, one_line(exc)) from exc
    if not response.is_success:
        raise _no_metrics(url, f"HTTP {response.status_code}")
    return response.text


def _no_metrics(url: str, reason: str) -> ProbeError:
    return ProbeError(
        f"harness.toml: [telemetry] metrics: {url} returned no metrics: {reason}. Does the target serve them there, "
        f"in at most {MAX_BYTES >> 20} MiB and within {WITHIN_S:g} s?"
    )


def parse_families(text: str, where: str) -> list[Metric]:
    """Read the Prometheus text format with the type of each metric; raises `ProbeError` naming ``where``."""
    try:
        _require_short_lines(text)
        return list(text_string_to_metric_families(text))
    except (ValueError, IndexError) as exc:
        reason = cut(one_line(exc), _QUOTED)
        raise ProbeError(f"[telemetry] metrics: {where} is not in the Prometheus text format: {reason}.") from exc


def parse_samples(text: str, where: str) -> Samples:
    """Read the Prometheus text format; raises `ProbeError` naming ``where``."""
    samples: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in parse_families(text, where):
        for sample in family.samples:
            samples.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
    return samples


def _require_short_lines(text: str) -> None:
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > MAX_LINE:
            raise ValueError(f"line {number} has more than {MAX_LINE >> 10} Ki characters")


class Metrics:
    """The integration's metrics endpoint, and what it showed before anything was provoked."""

    def __init__(self, url: str, fetch: Callable[[str], str], *, baseline: str | None = None) -> None:
        """``fetch`` gets the text at a URL; ``baseline`` is the text as of the target's start, if it was seen."""
        self.url = url
        self._fetch = fetch
        self._baseline = baseline

    def now(self) -> Samples:
        """Scrape."""
        return parse_samples(self._fetch(self.url), self.url)

    def first(self) -> Samples:
        """Return the samples as of the target's start, or else as of now."""
        return self.now() if self._baseline is None else parse_samples(self._baseline, self.url)

    def judge(
        self,
        movement: Movement,
        selector: Selector,
        provoke: Callable[[], str],
        *,
        within_s: float,
        reproduce: str,
    ) -> Finding:
        """Provoke, and return whether the series existed before and increased afterwards.

        ``provoke`` returns why the provocation failed, or an empty text.
        """
        if selector.value(self.first()) is None:
            seen = f"{selector_text(selector)} does not exist before the first one, which rate() then misses"
            return movement.finding(Outcome.FAIL, seen, reproduce=reproduce)
        samples = self.now()
        before = selector.value(samples) or 0.0
        if failed := provoke():
            failure = f"{movement.provoked_by} could not be provoked: {failed}"
            return movement.finding(Outcome.ERROR, failure, reproduce=reproduce)
        deadline = time.monotonic() + within_s
        while (after := selector.value(latest := self.now()) or 0.0) <= before and time.monotonic() < deadline:
            time.sleep(POLL_S)
        outcome = Outcome.PASS if after > before else Outcome.FAIL
        observed = f"{selector_text(selector)}: {before:g} before, {after:g} after"
        if outcome is Outcome.FAIL and (others := _grown(selector.name, samples, latest)):
            observed += f"; what grew is {', '.join(others[:_OTHERS])}"
        return movement.finding(outcome, observed, reproduce=reproduce)


def _grown(name: str, before: Samples, after: Samples) -> list[str]:
    """Return the series of a metric that increased."""
    values = {tuple(sorted(labels.items())): value for labels, value in before.get(name, ())}
    return [
        selector_text(Selector(name, tuple(labels.items())))
        for labels, value in after.get(name, ())
        if value > values.get(tuple(sorted(labels.items())), 0.0)
    ]


def selector_text(selector: Selector) -> str:
    """Return the selector as it is written."""
    labels = ",".join(f'{k}="{v}"' for k, v in selector.labels)
    return f"{selector.name}{{{labels}}}" if labels else selector.name
