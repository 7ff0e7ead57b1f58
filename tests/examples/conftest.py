"""The documents of this repository, and the snippets in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("*.md")),
)


class Snippet(NamedTuple):
    """One fenced block."""

    document: Path
    line: int
    language: str
    title: str
    """File the snippet is, where the block says so: ```` ```toml title="harness.staging.toml" ````."""
    text: str

    def __str__(self) -> str:
        return f"{self.document.name}:{self.line}"


@pytest.fixture(scope="session")
def snippets() -> Callable[..., list[Snippet]]:
    """Return the snippets in any of the given languages, in order."""
    found = [s for document in DOCUMENTS for s in _snippets(document)]

    def select(*languages: str) -> list[Snippet]:
        chosen = [s for s in found if s.language in languages]
        assert chosen, f"no document shows any {languages}"
        return chosen

    return select


@pytest.fixture(scope="session")
def documents() -> tuple[Path, ...]:
    """Every document a user may read."""
    return DOCUMENTS


def _snippets(document: Path) -> list[Snippet]:
    fences = [t for t in MarkdownIt("commonmark").parse(document.read_text(encoding="utf-8")) if t.type == "fence"]
    found = []
    for fence in fences:
        language, _, title = fence.info.partition(" title=")
        line = (fence.map or [0])[0] + 1
        found.append(Snippet(document, line, language.strip(), title.strip('"'), fence.content))
    return found
