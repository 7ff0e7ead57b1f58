"""What enters the report, and what is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from harness.errors import FindingError
from harness.model import Finding, Level, Mode, Outcome
from harness.model.finding import Member
from harness.model.signals import FaultSignals, Signal, SignalMatrix
from harness.readiness.admission import MAX_CHARS, Admission
from harness.readiness.checklist import shipped

WHERE = "the hook of conftest.py"
TEXTS = [f.name for f in msgspec.structs.fields(Finding) if f.type is str and f.name != "item"]


@pytest.fixture
def admission() -> Admission:
    return Admission(shipped(), lambda text: text.replace("s3cret", "[REDACTED]"))


def finding(**fields: Any) -> Finding:
    return Finding(**{"item": "webhooks.ack", "outcome": Outcome.FAIL, "summary": "late", **fields})


@pytest.mark.parametrize("field", TEXTS)
def test_every_text_is_redacted_and_cut(admission: Admission, field: str) -> None:
    """No field of a finding carries a secret into the report, or more than it may."""
    admitted = getattr(admission.admit(finding(**{field: "s3cret" + "x" * MAX_CHARS}), WHERE), field)

    assert admitted.startswith("[REDACTED]")
    assert len(admitted) == MAX_CHARS


NESTED: dict[str, dict[str, Any]] = {
    "aliases": {"aliases": ("F-s3cret",)},
    "called": {"called": ("GET /s3cret",)},
    "members": {"members": (Member(id="F-1", check="c", subject="s3cret", observed="s3cret", reproduce="s3cret"),)},
}


@pytest.mark.parametrize("fields", NESTED.values(), ids=NESTED.keys())
def test_texts_within_a_field_are_redacted_too(admission: Admission, fields: dict[str, Any]) -> None:
    """Whatever a finding is made of, also what later versions add to it."""
    assert "s3cret" not in admission.admit(finding(**fields), WHERE).to_json()


def test_whatever_becomes_a_part_of_the_report_is_redacted(admission: Admission) -> None:
    """Keys too; what holds no secret is left as it is, and so are the members of enumerations."""
    matrix = SignalMatrix(rows=(FaultSignals(fault="s3cret", shown={Signal.LOG: ("s3cret",)}),))

    assert b"s3cret" not in msgspec.json.encode(admission.redacted(matrix))
    assert admission.redacted(clean := SignalMatrix(rows=())) is clean
    assert Admission(shipped(), lambda text: text.replace("log", "[REDACTED]")).redacted(matrix) == matrix


def test_admitting_twice_changes_nothing(admission: Admission) -> None:
    """A finding is admitted by the process that made it, and once more by the controller."""
    once = admission.admit(finding(observed="s3cret " * 500), WHERE)

    assert admission.admit(once, WHERE) == once
    assert admission.admit_json(once.to_json(), WHERE) == once


@pytest.mark.parametrize(
    "given, says",
    [
        (finding(item="webhooks.akc"), "no checklist item is called 'webhooks.akc'. Did you mean 'webhooks.ack'?"),
        (finding(outcome=Outcome.WAIVED), "a finding cannot be 'waived'. Add a [[waiver]] to harness.toml instead."),
        (finding(outcome="failed"), "is not valid: Invalid enum value 'failed'"),
        (finding(level="shall"), "is not valid: Invalid enum value 'shall'"),
        (finding(mode="offline"), "is not valid: Invalid enum value 'offline'"),
        (finding(observed=404), "is not valid: Expected `str`, got `int` - at `$.observed`"),
        (finding(observed=object()), "is not valid: Encoding objects of type object is unsupported"),
        (finding(item=None), "is not valid: Expected `str`, got `null` - at `$.item`"),
        (None, "NoneType is not a finding. Make a harness.Finding, and attach it with the fixture `findings`"),
        ({"item": "webhooks.ack", "outcome": "fail"}, "dict is not a finding."),
        (Finding, "StructMeta is not a finding."),
    ],
)
def test_what_is_no_valid_finding_is_refused_by_name(admission: Admission, given: Any, says: str) -> None:
    """The error names where it comes from, what is wrong, and the nearest right thing."""
    with pytest.raises(FindingError) as raised:
        admission.admit(given, WHERE)

    assert str(raised.value).startswith(WHERE)
    assert says in str(raised.value)
    assert raised.value.failed is (getattr(given, "outcome", None) is Outcome.FAIL)


@pytest.mark.parametrize("text", ["garbage", "[]", "{}", b"\xff", 3, '{"item": 1}', '"s3cret'])
def test_what_is_no_json_of_a_finding_is_refused(admission: Admission, text: object) -> None:
    """A property of the same name that something else made is an error, and not a crash."""
    with pytest.raises(FindingError, match="is not the JSON of a finding") as raised:
        admission.admit_json(text, WHERE)

    assert "s3cret" not in str(raised.value)


def test_every_text_of_a_matrix_is_redacted_and_cut(admission: Admission) -> None:
    """What showed a fault, and why one was not caused or a signal not observed."""
    long = "s3cret" + "x" * MAX_CHARS
    rows = (FaultSignals(fault="forged", not_caused=long, shown={Signal.LOG: (long, "plain")}, declared=(Signal.LOG,)),)
    text = msgspec.json.encode(SignalMatrix(rows=rows, unobserved={Signal.SPAN: long})).decode()

    matrix = admission.admit_signals(text, WHERE)
    cut = ("[REDACTED]" + "x" * MAX_CHARS)[: MAX_CHARS - 1] + "…"
    assert matrix.unobserved == {Signal.SPAN: cut}
    (row,) = matrix.rows
    assert (row.fault, row.not_caused, row.shown, row.declared) == (
        "forged", cut, {Signal.LOG: (cut, "plain")}, (Signal.LOG,)
    )  # fmt: skip


@pytest.mark.parametrize(
    "text", ["garbage", "{}", '{"rows": [{"fault": "forged", "shown": {"smell": []}}]}', None, "\ud800"]
)
def test_what_is_no_matrix_is_refused_by_name(admission: Admission, text: object) -> None:
    """The error names where it comes from, and what to use."""
    with pytest.raises(
        FindingError, match=r"^the hook of conftest.py: its property is not .* fixture `signal_matrix`\.$"
    ):
        admission.admit_signals(text, WHERE)


def test_plain_strings_become_what_they_name(admission: Admission) -> None:
    """A check may write 'fail' for Outcome.FAIL; the report holds one kind of value."""
    admitted = admission.admit(finding(outcome="fail", level="should", mode="recorded"), WHERE)

    assert (admitted.outcome, admitted.level, admitted.mode) == (Outcome.FAIL, Level.SHOULD, Mode.RECORDED)
    assert isinstance(admitted.outcome, Outcome)


def test_text_that_utf8_cannot_carry_is_written_out(admission: Admission) -> None:
    """Half a surrogate pair, as undecoded bytes leave it, breaks no report."""
    assert "saw \\udcff" in admission.admit(finding(observed="saw \udcff"), WHERE).to_json().replace("\\\\", "\\")
