"""What fuzzing finds and what it costs, on the sandbox' product and on GitHub's description, beside Schemathesis.

Detection: every planted provider defect that generated requests can show, on the operation that carries it (the others
are seen by the checks of links, pages and idempotency keys). `deep` on the correct product is a sample, one seed and
6 s for each operation; five seeds of it in full are 150,000 requests, half an hour (``--full``). Speed: whole runs, of
`harness fuzz` and of the Schemathesis command with the same phases and as many examples, start to end.
"""

from __future__ import annotations

import datetime as dt
import importlib
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
from _table import Row, show
from hypothesis.database import InMemoryExampleDatabase

from harness.fuzzing.budget import BUDGETS
from harness.fuzzing.defect_store import DefectStore
from harness.fuzzing.fuzzer import Fuzzer
from harness.http.client import Network
from harness.http.provider_client import ProviderClient
from harness.model import Finding, Outcome
from harness.openapi.spec_document import Spec, load_spec
from harness.process.run import Run

ROOT = Path(__file__).parents[1]
SANDBOX = ROOT / "harness" / "sandbox"
GITHUB = ROOT / "tests/real/node/node_modules/@octokit/openapi/generated/api.github.com.json"
FULL = "--full" in sys.argv
SEEDS = range(1, 6)
SAMPLE = SEEDS if FULL else range(1, 2)
DEEP_S = BUDGETS["deep"].seconds if FULL else 6.0
BY_OTHER_CHECKS = re.compile("pages|reads-deleted|link-leads|idempotency|another-body")
EXAMPLES = BUDGETS["standard"].examples
KEY = f"key_{os.urandom(16).hex()}"
TARGET = """
[target]
name = "Product"
[provider]
spec = "openapi.yaml"
base_url = "{url}"
ours = true
probes = "write"
destructive = true
auth = {{ type = "bearer", token = "env:PRODUCT_API_KEY" }}
"""


@contextmanager
def product(defect: str = "") -> Iterator[str]:
    """Run the product, without a rate limit; give its URL."""
    port = Run.begin().port("product")
    env = {**os.environ, "PRODUCT_API_KEY": KEY, "PRODUCT_WEBHOOK_SECRET": KEY[::-1], "SANDBOX_DEFECTS": defect}
    command = [sys.executable, "-m", "harness.sandbox", "product", "--port", str(port), "--rate-limit", "1000000000"]
    process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                httpx.get(f"{url}/healthz", trust_env=False)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def fuzzer(url: str, level: str, seed: int, seconds: float | None = None) -> Iterator[Fuzzer]:
    """Fuzz without what earlier runs found."""
    budget = BUDGETS[level] if seconds is None else msgspec.structs.replace(BUDGETS[level], seconds=seconds)
    spec = load_spec("openapi.yaml", root=SANDBOX)
    within_s = budget.answer_within_s
    credential = {"Authorization": f"Bearer {KEY}"}
    with ProviderClient(
        Network(), url, credential, answer_within_s=within_s, whole_within_s=within_s, wait_unasked_s=None
    ) as client:
        found = DefectStore(InMemoryExampleDatabase(), "benchmark")
        yield Fuzzer(spec, client, tuple(spec.definitions), budget=budget, random_seed=seed, store=found)


def planted() -> dict[str, str]:
    """Return the defects that generated requests can show, with the operation that each names, empty for all."""
    rows = tomllib.loads((SANDBOX / "defects.toml").read_text(encoding="utf-8"))["defect"]
    chosen = [r for r in rows if r["item"] == "contract.fuzz" and not BY_OTHER_CHECKS.search(r["id"])]
    named = {r["id"]: re.match(r"(?:Every fifth )?([A-Z]+ /\S*)", r["what"]) for r in chosen}
    return {name: match[1] if match else "" for name, match in named.items()}


def failed(findings: list[Finding]) -> bool:
    """Whether something was found."""
    return any(finding.outcome is Outcome.FAIL for finding in findings)


