"""One call that ends the credential ends the fuzzing, and what it was answered after that is nobody's defect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.http.client import Network
from harness.http.credential_state import CredentialState
from harness.http.provider_client import ProviderClient
from harness.model import Outcome
from tests.unit.conftest import document

if TYPE_CHECKING:
    from pathlib import Path

    from harness.fuzzing.fuzzer import Fuzzer
    from tests.unit.conftest import Attacker, Call, Reply, Serve

OK: dict[str, Any] = {"responses": {"200": {"description": "fine"}}}
PATHS = {"/a": {"get": OK}, "/b/end": {"post": OK}, "/c": {"get": OK}, "/d": {"get": OK}}
TOKEN = "Bearer " + "s3cret" * 4


class Provider:
    """Refuses everything once the call that ends the credential was made, and fails at one operation."""

    def __init__(self, ending: str) -> None:
        self.calls: list[Call] = []
        self._ending, self._works = ending, True

    def __call__(self, call: Call) -> Reply:
        self.calls.append(call)
        if not self._works:
            return 401, {}, None
        method = "POST" if call.path == "/b/end" else "GET"
        if call.method != method:
            return 405, {"allow": method}, None
        self._works = call.path != self._ending
        return (500 if call.path == "/a" and call.headers.get("x") else 200), {}, None


@pytest.fixture
def fuzzer(attacker: Attacker, tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    """A fuzzer whose client watches the credential."""

    def made(url: str) -> Fuzzer:
        fuzzer = attacker.fuzzer(document(PATHS), url, examples=5)
        state = CredentialState(tmp_path, lambda sent: f"{sent.method} {sent.url.path}")
        fuzzer.client = ProviderClient(Network(), url, {"authorization": TOKEN}, credential=state)
        request.addfinalizer(fuzzer.client.close)
        return fuzzer

    return made


@pytest.mark.parametrize("ending", ["/b/end", "/c"])
def test_nothing_after_the_loss_is_sent_or_reported(fuzzer: Any, serve: Serve, ending: str) -> None:
    """The operation at which it shows is an error with the reason; the others of the share are not even tried."""
    provider = Provider(ending)
    attack = fuzzer(serve(provider))

    tried = {label: attack.fuzz(label) for label in attack.share("all")}

    assert "GET /d" not in tried
    assert [f.summary for found in tried.values() for f in found if f.outcome is Outcome.FAIL] == []
    [error] = [f for found in tried.values() for f in found if f.outcome is Outcome.ERROR]
    assert error.summary.endswith("not everything was sent, as the credential stopped working")
    assert f"{ending} answered 200. Nothing was sent after that." in error.observed
    refused = [call for call in provider.calls if call.path == "/d"]
    assert refused == []


def test_chains_end_with_the_credential_too(fuzzer: Any, serve: Serve) -> None:
    """Whether links are there or not, it is no pass."""
    provider = Provider("/a")
    attack = fuzzer(serve(provider))
    list(map(attack.fuzz, ["GET /c", "GET /a"]))

    assert {finding.outcome for finding in attack.run_stateful()} <= {Outcome.ERROR, Outcome.NOT_APPLICABLE}
