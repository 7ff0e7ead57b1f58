from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from harness.sandbox.defects import Planted
from harness.sandbox.integration import runs, workflow
from harness.sandbox.integration.client import ProductClient
from harness.sandbox.integration.storage import Database
from harness.sandbox.integration.workflow import run_workflow

NONE = Planted()


class Product:
    """A product that honours idempotency keys and ends each run when it is asked about it."""

    def __init__(self) -> None:
        self.made: dict[tuple[str, str | None], str] = {}
        self.writes: list[tuple[str, str | None]] = []
        self.status = "succeeded"
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                what = (self.path, self.headers["Idempotency-Key"])
                outer.writes.append(what)
                made = outer.made.setdefault(what, f"{self.path[1:-1]}_{len(outer.made)}")
                self.tell({"id": made, "projectId": "p", "status": "queued"})

            def do_GET(self) -> None:
                self.tell({"id": self.path[6:], "projectId": "p", "status": outer.status})

            def tell(self, what: dict[str, str]) -> None:
                body = json.dumps(what).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


@pytest.fixture
def product(monkeypatch: pytest.MonkeyPatch) -> Iterator[Product]:
    """A small product; the workflow asks it soon, for there are no webhooks."""
    monkeypatch.setattr(workflow, "FIRST_POLL_S", 0.02)
    product = Product()
    yield product
    product.server.shutdown()
    product.server.server_close()


def test_a_workflow_run_twice_starts_one_run(product: Product, settings: Any) -> None:
    """Under one name there is one project and one run, and the second time says how it ended."""
    told = replace(settings, base_url=product.url)

    assert [run_workflow(told, name="one", planted=NONE) for _ in range(2)] == [0, 0]
    assert sorted(path for path, _ in product.made) == ["/projects", "/runs"]
    assert run_workflow(told, name="two", planted=NONE) == 0
    assert len(product.made) == 4


class CrashError(BaseException):
    """The end of the process, as far as the workflow can tell."""


@pytest.mark.parametrize("instant", range(12))
def test_a_workflow_that_crashed_goes_on_and_starts_no_second_run(
    instant: int, product: Product, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever write, to the product or the database, was the last before the crash, or the first after it."""
    told = replace(settings, base_url=product.url)
    steps = iter(range(instant))

    def counted(function: Any) -> Any:
        def step(*args: Any, **more: Any) -> Any:
            if next(steps, None) is None:
                raise CrashError
            result = function(*args, **more)
            if next(steps, None) is None:
                raise CrashError
            return result

        return step

    with monkeypatch.context() as crashing:
        crashing.setattr(ProductClient, "write", counted(ProductClient.write))
        for name in ("_kept", "_keep", "_advance"):
            crashing.setattr(workflow, name, counted(getattr(workflow, name)))
        with pytest.raises(CrashError):
            run_workflow(told, name="one", planted=NONE)

    assert run_workflow(told, name="one", planted=NONE) == 0
    assert sorted(path for path, _ in product.made) == ["/projects", "/runs"]


def test_a_webhook_ends_the_workflow_before_it_asks(product: Product, settings: Any, database: Database) -> None:
    """What a webhook told about the run is enough, though the product would still say that it runs."""
    told = replace(settings, base_url=product.url)
    product.status = "running"

    def webhook() -> None:
        with database.writing() as connection:
            runs.advance(connection, database, run_id="run_1", project_id="p", status="succeeded")

    timer = threading.Timer(0.3, webhook)
    timer.start()

    assert run_workflow(told, name="one", planted=NONE) == 0
    timer.join()


def test_a_run_that_does_not_end_is_an_error(product: Product, settings: Any) -> None:
    """Nothing is followed for ever."""
    product.status = "running"

    assert run_workflow(replace(settings, base_url=product.url), name="one", planted=NONE, follow_s=0.3) == 1


def test_a_failed_run_is_no_success(product: Product, settings: Any) -> None:
    """Exit status 1 says that the run did not succeed."""
    product.status = "failed"

    assert run_workflow(replace(settings, base_url=product.url), name="one", planted=NONE) == 1


def test_a_status_only_moves_forward(database: Database) -> None:
    """Whatever arrives late does not undo what is known."""
    order = ["running", "queued", "failed", "running", "succeeded"]
    seen = []
    for status in order:
        with database.writing() as connection:
            runs.advance(connection, database, run_id="r", project_id="p", status=status)
        seen.append(runs.status_of(database, "r"))

    assert seen == ["running", "running", "failed", "failed", "failed"]


def test_planted_defects_of_the_keys_show(product: Product, settings: Any) -> None:
    """One key for two writes, a write without a key, and short keys are seen by the product."""
    told = replace(settings, base_url=product.url)
    for defect in ("client-reuses-its-key", "client-starts-runs-without-key", "client-keys-are-short"):
        run_workflow(told, name=defect, planted=Planted(frozenset({defect})))
    reused, without, short = (product.writes[n : n + 2] for n in (0, 2, 4))

    assert reused[0][1] == reused[1][1]
    assert without[1] == ("/runs", None)
    assert {len(key or "") for _, key in short} == {8}