def detection(level: str, seeds: range) -> tuple[float, list[str]]:
    """Return the share of defects found, and those missed with their seed."""
    missed, tried = [], 0
    for defect, label in planted().items():
        with product(defect) as url:
            for seed in seeds:
                tried += 1
                with fuzzer(url, level, seed) as run:
                    labels = [label] if label in run.labels else run.labels
                    if not any(failed(run.fuzz(each)) for each in labels):
                        missed.append(f"{defect} (seed {seed})")
    return 100 * (1 - len(missed) / tried), missed


def false_alarms() -> int:
    """Return how many findings the correct product gets."""
    alarms = 0
    with product() as url:
        for seed in SAMPLE:
            with fuzzer(url, "deep", seed, DEEP_S) as run:
                alarms += sum(failed(run.fuzz(label)) for label in run.labels) + failed(run.run_stateful())
    return alarms


def ours(url: str, folder: Path, *words: str) -> float:
    """Return the cases a second of a whole `harness fuzz`."""
    (folder / "harness.toml").write_text(TARGET.format(url=url), encoding="utf-8")
    (folder / "openapi.yaml").write_bytes((SANDBOX / "openapi.yaml").read_bytes())
    report = folder / "cases.xml"
    command = [sys.executable, "-m", "harness.cli", "fuzz", "--budget", "standard", "--seed", "1", "-q", *words]
    command += ["--assert=plain", "-p", "no:cacheprovider", f"--junit-xml={report}"]
    seconds, _ = timed(command, folder)
    text = report.read_text(encoding="utf-8")
    return sum(int(n) for n in set_of_counts(text)) / seconds


def set_of_counts(text: str) -> list[str]:
    """Return the numbers of requests that the passes of the report tell, each once."""
    tried = r"(?:[A-Z]+ /\S*|Linked operations(?:, part \d+ of \d+)?)"
    told = re.findall(tried + r": \d+ (?:generated requests|requests in chains)", text)
    return [re.findall(r": (\d+) ", line)[0] for line in dict.fromkeys(told)]


def theirs(url: str, folder: Path, workers: int) -> float:
    """Return the cases a second of a whole run of the Schemathesis command."""
    command = [str(Path(sys.executable).parent / "st"), "run", f"{url}/openapi.yaml", "--url", url, "--no-color"]
    command += ["--header", f"Authorization: Bearer {KEY}", "--phases", "examples,coverage,fuzzing,stateful"]
    command += ["--max-examples", str(2 * EXAMPLES), "--continue-on-failure", "--workers", str(workers), "--seed", "1"]
    hooks = ROOT / "tests/real/sandbox/schemathesis_hooks.py"
    seconds, output = timed(command, folder, SCHEMATHESIS_HOOKS=str(hooks))
    match = re.search(r"(\d+) generated", output)
    if match is None:
        raise SystemExit(f"the Schemathesis command told no number of cases:\n{output[-2000:]}")
    return int(match[1]) / seconds


def timed(command: list[str], folder: Path, **env: str) -> tuple[float, str]:
    """Return seconds and output of a command that runs from start to end."""
    start = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PRODUCT_API_KEY": KEY, "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        text=True,
        check=False,
    )
    return time.perf_counter() - start, done.stdout + done.stderr


def speed() -> list[Row]:
    """Compare cases a second, each pair on a product of its own."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runs: dict[str, Callable[[str], float]] = {
            "harness fuzz": lambda url: ours(url, folder),
            "st run": lambda url: theirs(url, folder, 1),
            "harness fuzz -n2": lambda url: ours(url, folder, "-n2"),
            "st run --workers 2": lambda url: theirs(url, folder, 2),
        }
        for label, run in runs.items():
            with product() as url:
                figures[label] = run(url)
    one, other, two, threads = figures.values()
    return [
        *(Row(work=f"{label}, whole run", value=value, unit="cases/s") for label, value in figures.items()),
        Row(work="harness fuzz against st run", value=one / other, unit="x", bar=">= 2.0"),
        Row(work="harness fuzz -n2 against st run --workers 2", value=two / threads, unit="x", bar=">= 3.0"),
    ]


def collecting() -> list[Row]:
    """Return what GitHub's description costs while tests are collected, beside one of a single operation."""
    tiny = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"get": {"responses": {}}}}}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spent = []
        for content in (json.dumps(tiny).encode(), GITHUB.read_bytes()):
            (folder / "harness.toml").write_text(TARGET.format(url="http://127.0.0.1:9"), encoding="utf-8")
            (folder / "openapi.yaml").write_bytes(content)
            command = [sys.executable, "-m", "pytest", "--pyargs", "harness.suite.test_2_contract", "--collect-only"]
            spent.append(min(processor_s([*command, "-q", "-p", "no:schemathesis"], folder) for _ in range(3)))
    return [
        Row(work="collecting GitHub's 1,223 operations, whole pytest", value=spent[1], unit="s CPU"),
        Row(work="of it for the description itself", value=spent[1] - spent[0], unit="s CPU", bar="<= 2"),
    ]


