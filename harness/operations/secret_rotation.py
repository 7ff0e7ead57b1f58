"""Rotation records: how long ago each secret was replaced, held against how long it may be used."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence

from harness.model import Check, Finding, Outcome, SecretRef
from harness.model.config import Rotation

RECORDED = Check(
    id="recorded",
    item="secrets.rotated",
    summary="the rotation record of a secret",
    passed="Rotated the secret within its limit",
    failed="Did not rotate the secret within its limit",
    expected="a rotation record younger than its limit",
    source="OWASP Secrets Management Cheat Sheet, Rotation",
    fix="Replace the secret, revoke the old one, and write the day into [operations] secrets; correct a day in the "
    "future.",
)


def judge_records(records: Sequence[Rotation], used: Sequence[SecretRef], *, today: dt.date) -> list[Finding]:
    """Return one finding for each record, and for each secret in use that has none.

    ``used`` are the references elsewhere in harness.toml. A ``fresh:`` secret needs no record: it is new in every run.
    """
    recorded = {record.ref for record in records}
    findings = [_judge(record, today) for record in records]
    for ref in dict.fromkeys(used):
        if ref in recorded:
            continue
        if ref.kind == "fresh":
            findings.append(_finding(ref, Outcome.PASS, f"{ref} is new in every run", "made for this run"))
        else:
            line = f"secrets = [{{ ref = {json.dumps(ref)}, rotated_at = {today} }}]"
            findings.append(
                _finding(ref, Outcome.NOT_RUN, f"{ref} has no rotation record", f"add to [operations]: {line}")
            )
    return findings


def _judge(record: Rotation, today: dt.date) -> Finding:
    age, limit = (today - record.rotated_at).days, record.max_age / 86400
    observed = f"rotated on {record.rotated_at}, {age} days ago; it may be used for {limit:g} days"
    if age < 0:
        return _finding(record.ref, Outcome.FAIL, f"{record.ref} is recorded as rotated in the future", observed)
    if age > limit:
        return _finding(record.ref, Outcome.FAIL, f"{RECORDED.failed} ({record.ref})", observed)
    return _finding(record.ref, Outcome.PASS, f"{RECORDED.passed} ({record.ref})", observed)


def _finding(ref: SecretRef, outcome: Outcome, summary: str, observed: str) -> Finding:
    return RECORDED.finding(outcome, observed, summary=summary, case=str(ref))
