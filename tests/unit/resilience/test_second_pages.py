"""A listing whose entries are on its second page: what a client makes of the cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest

from harness.http.client import Network
from harness.model import Finding, Outcome
from harness.resilience.client_drill import DrillSetting
from harness.resilience.second_pages import CURSORS, SECOND_PAGE
from harness.resilience.undisturbed import KnownRuns
from tests.unit.conftest import Call, Reply, Serve
from tests.unit.resilience.conftest import InProcessClient, client_in

PAGES = 9
PATH = "/orders?limit=2"


def reads(
    more: Callable[[Mapping[str, Any]], bool], escaped: Callable[[str], str] = quote, *, needs: bool = False
) -> Callable[[str, Mapping[str, str]], bool]:
    """Return a client that reads pages as long as there are ``more``."""

    def work(url: str, _values: Mapping[str, str]) -> bool:
        found, path = [], PATH
        with httpx.Client(trust_env=False) as http:
            for _ in range(PAGES):
                page = http.get(f"{url}{path}").json()
                if "items" not in page:
                    return False
                found += page["items"]
                if not more(page):
                    return bool(found) or not needs
                path = f"{PATH}&cursor={escaped(page['nextCursor'])}"
        return False

    return work


def has_cursor(page: Mapping[str, Any]) -> bool:
    return bool(page["nextCursor"])


TO_THE_END = reads(has_cursor)
FIRST_ALONE = reads(lambda _: False)
UNTIL_EMPTY = reads(lambda page: bool(page["items"]) and has_cursor(page))
NEEDS_ENTRIES = reads(lambda _: False, needs=True)
UNESCAPED = reads(has_cursor, str)


def pings(url: str, _: Mapping[str, str]) -> bool:
    """Look whether the provider answers."""
    return httpx.get(f"{url}{PATH}", trust_env=False).is_success


@pytest.fixture
def setting(serve: Serve, tmp_path: Path) -> Iterator[DrillSetting]:
    """A client of a provider with one page of two orders."""

    def provider(_: Call) -> Reply:
        return 200, {}, {"items": [{"id": 1}, {"id": 2}], "nextCursor": None, "has_more": False}

    with Network().client() as http:
        client = client_in(tmp_path, InProcessClient, upstream=serve(provider), http=http, work=TO_THE_END)
        yield DrillSetting(client=client, label=lambda method, target: f"{method} {target.partition('?')[0]}")


def judged(setting: DrillSetting, work: Any, cursor: str = CURSORS[0]) -> Finding:
    client = msgspec.structs.replace(setting.client, work=work, known=KnownRuns())
    allows = lambda _, response: cursor.encode() in response.body  # noqa: E731 - the document allows this cursor alone
    return SECOND_PAGE.judge(SECOND_PAGE, msgspec.structs.replace(setting, client=client, allows=allows))


@pytest.mark.parametrize("work", [TO_THE_END, NEEDS_ENTRIES, pings], ids=["to the end", "needs entries", "pings"])
@pytest.mark.parametrize("cursor", CURSORS, ids=["any", "letters", "digits"])
def test_a_client_that_reads_to_the_end_or_fails_passes(setting: DrillSetting, work: Any, cursor: str) -> None:
    """So does one that need not read the listing at all."""
    found = judged(setting, work, cursor)

    assert found.outcome is Outcome.PASS, found.summary


@pytest.mark.parametrize("work", [FIRST_ALONE, UNTIL_EMPTY], ids=["first page", "until empty"])
def test_a_client_that_stops_before_the_end_is_found(setting: DrillSetting, work: Any) -> None:
    """Be it after one page, or at one without entries."""
    found = judged(setting, work)

    assert found.outcome is Outcome.FAIL
    assert "the client reported success without the second page of GET /orders" in found.summary


def test_a_cursor_that_is_not_escaped_is_found(setting: DrillSetting) -> None:
    """It arrives as another one, which the finding shows."""
    found = judged(setting, UNESCAPED)

    assert found.outcome is Outcome.FAIL
    assert f"the cursor {CURSORS[0]} was sent as GET {PATH}&cursor={CURSORS[0]}" in found.summary


def test_without_a_cursor_there_is_no_second_page(setting: DrillSetting) -> None:
    """Where the document allows none of the cursors, nothing is tried."""
    found = judged(setting, TO_THE_END, "another")

    assert "no listing that the workflow reads has a next cursor" in found.summary