def processor_s(command: list[str], folder: Path) -> float:
    """Return the processor time a command takes, in seconds: other work on the machine does not count."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    timed(command, folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def validating() -> list[Row]:
    """Compare validations a second of a pull request of 22 KB against GitHub's description."""
    document = json.loads(GITHUB.read_text(encoding="utf-8"))
    spec = Spec(document, "GitHub", "https://api.github.com")
    path = "https://api.github.com/repos/o/r/pulls/7"
    pull = document["components"]["examples"]["pull-request"]["value"]
    for team in pull["requested_teams"]:
        team["type"] = "organization"  # required, and forgotten in GitHub's own example
    body = json.dumps(pull).encode()
    request = httpx.Request("GET", path)
    response = httpx.Response(200, headers={"content-type": "application/json"}, content=body, request=request)
    response.elapsed = dt.timedelta()  # what a client would have set
    operation = spec.find("GET", path)
    assert operation is not None
    assert operation.violations(response) == []
    raw = operation.raw
    mine, schemathesis = per_second(lambda: operation.violations(response), lambda: raw.is_valid_response(response))
    rows = [
        Row(work=f"validating a response of {len(body) // 1000} KB", value=mine, unit="/s"),
        Row(
            work="the same against Schemathesis' validate_response", value=mine / schemathesis, unit="x", bar=">= 0.95"
        ),
    ]
    slow = openapi_core(document, path, body)
    if slow is None:
        sys.stderr.write("openapi-core is not installed (uv pip install --group bench), so its row is left out.\n")
        return rows
    [core] = per_second(slow)
    return [*rows, Row(work="the same against openapi-core", value=mine / core, unit="x", bar=">= 20")]


def openapi_core(document: dict[str, Any], url: str, body: bytes) -> Callable[[], object] | None:
    """Return openapi-core's validation of the same response; None where it is not installed."""
    try:
        core, testing = (importlib.import_module(name) for name in ("openapi_core", "openapi_core.testing"))
    except ImportError:
        return None
    api = core.OpenAPI.from_dict(document)
    request = testing.MockRequest("https://api.github.com", "get", url.removeprefix("https://api.github.com"))
    response = testing.MockResponse(data=body, content_type="application/json")
    return lambda: next(iter(api.iter_response_errors(request, response)), None)


def per_second(*works: Callable[[], object], seconds: float = 0.5, rounds: int = 5) -> list[float]:
    """Return how often a second each can be done: the best of several rounds, in turns."""
    best = [0.0] * len(works)
    for _ in range(rounds):
        for index, work in enumerate(works):
            count, start = 0, time.perf_counter()
            while (spent := time.perf_counter() - start) < seconds:
                work()
                count += 1
            best[index] = max(best[index], count / spent)
    return best


def main() -> None:
    """Measure and print."""
    rows = []
    for level, seeds, bar in (("quick", SEEDS, ">= 90"), ("standard", SEEDS, ">= 100")):
        share, missed = detection(level, seeds)
        sys.stderr.write("".join(f"{level} missed {miss}\n" for miss in missed))
        rows.append(Row(work=f"{len(planted())} defects x {len(seeds)} seeds, {level}", value=share, unit="%", bar=bar))
    work = f"false alarms, deep ({DEEP_S:.0f} s per operation), {len(SAMPLE)} seeds"
    rows.append(Row(work=work, value=false_alarms(), unit="findings", bar="<= 0"))
    rows += speed()
    rows += [*collecting(), *validating()] if GITHUB.is_file() else []
    show("The contract: found, missed, and how fast", rows)


if __name__ == "__main__":
    main()
