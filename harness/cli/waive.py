"""`harness waive`: write waivers for what failed in the last report."""

from __future__ import annotations

import datetime as dt
import hashlib
import json as plain_json
import re
import tempfile
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import click
import msgspec

from harness.cli.json_output import json_option, print_json
from harness.cli.say import say
from harness.cli.skip_entries import require_tables, skip_entries, table_of
from harness.context.configuration_checks import last_day_of_waivers
from harness.context.target import Target, load_target
from harness.core.configuration_home import configuration_file, section_of
from harness.core.dates import duration_s
from harness.core.files import write_atomically
from harness.core.foreign_files import read_file
from harness.core.toml import read_toml
from harness.errors import ConfigurationError, HarnessError
from harness.model import DeclaredSkip, Finding, ItemResult, Outcome, Report, Waiver
from harness.model.finding import EXCUSABLE
from harness.readiness.evaluate import today
from harness.reports import json

_TABLE = re.compile(rb"(?m)^[ \t]*\[\[(?:tool\.harness\.)?(?:waiver|target\.skips)\]\]")
_WRITTEN = ({"waiver"}, {"target"}, {"waiver", "target"})


@click.command()
@click.option("--item", "items", metavar="GLOB", multiple=True, help="Items whose findings are waived; repeatable.")
@click.option("--id", "ids", metavar="ID", multiple=True, help="Findings that are waived; repeatable.")
@click.option("--skip", "globs", metavar="GLOB", multiple=True, help="Scenarios that may be skipped; repeatable.")
@click.option("--owner", metavar="NAME", default="", help="Who answers for the waivers; not needed for --skip alone.")
@click.option("--expires", metavar="DATE", required=True, help="Last day: 2027-01-31, or a duration such as 90d.")
@click.option("--reason", metavar="TEXT", required=True, help="Why the gap is accepted.")
@click.option("--reports", metavar="DIR", default="reports", show_default=True, help="Folder with readiness.json.")
@click.option("--target", "overlay", metavar="NAME", help="Overlay of the gate: waivers go into harness.NAME.toml.")
@click.option("--dry-run", is_flag=True, help="Print the waivers, and write nothing.")
@json_option
def waive(
    items: tuple[str, ...],
    ids: tuple[str, ...],
    globs: tuple[str, ...],
    owner: str,
    expires: str,
    reason: str,
    reports: str,
    overlay: str | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Waive what failed in the last report.

    Writes a waiver for each finding to the end of harness.toml, or of the overlay of --target. Without --item and --id:
    for all that failed. What could not be checked or was not run is waived only where --id names it, or --item names
    its item exactly. With --skip alone, it declares scenarios that were skipped, under [target] skips.
    """
    alone = bool(globs) and not (items or ids)
    if not (owner.strip() or alone):
        raise click.UsageError("Missing option '--owner'.")
    target = load_target(Path.cwd(), overlay=overlay)
    *_, file = files = _files(Path.cwd(), overlay)
    report = _report(Path.cwd() / reports, target, files)
    until = last_day(expires, today(), last_day_of_waivers(target.config))
    wanted = _wanted([] if alone else chosen(report, items, ids), owner, reason, until)
    skips = skip_entries(report, globs, target.config.target.skips, reason=reason, expires=until)
    require_tables(file.read_bytes(), target.config.target.skips, skips)
    fresh = _not_yet(target, wanted)
    if not dry_run:
        _append(file, [*_tables(fresh, skips, file)], overlay)
    left = [] if alone else list(_left(report, wanted, items, ids))
    if as_json:
        print_json({"file": file.name, "written": not dry_run, "waivers": fresh, "skips": skips, "not_waived": left})
        return
    done = f"{'would be written' if dry_run else 'written'} to {file.name}"
    counts = [] if alone else [_count("waivers", len(fresh), len(wanted), done)]
    counts += [_count("skips", len(skips), len(globs), done)] if globs else []
    say("\n".join((*_lines(fresh, skips, left), *counts)))


def _count(what: str, new: int, asked: int, done: str) -> str:
    return f"{new} {what} {done}; {asked - new} were there already."


def _not_yet(target: Target, wanted: Sequence[Waiver]) -> list[Waiver]:
    known = {(w.item, w.finding) for w in target.config.waiver if w.expires >= today()}
    return [waiver for waiver in wanted if (waiver.item, waiver.finding) not in known]


def _files(here: Path, overlay: str | None) -> list[Path]:
    """Return the files that the target was read from; the last is the one to add to."""
    base = configuration_file(here)
    return [*([base] if base else []), *([here / f"harness.{overlay}.toml"] if overlay else [])]


def _tables(waivers: Sequence[Waiver], skips: Sequence[DeclaredSkip], file: Path) -> Iterator[str]:
    """Yield what is added to a file, under the names that its tables have there."""
    within = "".join(f"{step}." for step in section_of(file))
    yield from (_table(waiver, within) for waiver in waivers)
    yield from (table_of(skip, within) for skip in skips)


def _lines(waivers: Sequence[Waiver], skips: Sequence[DeclaredSkip], left: Sequence[str]) -> Iterator[str]:
    yield from (f"{w.finding or 'all findings'} of {w.item}, until {w.expires}" for w in waivers)
    yield from (f"skips of {skip.test}, until {skip.expires}" for skip in skips)
    yield from (f"Not waived, as no finding with an id failed: {name}. Name it: --item {name}" for name in left)


def _wanted(chosen: Sequence[tuple[str, str]], owner: str, reason: str, expires: dt.date) -> list[Waiver]:
    return [Waiver(item=item, finding=finding, owner=owner, reason=reason, expires=expires) for item, finding in chosen]


def last_day(text: str, now: dt.date, latest: dt.date) -> dt.date:
    """Return the day that ``--expires`` names; raises `ConfigurationError` unless it is from ``now`` to ``latest``."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        try:
            day = now + dt.timedelta(seconds=duration_s(text))
        except (ValueError, OverflowError):
            raise ConfigurationError(
                f"harness waive: --expires {text!r} is neither a date nor a duration. Write 2027-01-31 or 90d."
            ) from None
    if not now <= day <= latest:
        raise ConfigurationError(
            f"harness waive: --expires {text} is {day}, which is past, or later than {latest}. Name a day between, or "
            "allow more with [target] waivers_within."
        )
    return day


def chosen(report: Report, globs: Sequence[str], ids: Sequence[str]) -> list[tuple[str, str]]:
    """Return item and id of each finding to waive, and an item alone where only its exact name can waive it.

    Raises `ConfigurationError` for an option that chooses nothing.
    """
    failed = {(i.id, f.id): None for i in report.items if i.outcome in EXCUSABLE for f in _waivable(i)}
    failed |= {(i.id, f.id): None for i in report.items for f in i.findings if f.id in ids and f.outcome in EXCUSABLE}
    failed |= {(i.id, each): None for i in report.items for f in _waivable(i) for each in f.ids if each in ids}
    found = {key: None for key in failed if not (globs or ids) or key[1] in ids or _matches(key[0], globs)}
    whole = {(i.id, ""): None for i in report.items if i.id in globs and i.outcome in EXCUSABLE and not _waivable(i)}
    empty = [f"--id {i}" for i in ids if i not in {key[1] for key in failed}]
    empty += [
        f"--item {g}" for g in globs if not any(fnmatchcase(i.id, g) for i in report.items if i.outcome in EXCUSABLE)
    ]
    if empty:
        raise ConfigurationError(
            f"harness waive: {', '.join(empty)}: nothing of that name failed in the last report. See harness explain."
        )
    return list(found | whole)


def _waivable(item: ItemResult) -> list[Finding]:
    return [f for f in item.findings if f.outcome is Outcome.FAIL and f.id]


def _matches(item: str, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(item, glob) for glob in globs)


def _left(report: Report, wanted: Sequence[Waiver], globs: Sequence[str], ids: Sequence[str]) -> Iterator[str]:
    """Yield the blockers that were asked for, and that no waiver of a finding can excuse."""
    covered = {waiver.item for waiver in wanted}
    for item in report.blockers:
        asked = _matches(item.id, globs) or not (globs or ids)
        if asked and item.id not in covered and not _waivable(item):
            yield item.id


def _report(reports: Path, target: Target, files: Sequence[Path]) -> Report:
    """Return the last report; raises `ConfigurationError` for none, or for one of another harness.toml."""
    path = reports / "readiness.json"
    try:
        report = json.read(read_file(path))
    except (OSError, msgspec.MsgspecError):
        raise ConfigurationError(
            f"harness waive: there is no readable report {path}. Run harness gate first, or name its folder: --reports."
        ) from None
    *below, written = (file.read_bytes() for file in files)
    digests = _digests(b"".join(below), written)
    if report.target.name != target.summary.name or report.target.config_digest not in digests:
        raise ConfigurationError(
            f"harness waive: {path} is of another {target.summary.config}, or of one before it was changed. "
            "Run harness gate again. For an overlay, name the --target of that gate."
        )
    return report


def _digests(below: bytes, content: bytes) -> Iterator[str]:
    """Yield the digest of a file laid over ``below``, and of what it was before waivers were added to its end."""
    yield hashlib.sha256(below + content).hexdigest()
    for table in _TABLE.finditer(content):
        before, rest = content[: table.start()], content[table.start() :]
        added = read_toml(rest.decode())
        added = added.get("tool", {}).get("harness", {}) if set(added) == {"tool"} else added
        if set(added) in _WRITTEN and set(added.get("target", {})) <= {"skips"}:
            while True:
                yield hashlib.sha256(below + before).hexdigest()
                if not before.endswith((b"\n", b"\r")):
                    break
                before = before[:-1]


def _append(path: Path, tables: Sequence[str], overlay: str | None) -> None:
    """Add tables to a file of the configuration; what cannot be loaded afterwards is not written.

    Raises `HarnessError` where the file cannot be written.
    """
    if not tables:
        return
    content = path.read_bytes()
    end = "\r\n" if b"\r\n" in content else "\n"
    text = "".join(f"\n{table}" for table in tables)
    gap = b"" if not content or content.endswith(b"\n") else end.encode()
    changed = content + gap + text.replace("\n", end).encode()
    try:
        with tempfile.TemporaryDirectory() as folder:
            for beside in path.parent.iterdir():  # which harness.toml may name
                if beside.name != path.name:
                    (Path(folder) / beside.name).symlink_to(beside)
            (Path(folder) / path.name).write_bytes(changed)
            load_target(Path(folder), overlay=overlay)
        write_atomically(path, changed)
    except OSError as exc:
        raise HarnessError(
            f"{path} could not be written: {exc.strerror}. It is as it was. Check space and permissions, and run the "
            "command again."
        ) from exc


def _table(waiver: Waiver, within: str) -> str:
    finding = f"finding = {plain_json.dumps(waiver.finding)}\n" if waiver.finding else ""
    texts = {name: plain_json.dumps(getattr(waiver, name), ensure_ascii=False) for name in ("item", "reason", "owner")}
    return (
        f"[[{within}waiver]]\nitem = {texts['item']}\n{finding}reason = {texts['reason']}\nowner = {texts['owner']}\n"
        f"expires = {waiver.expires}\n"
    )
