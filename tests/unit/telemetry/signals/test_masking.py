"""Masking: what differs from one event to the next is masked, what distinguishes faults is not."""

from __future__ import annotations

import pytest

from harness.telemetry.signals.masking import masked, masked_fields

SAME = [
    ("refused evt_1NG8Du2eZvKYlo2C", "refused evt_9xY7Du2eZvKYlo2C"),
    ("took 412 ms", "took 0.5 ms"),
    ("took 412ms", "took 3s"),
    ("at 2026-11-28T03:26:43.123Z done", "at 2026-11-29 13:26:43,9 done"),
    ("Nov 28 03:26:43 app: done", "Dec  1 13:00:00 app: done"),
    ("Sat, 28 Nov 2026 03:26:43 GMT", "Sun, 29 Nov 2026 13:26:43 GMT"),
    ("trace 4bf92f3577b34da6a3ce929d0e0e4736", "trace 00000000000000000000000000000001"),
    ("id 1b4e28ba-2fa1-11d2-883f-0016d3cca427", "id 6fa459ea-ee8a-3ca4-894e-db77e160355e"),
    ("no field 'amount' in \"a b\"", "no field 'currency' in \"c\""),
    ("from 10.0.0.1:4312", "from 192.168.1.7:80"),
    ("http://localhost:8080/runs/12", "http://localhost:9090/runs/7f3a"),
    ("\x1b[32mrun 1\x1b[0m", "run 2"),
    ("ids [1, 2, 3]", "ids [4]"),
    ("processed with 500 events", "processed with 404 events"),
    ("token aBcDeFgHiJkLmNoP", "token xYzAbCdEfGhIjKlM"),
]
DIFFERENT = [
    ("HTTP 503", "HTTP 429"),
    ("answered with 401", "answered with 200"),
    ("status=401 id=7", "status=200 id=8"),
    ("429 Client Error: Too Many Requests", "503 Server Error: Service Unavailable"),
    ("invalid signature", "invalid timestamp"),
    ("WebhookSignatureVerificationError", "WebhookTimestampVerificationError"),
    ("the user's key can't be read", "the user's key can't be found"),
    ("[warning] x", "[info] x"),
    ("the API answered 5xx", "the API answered 4xx"),
]


@pytest.mark.parametrize("one, other", SAME)
def test_what_differs_from_event_to_event_is_masked(one: str, other: str) -> None:
    """Numbers, ids, times, addresses and quoted values have one template."""
    assert masked(one) == masked(other)


@pytest.mark.parametrize("one, other", DIFFERENT)
def test_what_distinguishes_is_not_masked(one: str, other: str) -> None:
    """Statuses, levels and words differ."""
    assert masked(one) != masked(other)


def test_fields_are_masked_by_their_names() -> None:
    """A status, a level and a flag distinguish; an id, a duration and an address do not, whatever their letters."""
    fields = {"event": "refused", "status": 401, "level": 40, "dead": True, "format": "json"}
    varying = {"requestId": "abcdef", "duration_ms": 3, "host": "one", "event_type": "run.failed", "res": {"body": "x"}}
    assert masked_fields(fields | varying) == (
        "dead=true duration_ms=<*> event=refused event_type=<*> format=json host=<*> level=40 requestId=<*> "
        "res.body=<*> status=401"
    )


@pytest.mark.parametrize(
    "fields, expected",
    [
        ({"body": "webhook refused", "severityText": "WARN"}, "body=webhook refused severityText=WARN"),
        ({"request_body": "x y", "payload": {"a": 1}, "headers": []}, "headers=<*> payload=<*> request_body=<*>"),
        ({"jsonPayload": {"message": "refused"}}, "jsonPayload.message=refused"),
        ({"textPayload": "refused 7"}, "textPayload=refused <*>"),
        ({"error": {"code": "23505", "type": "IntegrityError"}}, "error.code=23505 error.type=IntegrityError"),
        ({"errorCode": "E1001", "verification_code": "839201"}, "errorCode=E1001 verification_code=<*>"),
        ({"valid": False, "paid": None, "format": "json"}, "format=json paid=null valid=false"),
        ({"ids": [1, 2], "items": ["a1", "b2"]}, "ids=<*> items=[<*>]"),
    ],
)  # fmt: skip
def test_kinds_of_fields(fields: dict[str, object], expected: str) -> None:
    """Messages and codes distinguish; what was sent does not."""
    assert masked_fields(fields) == expected


@pytest.mark.parametrize("text", ["a" * 1_000_000, "1" * 1_000_000, '"' * 100_000, "aB" * 500_000, "1:" * 500_000])
def test_a_long_text_takes_bounded_time(text: str) -> None:
    """Only the first characters count."""
    assert len(masked(text)) <= 4000
