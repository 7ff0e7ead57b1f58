"""A token that expires under several calls: how often it is renewed, and where nothing can be concluded."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from harness.http.client import Network
from harness.model import Finding, Level, Outcome
from harness.resilience.client_drill import ClientDrill, DrillSetting
from harness.resilience.renewal_at_once import DRILLS
from harness.resilience.runner import TOKENS
from harness.resilience.token_server import TokenGate
from tests.unit.conftest import Call, Reply, Serve
from tests.unit.resilience.conftest import InProcessClient, client_in

CALLS = 20
EXPIRED, REFUSED = DRILLS


class Caller:
    """Makes several calls at once with one token; ``renews`` and ``repeats`` are how it may differ from a right one."""

    def __init__(self, calls: int = CALLS, *, renews: str = "once", repeats: int = 1) -> None:
        self._calls = calls
        self._renews = renews
        self._repeats = repeats
        self._lock = threading.Lock()
        self._ask: Callable[[], str] = str

    def __call__(self, url: str, values: Mapping[str, str]) -> bool:
        with httpx.Client(trust_env=False) as http, ThreadPoolExecutor(max(1, self._calls)) as pool:
            self._ask = lambda: http.post(values[TOKENS]).json().get("access_token", "none")
            self._token = self._ask()
            return all(pool.map(partial(self._call, http, url), range(self._calls)))

    def _call(self, http: httpx.Client, url: str, number: int) -> bool:
        def post() -> httpx.Response:
            return http.post(f"{url}/orders/{number}", headers={"authorization": f"Bearer {self._token}"})

        used = self._token
        answer = post()
        if answer.status_code == 401:
            self._renew(used)
            answers = [post() for _ in range(self._repeats)]
            answer = answers[0] if answers else answer
        return answer.is_success

    def _renew(self, used: str) -> None:
        with self._lock:
            if self._renews == "each" or (self._renews == "once" and self._token == used):
                self._token = self._ask()


@pytest.fixture
def judge(serve: Serve, tmp_path: Path) -> Iterator[Callable[..., Finding]]:
    """Judge a caller: ``judge(caller)``, with what differs in its setting."""
    numbers = itertools.count()

    def reply(call: Call) -> Reply:
        if call.path == "/token":
            return 200, {}, {"access_token": f"token{next(numbers)}"}
        if call.headers["authorization"] == "Bearer none":
            return 401, {}, {}
        return 201, {}, {"id": f"order{next(numbers)}"}

    url = serve(reply)
    with Network().client() as http:

        def judged(caller: Caller, drill: ClientDrill = EXPIRED, **options: Any) -> Finding:
            token_url = f"{url}/token"
            client = client_in(tmp_path, InProcessClient, upstream=url, http=http, work=caller, token_url=token_url)
            gate = TokenGate(url=token_url, http=http, learn=lambda _: None)
            setting = DrillSetting(client=client, label="{} {}".format, tokens=gate, ours=True)
            setting = msgspec.structs.replace(setting, **options)
            return drill.judge(drill, setting)

        yield judged


def test_one_renewal_for_all_calls_passes(judge: Callable[..., Finding]) -> None:
    """The finding shows how many calls were refused together."""
    found = judge(Caller())

    assert found.outcome is Outcome.PASS, found.observed
    assert found.observed.startswith(f"{CALLS} calls were under way at once when their token expired; ")


@pytest.mark.parametrize(
    "caller, complaint",
    [
        (Caller(renews="each"), f"the client asked {CALLS} times for a new token instead of once"),
        (Caller(renews="never"), "the client asked for no new token"),
        (Caller(repeats=0), "the workflow did not succeed with a new token: the client exited with status 1"),
        (Caller(repeats=2), "was done 2 times at the provider instead of 1"),
    ],
    ids=["storm", "none", "no-second-attempt", "written-twice"],
)
def test_what_is_wrong_is_named(caller: Caller, complaint: str, judge: Callable[..., Finding]) -> None:
    """One token for each call, none at all, none that is used, and a write that is done twice."""
    found = judge(caller)

    assert found.outcome is Outcome.FAIL, found.observed
    assert complaint in found.summary


@pytest.mark.parametrize(
    "renews, outcome, complaint",
    [
        ("once", Outcome.PASS, ""),
        ("each", Outcome.FAIL, f"the client asked {CALLS} times for a token that it was refused"),
        ("never", Outcome.FAIL, "the client asked for no new token"),
    ],
    ids=["shared", "storm", "none"],
)
def test_a_refused_token_is_not_asked_for_by_each_call(
    renews: str, outcome: Outcome, complaint: str, judge: Callable[..., Finding]
) -> None:
    """All calls share one failure; a recommendation, because a lock alone is what most clients have."""
    found = judge(Caller(renews=renews), REFUSED)

    assert (found.outcome, found.level) == (outcome, Level.SHOULD), found.observed
    assert complaint in found.summary


@pytest.mark.parametrize(
    "calls, options, why",
    [
        (
            1,
            {},
            "the workflow makes no two calls at once: where the client does elsewhere, name a command that does in",
        ),
        (
            2,
            {"ours": False},
            "the provider is a vendor's, whose authorization server gets each request for a token: set [provider] ours",
        ),
        (2, {"tokens": None}, "nothing shows that the client renews tokens: if it does, name [client] token_url"),
    ],
    ids=["one-by-one", "of-a-vendor", "without-tokens"],
)
def test_where_it_does_not_apply_the_finding_states_why(
    calls: int, options: Mapping[str, Any], why: str, judge: Callable[..., Finding]
) -> None:
    """A client that makes one call after the other, a vendor's provider, and a client without tokens."""
    found = judge(Caller(calls), **options)

    assert found.outcome is Outcome.NOT_APPLICABLE
    assert why in found.summary


def test_a_client_that_goes_past_the_token_server_proves_nothing(judge: Callable[..., Finding]) -> None:
    """It must ask where ``{token_server}`` stands."""

    class Aside(Caller):
        def __call__(self, url: str, values: Mapping[str, str]) -> bool:
            assert values[TOKENS]
            self._ask = lambda: "token"
            self._token = "token"
            with httpx.Client(trust_env=False) as http:
                return self._call(http, url, 1)

    found = judge(Aside())

    assert found.outcome is Outcome.ERROR
    assert "no request for a token came to {token_server}" in found.observed
