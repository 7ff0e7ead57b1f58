"""Checks of recordings, as rows: calls, use, age, orphans, the current provider, and secrets in them."""

from __future__ import annotations

from harness.model import Check

_RECORDED = "workflow.recorded"
_REWRITE = "Record it again with pytest --harness-mode=rewrite, and commit the cassette."

UNRECORDED = Check(
    id="unrecorded",
    item=_RECORDED,
    summary="the calls of a scenario that plays from its cassette",
    passed="Every call of the scenario is recorded",
    failed="A call of the scenario is not recorded",
    expected="every call of the scenario is recorded",
    source="the cassette",
    fix=_REWRITE,
)
UNUSED = Check(
    id="unused",
    item=_RECORDED,
    summary="the recordings that a scenario does not ask for",
    passed="The scenario uses every recording of its cassette",
    failed="The scenario does not use every recording of its cassette",
    expected="the scenario requests everything that was recorded",
    source="the cassette",
    fix=_REWRITE,
)
EXPIRED = Check(
    id="expired",
    item=_RECORDED,
    summary="the age of a cassette",
    passed="The cassette is younger than [cassettes] max_age",
    failed="The cassette is older than [cassettes] max_age",
    expected="at most [cassettes] max_age since it was recorded",
    source="[cassettes] max_age",
    fix=_REWRITE,
)
ORPHANED = Check(
    id="orphaned",
    item=_RECORDED,
    summary="the scenario of a cassette",
    passed="A scenario plays the cassette",
    failed="No scenario plays the cassette, or it cannot be read",
    expected="every recording is readable, and belongs to a scenario",
    source="the cassettes folder",
    fix="Delete a cassette that no scenario plays any more, and record again one that cannot be read.",
)
CHANGED = Check(
    id="changed",
    item=_RECORDED,
    summary="live responses beside the recorded ones (--harness-mode=verify)",
    passed="Live responses match the recorded ones",
    failed="A live response differs from the recorded one",
    expected="the live response has the fields, types and values of the recording ([cassettes] volatile aside)",
    source="the cassette",
    fix="Compare the two. Adapt the scenario and record it again, or name what changes with every call in [cassettes] "
    "volatile.",
)
SECRET_FREE = Check(
    id="recordings",
    item="secrets.never-logged",
    summary="every cassette, searched for what a redaction would still take out",
    passed="The cassette contains no secret",
    failed="The cassette contains a secret",
    expected="no secret in a recording",
    source="CWE-540",
    fix="Rotate the secret if it is real, then record again, or run harness convert FILE FILE --rewrite.",
)
CHECKS = (UNRECORDED, UNUSED, EXPIRED, ORPHANED, CHANGED, SECRET_FREE)
