"""`secrets.never-logged`: every known secret searched for in everything the run wrote or was made of."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from harness.core.foreign_files import open_file, pieces_of
from harness.model import Check, Finding, Outcome
from harness.model.config import Auth, Basic, ClientCredentials
from harness.secrets import Leak, Leaks, Scanner
from harness.secrets.forms import MIN_CHARS

NEVER_LOGGED = Check(
    id="never-logged",
    item="secrets.never-logged",
    summary="every known secret, searched for in all that the run wrote",
    passed="No known secret appears in what the run wrote",
    failed="A known secret appears in what the run wrote",
    expected="no known secret, in any encoding, in logs, spans, error bodies, cassettes and fixtures of this run",
    source="CWE-532",
    fix="Take the value out where it is written: log names of credentials, never credentials.",
)


TOO_SHORT = (
    f"A value of fewer than {MIN_CHARS} characters appears by chance, so a search for it proves nothing. Use "
    f"credentials of {MIN_CHARS} characters or more."
)
UNREAD = "Some logs, files or telemetry exports could not be searched"


def readable(paths: Iterable[Path]) -> tuple[list[Path], list[str]]:
    """Return the files that can be read, and why the others cannot."""
    found, lost = [], []
    for path in paths:
        try:
            open_file(path).close()
            found.append(path)
        except OSError as exc:
            lost.append(f"{path.name}: {exc.strerror}")
    return found, lost


def scan_files(scanner: Scanner, paths: Iterable[Path], *, root: Path) -> Leaks:
    """Return the leaks in all files, named relative to ``root`` where they lie below it."""
    leaks = Leaks()
    for path in paths:
        place = path.relative_to(root) if path.is_relative_to(root) else path
        leaks.add(scanner.scan_file(path, str(place)))
    return leaks


def judge_leaks(
    *,
    leaks: Sequence[Leak],
    canaries: Collection[str] | None,
    began_at: float = math.inf,
    logs: Sequence[Path],
    scanned: int,
    unsearchable: Sequence[str],
    lost: Sequence[str] = (),
) -> list[Finding]:
    """Return whether any secret leaked, and whether the search could have found it.

    A log is of this run if it was opened or written since ``began_at``, in seconds since the epoch, as the output of
    each process is that the harness starts, or if it contains one of ``canaries``: ids of events that this run
    delivered, which show that even where the clock of another machine is behind. They are None where the target has no
    receiver. ``logs`` are the log files, ``scanned`` is the
    number of all files searched, ``unsearchable`` names secrets that are too short; ``lost`` has the reasons
    why files or exports of telemetry could not be searched, or not to their ends.
    """
    if leaks:
        return [_leaked(secret, place, found) for (secret, place), found in _grouped(leaks).items()]
    if lost:
        what = "; ".join(lost)
        return [_finding(Outcome.ERROR, UNREAD, what)]
    if not logs:
        what = "Add their files to [operations] logs in harness.toml, or let the harness start the processes."
        return [_finding(Outcome.NOT_RUN, "No log file is known, so none was searched", what)]
    if unsearchable:
        names = ", ".join(unsearchable)
        return [_finding(Outcome.ERROR, f"Too short to be searched for: {names}", TOO_SHORT)]
    if unproven := _not_of_this_run(logs, canaries, began_at):
        return [_finding(Outcome.ERROR, "Could not check whether the logs are those of this run", unproven)]
    return [_finding(Outcome.PASS, NEVER_LOGGED.passed, _searched(scanned, logs, canaries, began_at))]


def _searched(scanned: int, logs: Sequence[Path], canaries: Collection[str] | None, began_at: float) -> str:
    """Return what was searched, and of each log what shows that it is of this run, or that nothing does."""
    signs: dict[str, list[str]] = {sign: [] for sign in _SIGNS}
    for path in logs:
        signs[_sign(path, canaries or (), began_at)].append(path.name)
    shown = [f"{sign} {', '.join(names)}" for sign, names in signs.items() if sign and names]
    return "; ".join([f"{scanned} files searched, {len(logs)} of them logs", *shown])


_SIGNS = ("an event id of this run is in", "written in this run:", "nothing was written to", "of an earlier time:")


def _sign(path: Path, canaries: Collection[str], began_at: float) -> str:
    with_id, written, empty, earlier = _SIGNS
    if not path.stat().st_size:
        return empty
    if _holds(path, canaries):
        return with_id
    return written if path.stat().st_mtime >= began_at else earlier


def too_short(unsearchable: Sequence[str], auths: Collection[Auth]) -> tuple[str, ...]:
    """Return which of the values that are too short to be searched for are secrets.

    The user name of Basic credentials is none where its password can be searched for, nor is a client's id where its
    secret can be. Where it cannot, the name may be the secret, as with an API that takes its key as user name.
    """
    pairs = [(a.client_id, str(a.client_secret)) for a in auths if isinstance(a, ClientCredentials)]
    pairs += [(a.username, str(a.password)) for a in auths if isinstance(a, Basic)]
    names = {name for name, secret in pairs if secret not in unsearchable}
    return tuple(each for each in unsearchable if each not in names)


def _not_of_this_run(logs: Sequence[Path], canaries: Collection[str] | None, began_at: float) -> str:
    """Return why nothing proves that the logs were written in this run; empty where something does."""
    if any(path.stat().st_mtime >= began_at or _holds(path, canaries or ()) for path in logs):
        return ""
    names = ", ".join(path.name for path in logs)
    ids = f", nor the id of an event that it delivered, such as {next(iter(canaries))}" if canaries else ""
    return f"{names}: no line was written in this run{ids}. Name the right files in [operations] logs."


def _grouped(leaks: Sequence[Leak]) -> dict[tuple[str, str], list[Leak]]:
    groups: dict[tuple[str, str], list[Leak]] = defaultdict(list)
    for leak in leaks:
        groups[leak.secret, leak.place].append(leak)
    return groups


def _leaked(secret: str, place: str, found: Sequence[Leak]) -> Finding:
    first = min(found, key=lambda leak: leak.line)
    forms = ", ".join(sorted({leak.form for leak in found}))
    where = f"{place}:{first.line}" if first.line else place
    summary = f"{NEVER_LOGGED.failed}: {secret} in {where} ({forms})"
    subject = f"{secret} in {Path(place).name if Path(place).is_absolute() else place}"
    return NEVER_LOGGED.finding(
        Outcome.FAIL, f"encoding: {forms}", summary=summary, case="", subject=subject, cause=NEVER_LOGGED.failed
    )


def _finding(outcome: Outcome, summary: str, observed: str) -> Finding:
    return NEVER_LOGGED.finding(outcome, observed, summary=summary, case="")


def _holds(path: Path, texts: Collection[str]) -> bool:
    """Whether a file holds one of ``texts``; read in overlapping pieces, as logs can be large."""
    if not texts:
        return False
    wanted = re.compile(b"|".join(re.escape(text.encode()) for text in texts))
    most = max(len(text.encode()) for text in texts)
    tail = b""
    for piece in pieces_of(path, 1 << 20):
        if wanted.search(tail + piece):
            return True
        tail = piece[-most:] if most else b""
    return False
