"""Markdown files read for what can be checked: front matter, sections, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from harness.core.yaml import UnreadableYamlError, read_yaml

_FRONT_MATTER = re.compile(r"\A---\n(.*?\n)---\n", re.DOTALL)
_PARSER = MarkdownIt("commonmark")


class RunbookSection(NamedTuple):
    """One heading with the content below it, up to the next heading."""

    title: str
    line: int
    text: str
    actionable: bool
    """Whether it holds a command or a link."""


class Link(NamedTuple):
    """One link or image."""

    target: str
    line: int


class RunbookPage(NamedTuple):
    """A parsed file."""

    path: Path
    front: dict[str, Any]
    sections: tuple[RunbookSection, ...]
    links: tuple[Link, ...]

    @property
    def anchors(self) -> set[str]:
        """The names under which GitHub links to the headings."""
        return {slug(s.title) for s in self.sections}


def read_document(path: Path) -> RunbookPage:
    """Read a file; raises ValueError with line and reason where it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ValueError("1: it is not UTF-8 text") from None
    match = _FRONT_MATTER.match(text)
    front, body = (_front(match[1]), text[match.end() :]) if match else ({}, text)
    offset = text[: len(text) - len(body)].count("\n")
    tokens = _PARSER.parse(body)
    return RunbookPage(path, front, tuple(_sections(tokens, offset)), tuple(_links(tokens, offset)))


def slug(title: str) -> str:
    """Return the anchor GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")


def _front(text: str) -> dict[str, Any]:
    try:
        front = read_yaml(text.encode())
    except UnreadableYamlError as exc:
        line = (getattr(exc, "line", None) or 0) + 1
        raise ValueError(f"{line}: its front matter is not YAML") from None
    return front if isinstance(front, dict) else {}


def _sections(tokens: list[Token], offset: int) -> Iterator[RunbookSection]:
    section: RunbookSection | None = None
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "heading_open":
            if section:
                yield section
            section = RunbookSection("", offset + (token.map or [0])[0] + 1, "", actionable=False)
        elif section and before is not None and before.type == "heading_open":
            section = section._replace(title=token.content)
        elif section and token.content:
            linked = any(c.type in ("link_open", "code_inline") for c in token.children or ())
            acts = section.actionable or linked or token.type in ("fence", "code_block")
            section = section._replace(text=f"{section.text}{token.content}\n", actionable=acts)
    if section:
        yield section


def _links(tokens: list[Token], offset: int) -> Iterator[Link]:
    for token in tokens:
        for child in token.children or ():
            target = child.attrGet("href") or child.attrGet("src")
            if isinstance(target, str):
                yield Link(target, offset + (token.map or [0])[0] + 1)
