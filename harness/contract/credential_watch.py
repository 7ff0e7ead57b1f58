"""Whether the test credential still works: asked before and after each group of checks, judged when all have run."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from harness.contract.credential_forms import Credential
from harness.contract.credentials import ACCEPTS, Secured, status_of, succeeded
from harness.core.encodable import json_bytes
from harness.errors import CredentialLostError
from harness.http.credential_state import LOST, REFUSALS
from harness.model import Check, Finding, Outcome

FILES = "credential-*.json"
WATCHED = Check(
    id="watched",
    item=ACCEPTS,
    summary="the test credential, before and after each group of checks",
    passed="The test credential still worked after every group of checks",
    failed="The test credential no longer works",
    expected="HTTP 2xx after the checks, as before them",
    source="OWASP Authentication Cheat Sheet, Account Lockout",
    fix="See at the provider whether the account is locked, or the key revoked or replaced. If this run caused it, "
    "name the operation in [provider] exclude, or lower [provider] probes.",
)
_WEIGHTS = (Outcome.FAIL, Outcome.PASS, Outcome.NOT_APPLICABLE)
"""What the answers to one credential may come to; of several, the first of these is shown."""
_BY_THE_RUN = "The run itself may have caused it"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to the test credential."""

    at: float
    """Seconds of the clock that no one sets, which all processes of the machine share."""
    when: str
    """Before or after which group."""
    path: str
    status: int | None
    """None where no answer came."""
    works: bool


class CredentialWatch:
    """Asks, in any process of a run; what was answered lies in a file each, in the run's folder."""

    def __init__(self, folder: Path, secured: Secured, credential: Credential) -> None:
        self._folder = folder
        self._secured = secured
        self._credential = credential

    def ask(self, when: str) -> None:
        """Read with each credential, where something can be read; ``when`` names the moment, for the report."""
        for path, *_ in self._secured.reads_by_names.values():
            try:
                result = self._secured.read(path, self._secured.honest(path, self._credential))
            except CredentialLostError:
                return
            asked = Asked(at=time.monotonic(), when=when, path=path, status=status_of(result), works=succeeded(result))
            (self._folder / f"credential-{os.urandom(4).hex()}.json").write_bytes(json_bytes(asked))


def judge_watch(folder: Path, *, nothing: str) -> Finding:
    """Judge all that was asked; ``nothing`` is why nothing could be, for a run that asked nothing."""
    with suppress(OSError):
        lost = (folder / LOST).read_text(encoding="utf-8")
        return WATCHED.finding(Outcome.FAIL, lost, summary=lost.removesuffix(".")).named(
            ACCEPTS, WATCHED.id, "no longer works"
        )
    asked = sorted((msgspec.json.decode(p.read_bytes(), type=Asked) for p in folder.glob(FILES)), key=lambda a: a.at)
    if not asked:
        return WATCHED.finding(Outcome.NOT_APPLICABLE, nothing)
    judged = [_judged([each for each in asked if each.path == path]) for path in dict.fromkeys(a.path for a in asked)]
    by_weight = {outcome: [found for found in judged if found.outcome is outcome] for outcome in _WEIGHTS}
    return next(found[0] for found in by_weight.values() if found)


def _judged(asked: Sequence[Asked]) -> Finding:
    worked = next((n for n, each in enumerate(asked) if each.works), None)
    if worked is None:
        observed = f"GET {asked[0].path} was never answered with 2xx, so it shows nothing"
        return WATCHED.finding(Outcome.NOT_APPLICABLE, observed)
    lost = next((each for each in asked[worked:] if each.status in REFUSALS), None)
    if lost is not None and not asked[-1].works:
        observed = f"GET {lost.path} answered {lost.status} {lost.when}, and 2xx {asked[worked].when}. {_BY_THE_RUN}"
        return WATCHED.finding(Outcome.FAIL, observed).named(ACCEPTS, WATCHED.id, "no longer works")
    return WATCHED.finding(Outcome.PASS, f"GET {asked[0].path}, asked {len(asked)} times")
