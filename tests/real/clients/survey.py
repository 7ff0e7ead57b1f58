"""What the gates of clients made with vendors' own SDKs find, as a page, which ``make clients`` writes.

``python -m tests.real.clients.survey NAME…`` prints the parts of the page about some of them.
"""

from __future__ import annotations

import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from harness.model import Finding, Level, Outcome
from harness.model.report import Report
from harness.resilience.client_cases import CASES
from harness.resilience.client_drills import DRILLS
from harness.resilience.credential_leak import CASES as TRANSPORT
from tests.real.conftest import REAL
from tests.real.gates import Cause, Kind, causes, gate, judge, listed
from tests.real.receivers.survey import Package

HERE = Path(__file__).parent
AT_ONCE = 2
MEASURED = ("jitter",)
"""Checks whose outcome depends on the machine at every client: its noise spreads pauses that are the same. The table
leaves them out, and their causes are `rare`."""


class Sdk(NamedTuple):
    """One SDK, with a workflow of two or three calls."""

    name: str
    """Of its folder."""
    package: Package
    heading: str
    """Of its column."""

    @property
    def config(self) -> dict[str, Any]:
        """Its harness.toml."""
        return tomllib.loads((HERE / self.name / "harness.toml").read_text(encoding="utf-8"))

    @property
    def title(self) -> str:
        """Name of its target."""
        return str(self.config["target"]["name"])

    @property
    def script(self) -> str:
        """Path of its source below tests/real."""
        return str(self.config["client"]["command"][-1].removeprefix("REAL/"))

    @property
    def home(self) -> Path:
        """The folder that tests/real/install makes: of modules for Node, or an environment of Python."""
        program = str(self.config["client"]["command"][0]).removeprefix("REAL/")
        return REAL / "node" / "node_modules" if program == "node" else (REAL / program).parent.parent

    @property
    def libraries(self) -> Path:
        """The folder that its package is installed in."""
        return next(self.home.glob("lib/python*/site-packages"), self.home)


CLIENTS = (
    Sdk("stripe-python", Package("stripe", "PyPI"), "stripe, Python"),
    Sdk("stripe-node", Package("stripe", "npm"), "stripe, Node"),
    Sdk("slack-python", Package("slack-sdk", "PyPI"), "slack_sdk"),
    Sdk("octokit-node", Package("@octokit/plugin-retry", "npm"), "octokit"),
    Sdk("openai-python", Package("openai", "PyPI"), "openai"),
    Sdk("s3-python", Package("boto3", "PyPI"), "boto3"),
    Sdk("requests-python", Package("requests", "PyPI"), "requests"),
    Sdk("axios-node", Package("axios-retry", "npm"), "axios"),
)


def gated(name: str, folder: Path) -> tuple[Report, float]:
    """Run every case of clients against one; return the report, and the seconds that it took."""
    return gate(HERE / name, folder, "--only", "resilience,auth.transport")


def report_of(name: str, folder: Path) -> Report:
    """Run every case of clients against one; return the report."""
    return gated(name, folder)[0]


def found_in(report: Report) -> list[Finding]:
    """Return what the report lists about the client."""
    return [f for f in listed(report) if _is_about_client(f)]


def _is_about_client(finding: Finding) -> bool:
    return finding.item.startswith("resilience.") or finding.item in ("auth.transport", "workflow.tolerance")


def rows_of(name: str) -> tuple[Cause, ...]:
    """Return what a person found in a client."""
    return causes(HERE / name)


def marks(report: Report, rows: Iterable[Cause]) -> dict[str, str]:
    """Return by case what the client did with it, in a word."""
    findings = [f for item in report.items for f in item.findings if _is_about_client(f)]
    varying = {row.checks for row in rows if row.rare}
    return {f.check: "varies" if f.check in varying else _mark(f) for f in findings if f.check not in MEASURED}


def _mark(finding: Finding) -> str:
    if finding.outcome is Outcome.FAIL:
        return "**fails**" if finding.level is Level.MUST else "fails"
    return {Outcome.PASS: "passes", Outcome.NOT_APPLICABLE: "-"}.get(finding.outcome, str(finding.outcome.value))


