"""Any text in a test, a finding or a warning, any encoding of the output, any verbosity: always a verdict."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from harness.model import Verdict

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

BAD = r"a\ud800b\udfffc\x00d\x1b[31mred\x07\x85\u2028\u202e\r\nX\ufffe"
FAILS = (
    '''
import logging, sys, warnings
import pytest
from harness import Finding
from harness.model import Outcome

BAD = "{bad}"

@pytest.mark.verifies("own.backup")
@pytest.mark.parametrize("text", [BAD, "\\x01"], ids=["\\ud800\\x01", BAD])
def test_name(text):
    """\\ud800 in a docstring."""
    assert text == "x"

@pytest.mark.verifies("own.backup")
def test_exception():
    raise ValueError(BAD)

def test_finding(findings):
    for outcome in ("pass", "fail", "error", "not_run", "not_applicable"):
        names = ("summary", "expected", "observed", "source", "fix", "request", "reproduce", "check", "case")
        findings.add(Finding(item="own.backup", outcome=Outcome(outcome), **{{name: BAD for name in names}}))

def test_unknown_item(findings):
    findings.add(Finding(item=BAD, outcome=Outcome.FAIL, summary=BAD))

def test_output(record_property):
    record_property(BAD, BAD)
    print(BAD.replace("\\ud800", "").replace("\\udfff", ""))
    logging.getLogger("x").error(BAD)
    warnings.warn(BAD)
    raise SystemExit(BAD)

def test_skipped():
    pytest.skip(BAD)

@pytest.mark.xfail(reason=BAD)
def test_expected():
    assert 0

@pytest.fixture
def broken():
    yield
    raise RuntimeError(BAD)

def test_teardown(broken):
    pass
'''.replace("{bad}", BAD)
    .replace("{{", "{")
    .replace("}}", "}")
)
BROKEN = f'import pytest\nraise ValueError("{BAD}")\n'
SKIPPED = f'import pytest\npytest.skip("{BAD}", allow_module_level=True)\n'
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\ud800-\udfff]")


@pytest.fixture
def hostile(ready: Folder) -> Folder:
    """A target whose tests fail with every text that is hard to write."""
    ready.write("scenarios/test_texts.py", FAILS)
    return ready


@pytest.mark.parametrize(
    "args, env",
    [
        ((), {}),
        (("-n2", "--dist=loadfile"), {}),
        (("-q",), {"PYTHONIOENCODING": "ascii"}),
        (("--tb=long", "-rA"), {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    ],
    ids=["plain", "workers", "ascii", "no-locale"],
)
def test_every_format_carries_every_text(hostile: Folder, args: tuple[str, ...], env: dict[str, str]) -> None:
    """All formats are written and can be read, and neither they nor the terminal get control characters of ours."""
    hostile.write("scenarios/test_broken.py", BROKEN)
    hostile.write("scenarios/test_skipped.py", SKIPPED)
    ended = hostile.gate(*args, "--continue-on-collection-errors", **env)
    texts = {file.name: file.read_text(encoding="utf-8") for file in hostile.reports.iterdir()}

    assert (ended.status, ended.verdict) == (1, Verdict.NOT_READY), ended.text
    assert "INTERNALERROR" not in ended.text
    assert "NOT READY" in ended.out
    assert ended.report is not None
    assert {f.outcome.value for item in ended.report.items for f in item.findings} >= {"fail", "error", "pass"}
    assert ET.fromstring(texts["readiness.junit.xml"]).tag == "testsuites"
    assert "a\\ud800b\\udfffc" in texts["readiness.html"]
    assert not CONTROL.search(texts["readiness.html"] + texts["readiness.md"])
    assert not CONTROL.search(ended.out.partition(" readiness =")[2])


@pytest.mark.parametrize("args", ["-qq", "-v", "-xq", "--maxfail 1", "--exitfirst --no-header --tb=no"])
def test_no_verbosity_and_no_early_end_prevents_a_verdict(hostile: Folder, args: str) -> None:
    """The report is whole but for what did not run, which it says, and the seed is printed."""
    ended = hostile.gate(*args.split())

    assert (ended.status, ended.verdict) == (1, Verdict.NOT_READY), ended.text
    assert re.search(r"--harness-seed=\d+$", ended.out, re.MULTILINE)
    assert ended.out.count("--harness-seed=") == 1
    assert ("The run ended early" in ended.problems) is ("x" in args)


@pytest.mark.parametrize("args", ["", "-qq --no-header --no-summary", "-n2 -q"])
def test_the_seed_is_printed_by_plain_pytest_too(ready: Folder, args: str) -> None:
    """Once, wherever pytest prints its header or leaves it out."""
    ended = ready.pytest("--pyargs", "harness.suite", "-k", "nothing", "--harness-seed=77", *args.split())

    assert ended.out.count("--harness-seed=77") == 1, ended.text


def test_a_list_of_tests_is_left_alone(ready: Folder) -> None:
    """Where nothing runs, nothing is to be repeated, and tools read the list."""
    ended = ready.pytest("--pyargs", "harness.suite", "--collect-only", "-q", "-k", "missing")

    assert "--harness-seed" not in ended.text
    assert "[missing]" in ended.out
