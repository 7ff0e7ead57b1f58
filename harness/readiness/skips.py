"""Skipped scenarios: which are declared, and which declarations are wrong themselves."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from harness.model import DeclaredSkip, Outcome, Problem, SkippedTest

_LISTED = 20
"""Skipped tests that one problem lists; the report has all of them."""


def matches(glob: str, test: str) -> bool:
    """Whether a glob of node ids matches one; brackets stand for themselves, as parametrised tests write them.

    A file that was skipped as a whole is matched by the globs of its tests too.
    """
    pattern = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in glob)
    return any(re.fullmatch(pattern, name, re.DOTALL) for name in (test, f"{test}::"))


def declaration(test: str, declared: Iterable[DeclaredSkip], today: dt.date) -> DeclaredSkip | None:
    """Return the declaration that accepts on ``today`` that a test is skipped; None for none."""
    return next((skip for skip in declared if today <= skip.expires and matches(skip.test, test)), None)


def accepted(skipped: Iterable[SkippedTest], declared: Sequence[DeclaredSkip], today: dt.date) -> list[SkippedTest]:
    """Return the skipped tests, each once and with its declaration, in the order of their names."""
    once = {test.test: test for test in skipped}
    return [msgspec.structs.replace(once[name], declared=declaration(name, declared, today)) for name in sorted(once)]


def problems(
    skipped: Sequence[SkippedTest], declared: Sequence[DeclaredSkip], today: dt.date, *, complete: bool
) -> Iterator[Problem]:
    """Yield what keeps a run from READY: tests skipped without a declaration, and declarations that hold no more.

    In a run that is not ``complete``, that nothing matches a declaration shows nothing.
    """
    if undeclared := [test for test in skipped if test.declared is None]:
        were = "scenario was" if len(undeclared) == 1 else "scenarios were"
        lines = [f"{test.test}: {test.reason or 'no reason given'}" for test in undeclared[:_LISTED]]
        lines += [f"and {more} more"] if (more := len(undeclared) - _LISTED) > 0 else []
        text = (
            f"{len(undeclared)} {were} skipped, or failed as expected, without a declaration. Let them run, or declare "
            "them under [target] skips, as harness waive --skip GLOB does."
        )
        yield Problem(outcome=Outcome.ERROR, text="\n".join([text, *lines]))
    for skip in declared:
        if skip.expires < today:
            text = f"expired on {skip.expires}. Let the tests run, or renew the entry with a new reason."
            yield Problem(outcome=Outcome.FAIL, text=f"The entry {skip.test!r} of [target] skips {text}")
        elif complete and not any(matches(skip.test, test.test) for test in skipped):
            text = "accepts nothing: no test that it matches was skipped. Delete it from harness.toml."
            yield Problem(outcome=Outcome.FAIL, text=f"The entry {skip.test!r} of [target] skips {text}")