def part(sdk: Sdk, report: Report) -> Iterator[str]:
    """Yield the lines of the page about one SDK."""
    yield f"## {sdk.title}"
    yield ""
    yield f"{sdk.package.described}, as in [{sdk.script.rpartition('/')[2]}](../tests/real/{sdk.script}):"
    yield ""
    yield "| what it does | cases | where |"
    yield "|---|---|---|"
    judgement = judge(found_in(report), rows_of(sdk.name))
    for cause, findings in judgement.found.items():
        checks = [cause.checks] if cause.rare else [f.check for f in findings]
        if checks:
            why = cause.why if cause.kind is not Kind.NOTE else f"{cause.why} (a matter of policy)"
            yield f"| {why} | {', '.join(f'`{check}`' for check in checks)} | {', '.join(_places(cause))} |"
    for finding in judgement.unknown:
        yield f"| not yet explained | `{finding.check}` | |"
    yield ""


def _places(cause: Cause) -> list[str]:
    return [f"`{place.split(' ', 1)[0]}`" for place in cause.confirmed]


def table(by_name: Mapping[str, Report]) -> Iterator[str]:
    """Yield the lines of the table of all cases and clients."""
    shown = [sdk for sdk in CLIENTS if sdk.name in by_name]
    did = {name: marks(report, rows_of(name)) for name, report in by_name.items()}
    yield f"| case | {' | '.join(sdk.heading for sdk in shown)} |"
    yield f"|---|{'---|' * len(shown)}"
    for case in (*CASES, *DRILLS, *TRANSPORT):
        cells = [did[sdk.name].get(case.id, "-") for sdk in shown]
        if set(cells) != {"-"}:
            yield f"| `{case.id}` | {' | '.join(cells)} |"
    yield ""


def row_of(case_id: str, page: str, sdk: Sdk) -> str:
    """Return what the table of a page has about one case of one client."""
    lines = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("|")]
    column = next(cells for cells in lines if cells[0] == "case").index(sdk.heading)
    return next((cells[column] for cells in lines if cells[0] == f"`{case_id}`"), "-")


def document(by_name: Mapping[str, Report]) -> str:
    """Return the whole of docs/clients.md."""
    parts = ["\n".join(part(sdk, by_name[sdk.name])) for sdk in CLIENTS]
    return INTRODUCTION + "\n".join([*table(by_name), *parts])


INTRODUCTION = """# What real clients do

Every case of step 4, retries and failures, run against workflows of two or three calls, made with vendors' own SDKs as
their documentation shows them, with the retries that they offer turned on. The provider is the sandbox, or a small one
in the vendor's shape. `make clients` generates this page; each client has its `harness.toml` and the causes that a
person found in the SDK's source, as rows, in `tests/real/clients`. What each case is, and its source, is in
[the list of checks](checks.md).

**fails** blocks a release, and "fails" alone warns. "-" means that a case does not apply: most of these demand that a
write is repeated, where the vendor's API has no idempotency keys. Such a write may fail instead, in whatever way:
slack_sdk ends with a ValueError where `Retry-After` is a date. "varies" means that the load of the machine decides. It
also decides `jitter`, which the table leaves out: pauses that a client means to be the same differ on a busy machine.
What may fail so is listed with its cause. A file and a line are those of the installed package, at the version that is
locked.

Four clients pass every required case, and can serve as examples: in
[bash with curl](../tests/real/clients/workflow.sh), in
[Java with its HttpClient](../tests/real/clients/ProductClient.java), in
[Node with fetch](../tests/real/node/product/client.mjs), which fails one recommendation (`interim-100`), and
[the sandbox' in Python](../harness/sandbox/integration/client.py). Their HTTP libraries leave you to add: a deadline
for the whole response, where the timeout of Java's `HttpRequest` ends with its head and that of Python's sockets begins
again with each piece; `Retry-After`; and a credential that is no argument of `curl`, which every user of the machine
can read.

"""


def main() -> None:
    """Print the page, or the parts of it about the clients that are named."""
    chosen = [sdk for sdk in CLIENTS if sdk.name in sys.argv[1:]] or list(CLIENTS)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        reports = dict(zip((sdk.name for sdk in chosen), pool.map(_surveyed, chosen), strict=True))
    if len(chosen) == len(CLIENTS):
        sys.stdout.write(document(reports))
    else:
        lines: Iterable[str] = (*table(reports), *(line for sdk in chosen for line in part(sdk, reports[sdk.name])))
        sys.stdout.write("\n".join(lines))


def _surveyed(sdk: Sdk) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        return report_of(sdk.name, Path(folder))


if __name__ == "__main__":
    main()
