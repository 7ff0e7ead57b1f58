"""The switches of the sandbox: rotations and faults, for who holds the admin key."""

from __future__ import annotations

import secrets
import time
from typing import Any

import httpx
import pytest

from harness.sandbox.product.keys import Rotating
from tests.waiting import wait_for

from .conftest import Start


def test_a_rotated_key_is_refused_after_the_overlap(start: Start) -> None:
    """Both keys are accepted while the overlap lasts, then the new one alone."""
    product = start()
    new, newest = (f"key_{secrets.token_hex(16)}" for _ in range(2))
    with product.admin() as admin, product.client() as before, product.client(new) as after:
        admin.post("/_sandbox/rotations", json={"apiKey": new, "overlap": 600}).raise_for_status()
        during = [c.get("/projects").status_code for c in (before, after)]
        admin.post("/_sandbox/rotations", json={"apiKey": newest, "overlap": 0.1}).raise_for_status()
        wait_for(lambda: after.get("/projects").status_code != 200)
        with product.client(newest) as last:
            later = [c.get("/projects").status_code for c in (after, last)]

    assert (during, later) == ([200, 200], [401, 200])


def test_without_an_overlap_the_old_key_is_refused_at_once(start: Start) -> None:
    """A key that may have leaked is worth nothing from then on; the defect keeps it alive."""
    seen = {}
    for defect in ("", "provider-accepts-old-key"):
        product = start(defects=[defect] if defect else [])
        with product.admin() as admin, product.client() as before:
            admin.post("/_sandbox/rotations", json={"apiKey": secrets.token_hex(16)}).raise_for_status()
            seen[defect] = before.get("/projects").status_code

    assert seen == {"": 401, "provider-accepts-old-key": 200}


def test_what_a_process_replaced_is_valid_for_the_overlap() -> None:
    """A previous value given at the start counts for as long as it was given, then no more."""
    assert Rotating("new", "old", overlap_s=60).valid == ("new", "old")
    assert Rotating("new", "old").valid == ("new",)
    assert not Rotating("new", "old").accepts("old")
    assert not Rotating("new").accepts("\u00e9")


def test_a_fault_is_met_as_often_as_it_says(api: httpx.Client, admin: httpx.Client) -> None:
    """Two 503 with Retry-After for one operation; the others do not notice, and then it is over."""
    fault = {"operation": "GET /projects", "status": 503, "retryAfter": 7, "times": 2}
    admin.put("/_sandbox/faults", json=[fault]).raise_for_status()
    other = api.get("/runs").status_code
    answers = [api.get("/projects") for _ in range(3)]

    assert other == 200
    assert [a.status_code for a in answers] == [503, 503, 200]
    assert answers[0].headers["retry-after"] == "7"
    assert answers[0].headers["content-type"] == "application/problem+json"
    assert admin.get("/_sandbox/faults").json() == []


def test_a_fault_may_only_delay(api: httpx.Client, admin: httpx.Client) -> None:
    """Without a status the call is answered as ever, later."""
    admin.put("/_sandbox/faults", json=[{"delay": 0.4}]).raise_for_status()
    begun = time.monotonic()

    assert api.get("/projects").status_code == 200
    assert time.monotonic() - begun >= 0.4


@pytest.mark.parametrize(
    "path, sent, told",
    [
        pytest.param("faults", [{"operation": "GET /nothing"}], "There is no operation 'GET /nothing'", id="operation"),
        pytest.param("faults", [{"status": 200}], "/0/status", id="status"),
        pytest.param("rotations", {}, "does not fit", id="nothing"),
        pytest.param("rotations", {"apiKey": "too-short-a-key"}, "/apiKey", id="short"),
    ],
)
def test_a_switch_says_what_does_not_fit_and_not_what_stood_there(
    admin: httpx.Client, path: str, sent: Any, told: str
) -> None:
    """422 names the place; a value may be a secret, so it is not repeated."""
    answer = admin.request("PUT" if path == "faults" else "POST", f"/_sandbox/{path}", json=sent)

    assert answer.status_code == 422
    assert told in answer.json()["detail"]
    assert "too-short-a-key" not in answer.text


def test_the_switches_need_the_admin_key(api: httpx.Client) -> None:
    """The key of the API opens them as little as none."""
    assert api.get("/_sandbox/faults").status_code == 401


def test_without_an_admin_key_there_are_no_switches(start: Start) -> None:
    """A product that was given none has nothing below /_sandbox."""
    product = start(admin=False)
    with product.client("") as client:
        assert client.get("/_sandbox/faults").status_code == 404
