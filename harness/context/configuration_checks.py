"""What harness.toml must hold beyond the types of its keys; each refusal names the key and what to write."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from harness.errors import ConfigurationError, SecretError, nearest
from harness.http.address import public_url
from harness.model import SecretRef
from harness.model.config import Absent, Configuration, Environment
from harness.model.signals import FAULTS
from harness.model.strict import where_is
from harness.model.struct_types import fields_of, inside, is_struct, kinds_of


def check_configuration(
    config: Configuration, references: tuple[tuple[str, SecretRef], ...], directory: Path, names: str
) -> None:
    """Raise `ConfigurationError` for the first key whose value contradicts another, or means nothing.

    ``references`` are the secret references with their keys, and ``names`` the files, for the message.
    """
    _check_references(config, references, names)
    for check in (_check_faults, _check_absent, _check_ends, _check_items, _check_series, _check_rotations):
        check(config, names)
    _check_processes(config, directory, names)
    if malformed := config.malformed_url():  # the value is not repeated: it may hold a password
        raise ConfigurationError(
            f"{names}: {where_is(malformed)} is not a URL that can be called. Write http://HOST:PORT/PATH, or https.",
            key=malformed,
        )
    if (provider := config.provider) and provider.auth and public_url(provider.base_url) != provider.base_url:
        raise ConfigurationError(
            f"{names}: [provider] base_url has a user and password, and [provider] auth is set: a request carries one "
            "of them. Remove them from base_url, or remove auth.",
            key=("provider", "base_url"),
        )


def _check_references(config: Configuration, references: tuple[tuple[str, SecretRef], ...], names: str) -> None:
    _check_fresh(config, references, names)
    _check_previous(config, references, names)


def _check_fresh(config: Configuration, references: tuple[tuple[str, SecretRef], ...], names: str) -> None:
    fresh = next((key for key, ref in references if ref.kind == "fresh"), None)
    if fresh and not config.process:
        raise SecretError(
            f"{names}: {fresh} is a fresh: secret, which only processes started by the harness can know. "
            "Add a [process.NAME] section, or refer to the secret as env:NAME or file:PATH."
        )


def _check_previous(config: Configuration, references: tuple[tuple[str, SecretRef], ...], names: str) -> None:
    credentials = {ref for key, ref in references if key.startswith("[provider] auth.")}
    for record in config.operations.secrets if config.operations else ():
        if record.previous and record.ref not in credentials:
            raise ConfigurationError(
                f"{names}: [operations] secrets: {record.ref} has a `previous`, but is not a credential of "
                "[provider] auth. The harness can test only of those that the old one is refused. Remove the key."
            )


def last_day_of_waivers(config: Configuration) -> dt.date:
    """Return the last day on which a waiver may end that is written today (UTC)."""
    within_d = min(config.target.waivers_within // 86_400, (dt.date.max - dt.date(3000, 1, 1)).days)
    return dt.datetime.now(tz=dt.UTC).date() + dt.timedelta(days=within_d)


def _check_ends(config: Configuration, names: str) -> None:
    """Refuse waivers, and declared skips, whose end nobody will see."""
    last = last_day_of_waivers(config)
    ends: list[tuple[tuple[str, ...], dt.date]] = []
    ends += [(("waiver", str(n), "expires"), waiver.expires) for n, waiver in enumerate(config.waiver)]
    ends += [(("target", "skips", str(n), "expires"), skip.expires) for n, skip in enumerate(config.target.skips)]
    for key, end in ends:
        if end > last:
            raise ConfigurationError(
                f"{names}: {where_is(key)} is {end}, later than {last}: gaps "
                'are accepted for a year. Name an earlier day, or allow more: [target] waivers_within = "730d".',
                key=key,
            )


def _check_items(config: Configuration, names: str) -> None:
    """Refuse items of the team that need a key which does not exist, or concern a part that nothing declares."""
    for number, item in enumerate(config.item):
        where = ("item", str(number))
        for key in item.needs:
            if not _is_key(key):
                raise ConfigurationError(
                    f"{names}: {where_is((*where, 'needs'))}: {key!r} is no key of harness.toml, so nothing reads it. "
                    f"{_nearest_key(key)}",
                    key=(*where, "needs"),
                )
        for part in item.concerns:
            if part not in Absent.__struct_fields__:
                raise ConfigurationError(
                    f"{names}: {where_is((*where, 'concerns'))}: {part!r} is no part that [target.absent] declares. "
                    f"{nearest(part, Absent.__struct_fields__)}",
                    key=(*where, "concerns"),
                )


def _is_key(dotted: str) -> bool:
    kind: Any = Configuration
    for step in dotted.split("."):
        kind = inside(kind, step)
    return kind is not None


def _nearest_key(dotted: str) -> str:
    """Return the nearest names beside the first step of a dotted key that does not exist."""
    steps, kind = dotted.split("."), Configuration
    for number, step in enumerate(steps):
        if (below := inside(kind, step)) is None:
            known = [f.encode_name for k in kinds_of(kind) if is_struct(k) for f in fields_of(k)]
            return nearest(".".join(steps[: number + 1]), [".".join([*steps[:number], name]) for name in known])
        kind = below
    return ""


def _check_series(config: Configuration, names: str) -> None:
    if config.telemetry is None or not config.telemetry.series:
        return
    from harness.telemetry.metrics import MOVEMENTS  # a parser of its own, which takes a while to import

    known = [movement.id for movement in MOVEMENTS]
    for name, series in config.telemetry.series.items():
        key = ("telemetry", "series", name)
        if name not in known:
            raise ConfigurationError(f"{names}: {where_is(key)}: nothing reads it. {nearest(name, known)}", key=key)
        if not series.strip():
            raise ConfigurationError(
                f"{names}: {where_is(key)} is empty: write its series, or remove the key.", key=key
            )


def _check_rotations(config: Configuration, names: str) -> None:
    tomorrow = dt.datetime.now(tz=dt.UTC).date() + dt.timedelta(days=1)  # where it begins first
    for number, record in enumerate(config.operations.secrets if config.operations else ()):
        if record.rotated_at > tomorrow:
            key = ("operations", "secrets", str(number), "rotated_at")
            raise ConfigurationError(
                f"{names}: {where_is(key)} is {record.rotated_at}, which is to come: the secret would never be old. "
                "Write the day of its last rotation.",
                key=key,
            )


def _check_absent(config: Configuration, names: str) -> None:
    """Refuse a declaration that the rest of the configuration contradicts."""
    webhooks = config.provider.webhooks if config.provider else None
    contradictions = (
        ("receiver", "[receiver]", config.receiver),
        ("webhooks", "[receiver]", config.receiver),
        ("webhooks", "[provider.webhooks]", webhooks),
        ("client", "[client]", config.client),
        ("telemetry", "[telemetry]", config.telemetry),
    )
    for part, section, present in contradictions:
        if present is not None and getattr(config.target.absent, part):
            raise ConfigurationError(
                f"{names}: [target.absent] {part} declares that the integration has none, and {section} describes it. "
                "Remove one of the two.",
                key=("target", "absent", part),
            )


def _check_processes(config: Configuration, directory: Path, names: str) -> None:
    """Refuse a folder that does not exist, and commands that would stop a receiver in production."""
    if config.receiver and config.receiver.stop and config.target.environment is Environment.PRODUCTION:
        raise ConfigurationError(
            f"{names}: [receiver] stop: the environment is production, where the harness stops nothing. "
            "Remove stop and start, or run on staging.",
            key=("receiver", "stop"),
        )
    for name, process in config.process.items():
        if process.cwd and not (directory / process.cwd).is_dir() and "{" not in process.cwd:  # a placeholder
            raise ConfigurationError(
                f"{names}: {where_is(('process', name, 'cwd'))}: {process.cwd!r} is not a folder. "
                "Write its path relative to the folder of harness.toml.",
                key=("process", name, "cwd"),
            )


def _check_faults(config: Configuration, names: str) -> None:
    telemetry = config.telemetry
    if telemetry is None:
        return
    for fault in telemetry.shown_by:
        _require_fault(fault, f"{names}: {where_is(('telemetry', 'shown_by'))}")
    for alert, cause in telemetry.alerts.fires.items() if telemetry.alerts else ():
        where = f"{names}: {where_is(('telemetry', 'alerts', 'fires', alert))}"
        if isinstance(cause, str):
            _require_fault(cause, where, " A command is a list: its program, then its arguments.")
        elif not cause:
            raise ConfigurationError(f"{where}: the command is empty. List its program, then its arguments.")


def _require_fault(fault: str, where: str, hint: str = "") -> None:
    if fault not in FAULTS:
        raise ConfigurationError(f"{where}: {fault!r} is not a fault. {nearest(fault, FAULTS)}{hint}")
