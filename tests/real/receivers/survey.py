"""What the gates of the vendors' own receivers find, as a page, which ``make receivers`` writes.

``python -m tests.real.receivers.survey NAME…`` prints the parts of the page about some of them.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from harness.model import Finding
from harness.model.report import Report
from tests.real.conftest import REAL
from tests.real.receivers.targets import HERE, report_of, wrong

ENVS = ("vendors", "django", "sdks")
AT_ONCE = 2
MEASURED = frozenset({"ack-latency", "burst", "duplicates-at-once", "duplicates-unread", "killed-after-ack", "memory"})
"""Checks whose outcome depends on the machine too, so the page leaves them out."""


class Package(NamedTuple):
    """Where a receiver's library comes from."""

    name: str
    registry: str

    @property
    def described(self) -> str:
        """The package with its version, where a file of this repository locks it."""
        locked = _locked(self)
        return f"{self.name} {locked} from {self.registry}" if locked else f"{self.name} from {self.registry}"


class Real(NamedTuple):
    """One receiver."""

    name: str
    """Of its folder."""
    package: Package

    @property
    def target(self) -> Path:
        """The folder of its harness.toml."""
        return HERE / self.name

    @property
    def config(self) -> dict[str, Any]:
        """Its harness.toml."""
        return tomllib.loads((self.target / "harness.toml").read_text(encoding="utf-8"))

    @property
    def script(self) -> str:
        """Path of its source below tests/real."""
        words = self.config["process"]["receiver"]["command"]
        return str(next(word.removeprefix("REAL/") for word in words if re.search(r"\.(mjs|py|rb|php|json)$", word)))


RECEIVERS = (
    Real("stripe-flask", Package("stripe", "PyPI")),
    Real("stripe-express", Package("stripe", "npm")),
    Real("standardwebhooks-fastapi", Package("standardwebhooks", "PyPI")),
    Real("standardwebhooks-express", Package("standardwebhooks", "npm")),
    Real("svix-fastapi", Package("svix", "PyPI")),
    Real("svix-express", Package("svix", "npm")),
    Real("octokit", Package("@octokit/webhooks", "npm")),
    Real("github-sinatra", Package("ruby-sinatra", "Debian")),
    Real("github-webhook", Package("webhook", "Debian")),
    Real("slack-bolt-python", Package("slack-bolt", "PyPI")),
    Real("slack-bolt-node", Package("@slack/bolt", "npm")),
    Real("shopify-express", Package("@shopify/shopify-api", "npm")),
    Real("shopify-php", Package("php-cli", "Debian")),
    Real("twilio-express", Package("twilio", "npm")),
    Real("discord-express", Package("discord-interactions", "npm")),
    Real("paddle-express", Package("@paddle/paddle-node-sdk", "npm")),
    Real("square-node", Package("square", "npm")),
    Real("sendgrid-django", Package("django-anymail", "PyPI")),
)


def _locked(package: Package) -> str:
    if package.registry == "npm":
        return str(json.loads((REAL / "node" / "package.json").read_text())["dependencies"][package.name])
    if package.registry == "Debian":
        return ""
    lines = [line for env in ENVS for line in (REAL / "envs" / f"{env}.lock").read_text().splitlines()]
    return next(line.split(" ")[0].split("==")[1] for line in lines if line.startswith(f"{package.name}=="))


RESPONSES = {
    "HTTP 5": "answers 5xx",
    "HTTP 2": "accepts",
    "HTTP 4": "refuses",
    "HTTP 3": "redirects",
    "no answer": "does not answer",
}


def part(real: Real, report: Report) -> Iterator[str]:
    """Yield the lines of the page about one receiver."""
    scheme = real.config["receiver"]["signature"]["scheme"]
    yield f"## {real.config['target']['name']}"
    yield ""
    yield f"{real.package.described}, scheme `{scheme}`, as in"
    yield f"[{real.script.rpartition('/')[2]}](../tests/real/{real.script}):"
    yield ""
    yield "| level | item | what is wrong | deliveries or drills | the receiver |"
    yield "|---|---|---|---|---|"
    notes = [f for item in report.items if item.id.startswith("webhooks.") for f in item.notes]
    rows = {_row(f) for f in (*wrong(report), *notes) if f.check not in MEASURED}
    for note, level, item, text, cases, did in sorted(rows):
        named = ", ".join(f"`{case}`" for case in cases)
        yield f"| {'note' if note else level} | `{item}` | {_cell(text)} | {named} | {did} |"
    yield ""


def _row(finding: Finding) -> tuple[bool, str, str, str, tuple[str, ...], str]:
    """Return what a row has, in the order by which rows are sorted."""
    cases = tuple(sorted({m.subject for m in finding.members} - MEASURED)) or (finding.case or finding.check,)
    return finding.note != "", finding.level.value, finding.item, finding.cause_or_summary, cases, _did(finding)


def _cell(text: str) -> str:
    return re.sub(r" \(F-[0-9a-f]{10}\)", "", text).replace("|", "\\|").replace("\\u", "\\\\u")


def _did(finding: Finding) -> str:
    """Return what a receiver did, in words that are the same in every run."""
    seen = finding.members[0].observed if finding.members else finding.observed
    if ", and the response contains" in seen:
        return "reveals the right signature"
    answered = next((words for start, words in RESPONSES.items() if seen.startswith(start)), "")
    if answered:
        return answered
    *_, effects = re.findall(r"(\d+) effects?", seen) or ["1"]
    if effects == "0":
        return "does not process it"
    return "processes it more than once" if finding.item == "webhooks.idempotent" else "processes it"


INTRODUCTION = """# What real receivers do

Every check of step 3, webhooks, run against receivers of a few lines each, as their vendors show them, uncorrected.
`make receivers` generates this page from their gates; each has its `harness.toml` and the causes that a person found by
hand, as rows, in `tests/real/receivers`. Each check names its source in [the list of checks](checks.md). A
vendor's library alone is not a receiver, so most rows are about the code around it: an exception that nobody catches
becomes a 5xx, an event that nobody remembers is processed twice, and the sender delivers both again.

`must` blocks a release, `should` warns, and a `note` is what no user of the library can change. What depends on the
machine too is not listed: a burst, one event many times at once or before its first answer, the time of an
acknowledgement, a kill right after it, and memory.

"""


def main() -> None:
    """Print the page, or the part of it about the receivers that are named."""
    chosen = [r for r in RECEIVERS if r.name in sys.argv[1:]] or list(RECEIVERS)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        sys.stdout.write(INTRODUCTION if len(chosen) == len(RECEIVERS) else "")
        for number, text in enumerate(pool.map(_surveyed, chosen)):
            sys.stdout.write("\n" * bool(number) + text)
            sys.stdout.flush()  # a gate that cannot run must not lose what the others found


def _surveyed(real: Real) -> str:
    with tempfile.TemporaryDirectory() as folder:
        return "\n".join(part(real, report_of(real.name, Path(folder))))


if __name__ == "__main__":
    main()
