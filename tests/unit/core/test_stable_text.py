"""What of a text is the same in every run."""

from __future__ import annotations

import pytest

from harness.core.stable_text import stable, stable_complaint


@pytest.mark.parametrize(
    "first, second",
    [
        ("http://127.0.0.1:41233/runs answered 500", "http://localhost:9/runs answered 500"),
        ("127.0.0.1:41233 refused", "127.0.0.1:52001 refused"),
        ("took 0.53 s", "took 1.2 s"),
        ("took 17 ms", "took 9 ms"),
        ("/tmp/pytest-of-me/a/log.txt is empty", "/home/you/log.txt is empty"),
        ("at 2026-11-28T09:00:00Z", "at 2027-01-01T10:11:12.5+02:00"),
        ("run_0f3a9c12 is gone", "run_77ab41d0 is gone"),
        ("GET /runs/17 failed", "GET /runs/4 failed"),
        ("seed 493827", "seed 1182"),
        ("event 4b9d4c1e-6a39-4a11-8d3c-0f5c1b7a2d11", "event 9c0e77aa-1111-4a11-8d3c-0f5c1b7a2d11"),
    ],
)
def test_what_changes_between_runs_is_the_same_text(first: str, second: str) -> None:
    """Ports, times, paths of a machine, ids and seeds name nothing."""
    assert stable(first) == stable(second)


def test_what_is_wrong_remains() -> None:
    """Statuses, small numbers and words distinguish two findings."""
    texts = ["answered 404, expected 2xx", "answered 500, expected 2xx", "GET /v1/charges", "/v1/charges", "2 of 3"]

    assert [stable(text) for text in texts] == texts


def test_a_complaint_names_no_example() -> None:
    """The value that a validator cites is not part of what is wrong; the property and the rule are."""
    title = "Response violates schema: "

    assert stable_complaint(f"{title}17 is not of type 'string' (at /items/0/name)") == stable_complaint(
        f"{title}{{'a': 1}} is not of type 'string' (at /items/12/name)"
    )
    page, size = (
        stable_complaint(f"query parameter {name}: 'x' is not of type 'integer'") for name in ("page", "size")
    )
    assert page != size
    assert stable_complaint("'name' is a required property") != stable_complaint("'id' is a required property")
    assert stable_complaint("1 is not of type 'string' (at /a)") != stable_complaint("1 is not of type 'null' (at /a)")
