"""SARIF 2.1.0 of scanners is read strictly: results with rule, level and place, or a sentence that states why not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.operations.sarif import SarifError, SarifLevel, ScannerResult, read_sarif


def document(*runs: dict[str, Any], **members: Any) -> bytes:
    return json.dumps({"version": "2.1.0", "runs": list(runs), **members}).encode()


def run(*results: dict[str, Any], rules: list[dict[str, Any]] | None = None, **members: Any) -> dict[str, Any]:
    driver = {"name": "scan", "version": "1", "rules": rules or []}
    return {"tool": {"driver": driver}, "results": list(results), **members}


def result(uri: str = "a.log", line: int = 3, **members: Any) -> dict[str, Any]:
    location = {"artifactLocation": {"uri": uri}, "region": {"startLine": line, "snippet": {"text": "hidden"}}}
    return {"ruleId": "key", "message": {"text": "a key"}, "locations": [{"physicalLocation": location}], **members}


def only(data: bytes) -> ScannerResult:
    (found,) = read_sarif(data).results
    return found


LEVELS: dict[str, tuple[dict[str, Any], list[dict[str, Any]], tuple[str, bool]]] = {
    "default": ({}, [], ("warning", True)),
    "error": ({"level": "error"}, [], ("error", True)),
    "note": ({"level": "note"}, [], ("note", True)),
    "none": ({"level": "none"}, [], ("none", True)),
    "of-the-rule": ({}, [{"id": "key", "defaultConfiguration": {"level": "error"}}], ("error", True)),
    "of-the-rule-by-index": (
        {"ruleIndex": 1},
        [{"id": "other"}, {"id": "x", "defaultConfiguration": {"level": "note"}}],
        ("note", True),
    ),
    "of-the-rule-above": (
        {"ruleId": "key/part"},
        [{"id": "key", "defaultConfiguration": {"level": "note"}}],
        ("note", True),
    ),
    "own-before-the-rules": (
        {"level": "note"},
        [{"id": "key", "defaultConfiguration": {"level": "error"}}],
        ("note", True),
    ),
    "to-be-reviewed": ({"level": "error", "kind": "review"}, [], ("error", False)),
    "open": ({"kind": "open"}, [], ("warning", False)),
}


@pytest.mark.parametrize("name", LEVELS)
def test_the_level_is_that_of_the_result_or_its_rule(name: str) -> None:
    """SARIF sections 3.27.10 and 3.50.3; a result that somebody is to review is not settled."""
    members, rules, expected = LEVELS[name]

    found = only(document(run(result(**members), rules=rules)))

    assert (found.level, found.settled) == (SarifLevel(expected[0]), expected[1])


PLACES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "relative": ({"uri": "logs/a.log"}, {}, "logs/a.log"),
    "absolute": ({"uri": "/run/files/a.log"}, {}, "/run/files/a.log"),
    "file": ({"uri": "file:///run/files/a%20b.log"}, {}, "/run/files/a b.log"),
    "percent-encoded": ({"uri": "a%20b%25.log"}, {}, "a b%.log"),
    "not-encoded": ({"uri": "a b.log"}, {}, "a b.log"),
    "base": ({"uri": "a.log", "uriBaseId": "ROOT"}, {"ROOT": {"uri": "file:///run/files/"}}, "/run/files/a.log"),
    "base-of-a-base": (
        {"uri": "a.log", "uriBaseId": "LOGS"},
        {"ROOT": {"uri": "file:///run/"}, "LOGS": {"uri": "files", "uriBaseId": "ROOT"}},
        "/run/files/a.log",
    ),
    "base-unknown": ({"uri": "a.log", "uriBaseId": "%SRCROOT%"}, {}, "a.log"),
    "base-without-uri": ({"uri": "a.log", "uriBaseId": "ROOT"}, {"ROOT": {}}, "a.log"),
    "bases-in-a-circle": (
        {"uri": "a.log", "uriBaseId": "A"},
        {"A": {"uri": "x", "uriBaseId": "B"}, "B": {"uri": "y", "uriBaseId": "A"}},
        "y/x/" * 5 + "a.log",
    ),
    "by-index": ({"index": 0}, {}, "of-index.log"),
    "no-url": ({"uri": "http://[::1/a"}, {}, "http://[::1/a"),
}


@pytest.mark.parametrize("name", PLACES)
def test_the_file_of_a_result_is_found(name: str) -> None:
    """URIs are decoded, and relative ones follow their bases; scanners also write paths as they are."""
    location, bases, expected = PLACES[name]
    shown = {"message": {"text": "x"}, "locations": [{"physicalLocation": {"artifactLocation": location}}]}
    artifacts = [{"location": {"uri": "of-index.log"}}]

    found = only(document(run(shown, originalUriBaseIds=bases, artifacts=artifacts)))

    assert (found.path, found.line, found.rule) == (expected, 0, "unnamed rule")


def test_a_result_may_have_no_place() -> None:
    """Neither file nor line is invented, also where the location is only logical."""
    found = only(document(run({"message": {"text": "x"}, "locations": [{"logicalLocations": []}]})))

    assert (found.path, found.line) == ("", 0)


@pytest.mark.parametrize("left_out", [{"kind": "pass"}, {"kind": "informational"}, {"baselineState": "absent"}])
def test_what_is_no_problem_now_is_left_out(left_out: dict[str, Any]) -> None:
    """A result may state that all is well, or that an earlier one is gone."""
    assert read_sarif(document(run(result(**left_out)))).results == ()


@pytest.mark.parametrize(
    "suppressions,suppressed",
    [
        ([], False),
        ([{"kind": "inSource"}], True),
        ([{"kind": "external", "status": "accepted"}], True),
        ([{"kind": "external", "status": "underReview"}], False),
        ([{"kind": "inSource"}, {"kind": "external", "status": "rejected"}], False),
    ],
    ids=["none", "in-source", "accepted", "under-review", "rejected"],
)
def test_suppressed_results_are_counted_apart(suppressions: list[dict[str, str]], *, suppressed: bool) -> None:
    """Only where every suppression is accepted (section 3.35.3)."""
    report = read_sarif(document(run(result(suppressions=suppressions))))

    assert (len(report.results), report.suppressed) == ((0, 1) if suppressed else (1, 0))


def test_several_runs_are_one_report() -> None:
    """Their tools are named, and a byte order mark and further members are no hindrance."""
    data = document(run(result()), run(result("b.log"), properties={"x": 1}), **{"$schema": "https://example.com"})

    report = read_sarif(b"\xef\xbb\xbf" + data)

    assert report.tools == ("scan 1", "scan 1")
    assert [found.path for found in report.results] == ["a.log", "b.log"]


def test_the_message_is_that_of_the_result_or_its_rule() -> None:
    """Arguments are not filled in, because they quote files; a snippet is never read."""
    rules = [{"id": "key", "shortDescription": {"text": "a  rule"}, "messageStrings": {"m": {"text": "found {0}"}}}]

    def message(**given: Any) -> str:
        return only(document(run(result(message=given), rules=rules))).message

    assert message(text="a\nkey") == "a key"
    assert message(id="m", arguments=["the secret"]) == "found {0}"
    assert message(id="unknown") == "a rule"
    assert "hidden" not in repr(only(document(run(result()))))


REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b" \n", "is empty"),
    "no-json": (b"leaks found: 3", "is not JSON"),
    "cut": (document(run(result()))[:-20], "is not JSON"),
    "deep": (b'{"version": "2.1.0", "x": ' + b"[" * 100_000, "is not JSON"),
    "list": (b"[]", "is not SARIF 2.1.0"),
    "other-version": (document(version="2.0.0"), "is of SARIF version '2.0.0'; 2.1.0 is read"),
    "no-version": (b'{"runs": []}', "missing required field `version`"),
    "no-runs": (document(), "has no run, so nothing shows that the scanner ran"),
    "no-results": (document({"tool": {"driver": {"name": "x"}}}), "has a run without results"),
    "null-results": (document(run() | {"results": None}), "has a run without results"),
    "no-tool": (document({"results": []}), "missing required field `tool`"),
    "level": (document(run(result(level="fatal"))), "Invalid enum value 'fatal'"),
    "line": (document(run(result(line="3"))), "Expected `int`, got `str`"),  # type: ignore[arg-type]  # on purpose
    "failed": (document(run(invocations=[{"executionSuccessful": False}])), "states that the scanner did not succeed"),
    "not-all-read": (
        document(run(invocations=[{"executionSuccessful": True, "toolExecutionNotifications": [{"level": "error"}]}])),
        "something was not searched",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_shows_no_complete_search_is_refused(name: str) -> None:
    """The reason continues "its document"."""
    data, reason = REFUSED[name]

    with pytest.raises(SarifError) as raised:
        read_sarif(data)

    assert reason in str(raised.value)
