"""An alert's link is followed to one of the team's runbooks, whatever its form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.operations.runbook_link import AlertLink, RunbookIndex
from harness.operations.runbook_page import RunbookPage, read_document

FILES = {
    "docs/runbooks/dead-letters.md": "# Dead letters\n\n## First aid\n",
    "docs/runbooks/PaymentsDown.md": "# Down\n",
    "docs/runbooks/inbox/README.md": "# Inbox\n\n## InboxStuck\n",
    "other/dead-letters.md": "# Others\n",
    "rules/near.md": "# Near\n",
}
CODE = "https://github.com/acme/pay/blob/main"

LINKS = {
    "from harness.toml": ("docs/runbooks/dead-letters.md", "docs/runbooks/dead-letters.md", ""),
    "from the rules": ("near.md", "rules/near.md", ""),
    "from the root": ("/docs/runbooks/dead-letters.md", "docs/runbooks/dead-letters.md", ""),
    "with a heading": ("docs/runbooks/dead-letters.md#First-Aid", "docs/runbooks/dead-letters.md", ""),
    "on GitHub": (f"{CODE}/docs/runbooks/dead-letters.md", "docs/runbooks/dead-letters.md", ""),
    "on GitHub, another folder": (f"{CODE}/other/dead-letters.md", "other/dead-letters.md", ""),
    "on GitHub, with a heading": (f"{CODE}/other/dead-letters.md#x", "other/dead-letters.md", "x"),
    "on a site of runbooks": ("https://runbooks.example/payments/paymentsdown/", "docs/runbooks/PaymentsDown.md", ""),
    "on a site, whose headings are its own": ("https://x.example/PaymentsDown#a", "docs/runbooks/PaymentsDown.md", ""),
    "a page of a site": ("https://x.example/manual/PaymentsDown.html", "docs/runbooks/PaymentsDown.md", ""),
    "a folder with an index": ("https://x.example/runbooks/inbox/", "docs/runbooks/inbox/README.md", ""),
    "a fragment that is a runbook": ("https://x.example/all#dead-letters", "docs/runbooks/dead-letters.md", ""),
    "a fragment that is the alert": ("https://x.example/all#inboxstuck", "docs/runbooks/inbox/README.md", ""),
    "somewhere else": ("https://wiki.example/x/1", None, ""),
    "a host alone": ("https://wiki.example", None, ""),
    "a host that is none": ("https://[runbooks", None, ""),
    "not there": ("docs/runbooks/gone.md", None, ""),
    "a name too long for a file": ("a" * 300, None, ""),
    "a template": ("https://x.example/{{ $labels.alertname }}", None, ""),
    "nothing": ("", None, ""),
}


@pytest.fixture
def pages(tmp_path: Path) -> list[RunbookPage]:
    """The runbooks of a team."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return [read_document(tmp_path / name) for name in FILES]


def no_names(_: RunbookPage) -> list[str]:
    """Return no alert, as a runbook without front matter does."""
    return []


@pytest.mark.parametrize("link, file, anchor", LINKS.values(), ids=LINKS)
def test_a_link_is_followed(tmp_path: Path, pages: list[RunbookPage], link: str, file: str | None, anchor: str) -> None:
    """By its path, or by the last parts of its URL; a heading counts where the file itself is shown."""
    alert = AlertLink(name="InboxStuck", link=link, where="rules/a.yml:3", folder=tmp_path / "rules")
    others = [page for page in pages if "InboxStuck" not in page.path.read_text() or file]

    found = RunbookIndex(others, tmp_path, no_names).reach(alert)

    assert (found.page and found.page.path) == (file and tmp_path / file)
    assert found.anchor == anchor


def test_a_file_that_is_none_of_the_runbooks_is_reported(tmp_path: Path, pages: list[RunbookPage]) -> None:
    """So that its fitness is not taken for checked."""
    alert = AlertLink(name="A", link="other/dead-letters.md", where="rules/a.yml:3")

    found = RunbookIndex(pages[:2], tmp_path, no_names).reach(alert)

    assert found == (None, "", tmp_path / "other/dead-letters.md")


NAMING: dict[str, tuple[str, Callable[[RunbookPage], list[str]]]] = {
    "its front matter": ("dead-letters.md", lambda page: ["Stuck"] if page.path.stem == "dead-letters" else []),
    "a heading": ("README.md", no_names),
    "its file": ("PaymentsDown.md", no_names),
}


@pytest.mark.parametrize(
    "alert, by", [("Stuck", "its front matter"), ("InboxStuck", "a heading"), ("PaymentsDown", "its file")]
)
@pytest.mark.parametrize("link", ["", "https://wiki.example/x/1", "docs/gone.md"], ids=["none", "elsewhere", "dead"])
def test_a_runbook_may_name_its_alerts(
    tmp_path: Path, pages: list[RunbookPage], alert: str, by: str, link: str
) -> None:
    """That counts where the link leads to none."""
    file, names = NAMING[by]

    found = RunbookIndex(pages, tmp_path, names).reach(AlertLink(name=alert, link=link, where="a.yml:1"))

    assert found.page
    assert found.page.path.name == file
    assert not found.anchor
