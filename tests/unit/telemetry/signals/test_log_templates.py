"""Log lines of several formats: the template tells lines of one kind apart from those of another."""

from __future__ import annotations

import pytest

from harness.telemetry.signals.log_templates import novel_lines, templates

GOOD = '{"event": "webhook received", "outcome": "accepted", "event_id": "evt_1", "level": "info", "timestamp": "T1"}'
FORMATS = {
    "structlog": (GOOD, GOOD.replace("evt_1", "evt_2").replace("T1", "T2"), GOOD.replace("accepted", "duplicate")),
    "logfmt": (
        'time=2026-11-28T03:26:43Z level=info msg="webhook received" status=200 took=1.2ms',
        'time=2026-11-28T03:26:44Z level=info msg="webhook received" status=200 took=12ms',
        'time=2026-11-28T03:26:45Z level=warning msg="webhook refused" status=401 took=1ms',
    ),
    "python": (
        "2026-11-28 03:26:43,123 INFO app.webhooks: received evt_1",
        "2026-11-28 03:26:44,003 INFO app.webhooks: received evt_2",
        "2026-11-28 03:26:45,123 WARNING app.webhooks: signature mismatch",
    ),
    "pino": (
        '{"level":30,"time":1764300000000,"pid":7,"hostname":"a","res":{"statusCode":200},"msg":"request completed"}',
        '{"level":30,"time":1764300000999,"pid":8,"hostname":"b","res":{"statusCode":200},"msg":"request completed"}',
        '{"level":30,"time":1764300001999,"pid":8,"hostname":"b","res":{"statusCode":401},"msg":"request completed"}',
    ),
    "nginx": (
        '127.0.0.1 - - [28/Nov/2026:03:26:43 +0000] "POST /webhooks?n=1 HTTP/1.1" 200 12 "-" "curl/8"',
        '10.0.0.2 - - [28/Nov/2026:03:27:43 +0000] "POST /webhooks?n=2 HTTP/1.1" 200 9999 "-" "other"',
        '10.0.0.2 - - [28/Nov/2026:03:27:43 +0000] "POST /webhooks?n=2 HTTP/1.1" 401 9999 "-" "other"',
    ),
    "uvicorn": (
        'INFO:     127.0.0.1:5000 - "POST /webhooks HTTP/1.1" 200 OK',
        'INFO:     127.0.0.1:5001 - "POST /webhooks HTTP/1.1" 200 OK',
        'INFO:     127.0.0.1:5002 - "POST /webhooks HTTP/1.1" 401 Unauthorized',
    ),
    "morgan": ("POST /webhooks 200 3.2 ms - 12", "POST /webhooks 200 1 ms - -", "POST /webhooks 401 3.2 ms - 12"),
    "asp.net": (
        "info: Host[2] Request finished HTTP/1.1 POST http://localhost:5000/hook application/json 12 - 200 0 - 3.2ms",
        "info: Host[2] Request finished HTTP/1.1 POST http://localhost:5000/hook application/json 9 - 200 5 - 13ms",
        "info: Host[2] Request finished HTTP/1.1 POST http://localhost:5000/hook application/json 12 - 401 0 - 1ms",
    ),
    "gin": (
        '[GIN] 2026/11/28 - 03:26:43 | 200 |    1.2ms |   127.0.0.1 | POST     "/hooks"',
        '[GIN] 2026/11/29 - 13:26:43 | 200 |   12.2ms |    10.0.0.1 | POST     "/hooks"',
        '[GIN] 2026/11/29 - 13:26:43 |\x1b[97;43m 401 \x1b[0m|   12.2ms |    10.0.0.1 | POST     "/hooks"',
    ),
    "spring": (
        "2026-11-28T03:26:43.123Z  INFO 1 --- [nio-8080-exec-1] c.e.WebhookController : Received event evt_1",
        "2026-11-28T03:26:44.003Z  INFO 1 --- [nio-8080-exec-10] c.e.WebhookController : Received event evt_2",
        "2026-11-28T03:26:45.123Z  WARN 1 --- [nio-8080-exec-2] c.e.WebhookController : refused event evt_3",
    ),
    "klog": (
        "I1128 03:26:43.123456    1234 handler.go:55] received event evt_1",
        "I1128 03:26:44.999999    1235 handler.go:55] received event evt_2",
        "W1128 03:26:45.123456    1234 handler.go:77] refused event evt_3",
    ),
    "rails": (
        "Completed 200 OK in 12ms (ActiveRecord: 1.2ms | Allocations: 1234)",
        "Completed 200 OK in 1ms (ActiveRecord: 0.2ms | Allocations: 99)",
        "Completed 401 Unauthorized in 1ms (ActiveRecord: 0.2ms | Allocations: 99)",
    ),
    "docker": (
        '{"log":"received evt_1\\n","stream":"stdout","time":"2026-11-28T03:26:43Z"}',
        '{"log":"received evt_2\\n","stream":"stdout","time":"2026-11-28T03:26:44Z"}',
        '{"log":"refused evt_3\\n","stream":"stdout","time":"2026-11-28T03:26:45Z"}',
    ),
    "kubernetes": (
        '2026-11-28T03:26:43.1Z stdout F {"msg": "received", "request_id": "a"}',
        '2026-11-28T03:26:44.1Z stdout F {"msg": "received", "request_id": "b"}',
        '2026-11-28T03:26:45.1Z stdout F {"msg": "refused", "request_id": "c"}',
    ),
}


