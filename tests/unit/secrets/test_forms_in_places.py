"""Thirty forms of a secret in every place where an output could have it."""

from __future__ import annotations

import gzip
import io
import json
import shlex
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.core.cutting import cut, cut_before
from harness.core.output import Output, RedactedStream
from harness.model import Finding, Outcome, Problem, Verdict
from harness.model.report import Report
from harness.readiness.admission import Admission
from harness.readiness.checklist import shipped
from harness.reports import FORMATS, terminal
from harness.secrets import Vault
from harness.secrets.redaction.redactor import Redactor
from tests.conftest import ReportOf
from tests.unit.secrets.secret_forms import FORMS, new_secret, reveals

VALUE = new_secret()
NAME = "env:THE_KEY"
FIELDS = ("summary", "expected", "observed", "fix", "reproduce", "request", "subject", "case", "cause", "note", "test")
WHERE = "conftest.py"


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    """One known value."""
    made = Vault(seed="", root=tmp_path_factory.mktemp("root"))
    made.add(NAME, VALUE)
    return made


def _url(redactor: Redactor, text: str) -> str:
    return redactor.uri(f"https://api.example/x?q={text}")


def _multipart(redactor: Redactor, text: str) -> bytes:
    body = f'--b\r\nContent-Disposition: form-data; name="note"\r\n\r\n{text}\r\n--b--\r\n'.encode()
    return redactor.body(body, media_type="multipart/form-data; boundary=b")


MESSAGES: Mapping[str, Callable[[Redactor, str], object]] = {
    "cassette URL": _url,
    "cassette header": lambda redactor, text: redactor.headers({"x-note": text})["x-note"],
    "form body": lambda r, text: r.body(f"a=1&note={text}".encode(), media_type="application/x-www-form-urlencoded"),
    "JSON body": lambda r, text: r.body(json.dumps({"note": text}).encode(), media_type="application/json"),
    "plain body": lambda redactor, text: redactor.body(text.encode(), media_type="text/plain"),
    "multipart body": _multipart,
    "gzip body": lambda r, text: gzip.decompress(r.body(gzip.compress(text.encode()), coding="gzip")),
    "text of an error": lambda redactor, text: redactor.text(text),
}


def outputs(report: Report, admitted: Finding) -> Iterator[tuple[str, str]]:
    """Yield every format of a report, and its findings as they travel between processes."""
    for name, render in FORMATS.items():
        yield name, render(report)
    yield "terminal", "\n".join(text for text, _ in terminal.lines(report, written="x", verbosity=2))
    yield "finding as JSON", admitted.to_json()


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_in_any_form_reaches_no_report(form: str, vault: Vault, report_of: ReportOf) -> None:
    """In no field of a finding, no problem, no format; an independent search finds nothing."""
    text = f"before {FORMS[form](VALUE)} behind"
    admission = Admission(shipped(), vault.redact)
    given: dict[str, Any] = dict.fromkeys(FIELDS, text)
    admitted = admission.admit(Finding(item="webhooks.ack", outcome=Outcome.FAIL, **given), WHERE)

    assert reveals(text, VALUE), "the search itself"
    assert [field for field in FIELDS if reveals(getattr(admitted, field), VALUE)] == []

    report = report_of(Verdict.NOT_READY)
    items = tuple(
        msgspec.structs.replace(item, outcome=Outcome.FAIL, findings=(admitted,)) if item.id == admitted.item else item
        for item in report.items
    )
    problems = (Problem(outcome=Outcome.FAIL, text=text),)
    report = admission.redacted(msgspec.structs.replace(report, problems=problems, items=items))
    written = dict(outputs(report, admitted))
    assert [place for place, output in written.items() if reveals(output, VALUE, 2)] == []
    assert [place for place, output in written.items() if "REDACTED" not in output] == []


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_in_any_form_reaches_no_cassette(form: str, vault: Vault) -> None:
    """Wherever it is in a request or response; what is around it remains."""
    text = f"before {FORMS[form](VALUE)} behind"
    for place, redacted in MESSAGES.items():
        output = redacted(Redactor(vault.redact_whole), text)
        shown = output if isinstance(output, str | bytes) else str(output)
        assert not reveals(shown, VALUE), place


def _printed(vault: Vault, pieces: Sequence[str], *, as_bytes: bool = False) -> str:
    """Return what a command prints that writes some texts, one after another."""
    inner, output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline=""), Output()
    output.learn(vault)
    stream = RedactedStream(inner, output)
    for piece in pieces:
        if as_bytes:
            stream.buffer.write(piece.encode())
        else:
            stream.write(piece)
        stream.flush()
    stream.finish()
    inner.seek(0)
    return inner.read()


PRINTED: Mapping[str, Callable[[Vault, str], str]] = {
    "line of a command": lambda vault, text: _printed(vault, [f"{text}\n"]),
    "bytes of a command": lambda vault, text: _printed(vault, [text], as_bytes=True),
    "line in two pieces": lambda vault, text: _printed(vault, [text[: len(text) // 2], text[len(text) // 2 :]]),
    "tail of a log": lambda vault, text: vault.redact(cut_before(text, len(text) * 2 // 3)),
    "message that is cut": lambda vault, text: vault.redact(cut(text, len(text) * 2 // 3)),
    "warning": lambda vault, text: _printed(vault, [warnings.formatwarning(text, UserWarning, "test_x.py", 1)]),
    "traceback": lambda vault, text: _printed(vault, traceback.format_exception(ValueError(text))),
    "curl line": lambda vault, text: vault.redact(shlex.join(["curl", "--data", text])),
}
"""What commands such as deliver, record, replay and gate print passes one stream, in one piece or several."""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", PRINTED)
def test_a_secret_in_any_form_is_not_printed(place: str, form: str, vault: Vault) -> None:
    """Whole, in pieces, and cut."""
    shown = PRINTED[place](vault, f"before {FORMS[form](VALUE)} behind")

    assert not reveals(shown, VALUE)
    assert "before" in shown or "behind" in shown
    # What is compressed cannot be recognised, by anybody, without its beginning.
    assert "REDACTED" in shown or place == "tail of a log"


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_in_any_form_is_found_in_a_log(form: str, vault: Vault, tmp_path: Path) -> None:
    """With its line, once; it is cut out exactly, without what is around it."""
    text = f"first line\n before {FORMS[form](VALUE)} behind\nlast line"
    log = tmp_path / "app.log"
    log.write_text(text, encoding="utf-8", newline="")

    leaks = vault.scanner().scan_file(log, "app.log")
    redacted = vault.redact_whole(text)

    assert [(leak.secret, leak.line) for leak in leaks] == [(NAME, 2)]
    assert redacted.startswith("first line\n before ")
    assert redacted.endswith(" behind\nlast line")
    assert f"[REDACTED {NAME}]" in redacted
