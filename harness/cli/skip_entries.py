"""`harness waive --skip`: entries of ``[target] skips`` for scenarios that were skipped in the last report."""

from __future__ import annotations

import datetime as dt
import json as plain_json
import re
from collections.abc import Sequence

from harness.errors import ConfigurationError
from harness.model import DeclaredSkip, Report
from harness.readiness.skips import matches

_TABLE = re.compile(rb"(?m)^[ \t]*\[\[(?:tool\.harness\.)?target\.skips\]\]")


def skip_entries(
    report: Report, globs: Sequence[str], known: Sequence[DeclaredSkip], *, reason: str, expires: dt.date
) -> list[DeclaredSkip]:
    """Return an entry for each of ``globs`` that is not ``known``; raises `ConfigurationError` where one is wrong."""
    skipped = [test.test for test in report.skips]
    if empty := [glob for glob in globs if not any(matches(glob, test) for test in skipped)]:
        raise ConfigurationError(
            f"harness waive: --skip {empty[0]}: no scenario of that name was skipped in the last report."
        )
    written = {skip.test for skip in known if skip.expires >= dt.datetime.now(tz=dt.UTC).date()}
    return [DeclaredSkip(test=glob, reason=reason, expires=expires) for glob in globs if glob not in written]


def table_of(skip: DeclaredSkip, within: str) -> str:
    """Return an entry as a table of harness.toml, or of the section ``within`` of another file."""
    test, reason = (plain_json.dumps(text, ensure_ascii=False) for text in (skip.test, skip.reason))
    return f"[[{within}target.skips]]\ntest = {test}\nreason = {reason}\nexpires = {skip.expires}\n"


def require_tables(content: bytes, known: Sequence[DeclaredSkip], skips: Sequence[DeclaredSkip]) -> None:
    """Raise `ConfigurationError` where the file has ``skips`` as a list in one place, to which nothing can be added."""
    if skips and known and not _TABLE.search(content):
        test, reason = (plain_json.dumps(text, ensure_ascii=False) for text in (skips[0].test, skips[0].reason))
        raise ConfigurationError(
            "harness waive: harness.toml has [target] skips as one list, to which only you can add. Add there: "
            f"{{ test = {test}, reason = {reason}, expires = {skips[0].expires} }}"
        )