@pytest.mark.parametrize("good, again, fault", FORMATS.values(), ids=FORMATS)
def test_a_line_is_novel_where_more_differs_than_ids(good: str, again: str, fault: str) -> None:
    """The same line of another event is known; that of a fault is not, and is shown as it was written."""
    known = templates({"app.log": good + "\n"})
    assert novel_lines({"app.log": again}, known) == []
    (found,) = novel_lines({"app.log": f"{again}\n{fault}\n{fault}\n"}, known)
    assert found.startswith("app.log: ")
    assert "refused" in found or "401" in found or "duplicate" in found or "mismatch" in found


def test_the_loudest_line_comes_first() -> None:
    """Errors, then warnings, then the rest in their order, by the level of each format."""
    text = 'first\nINFO second\n{"level": 40, "msg": "third"}\nlevel=error msg=fourth\nERROR fifth {"a": 1}'
    found = [line.removeprefix("x: ") for line in novel_lines({"x": text}, ())]
    assert found == ["error fourth", "ERROR fifth", "level 40 third", "first", "INFO second"]


def test_a_line_with_fields_is_shown_without_ids() -> None:
    """Level and message come first, then what distinguishes; ids, times and durations are left out."""
    line = (
        '{"event_id": "evt_1", "reason": "invalid signature", "event": "webhook refused", "level": "warning", '
        '"http": {"status": 401, "duration_ms": 3}, "timestamp": "2026-11-28T03:26:43Z"}'
    )
    expected = "app: warning webhook refused http.status=401 reason=invalid signature"
    assert novel_lines({"app": line}, ()) == [expected]


def test_a_file_that_is_named_after_its_process_is_the_same_file() -> None:
    """A number in the name of a log makes no line novel; the same line in another log is novel."""
    known = templates({"worker-17.log": "ready"})
    assert novel_lines({"worker-18.log": "ready"}, known) == []
    assert novel_lines({"receiver.log": "ready"}, known) == ["receiver.log: ready"]


ODD = {
    "deep": '{"a": ' * 2000 + "1" + "}" * 2000,
    "empty": "{}",
    "list": "[1]",
    "nan": '{"a": NaN}',
    "bytes": "\x00\xff",
    "equals": "=" * 5000,
    "braces": "{" * 20000,
}


@pytest.mark.parametrize("line", ODD.values(), ids=ODD)
def test_odd_lines_are_read(line: str) -> None:
    """What is not a line of any format is plain text."""
    assert len(novel_lines({"x": line}, ())) == 1
