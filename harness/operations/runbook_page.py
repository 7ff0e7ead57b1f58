"""Markdown files read for what can be checked: front matter, headings, passages below them, links, anchors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from harness.operations.runbook_passages import Heading, Passage, read_passages
from harness.operations.runbook_text import read_source

_PARSER = MarkdownIt("commonmark").enable("table")
_EXPLICIT_ID = re.compile(r"""<[a-zA-Z][^<>]*?\s(?:id|name)\s*=\s*["']?([^"'\s>]+)""")
_HTML_LINK = re.compile(r"""<(?:a|img)\s[^<>]*?(?:href|src)\s*=\s*["']([^"']+)["']""", re.IGNORECASE)


class Link(NamedTuple):
    """One link or image."""

    target: str
    line: int


class Snippet(NamedTuple):
    """One block of code."""

    language: str
    """As it is named behind the fence, in small letters; empty where it is not."""
    text: str
    line: int


class RunbookPage(NamedTuple):
    """A parsed file."""

    path: Path
    front: dict[str, Any]
    """Its front matter, with keys as ``lower_case``."""
    facts: dict[str, str]
    """What lines such as ``Owner: team-payments`` state, with keys as in the front matter."""
    headings: tuple[Heading, ...]
    passages: tuple[Passage, ...]
    links: tuple[Link, ...]
    anchors: frozenset[str]
    """The names under which GitHub links to the headings, and explicit ids, all in small letters."""
    snippets: tuple[Snippet, ...] = ()
    problems: tuple[str, ...] = ()
    """What is wrong with the file as such, each as ``line: what, and what to do``."""
    front_is_readable: bool = True

    def values(self, keys: Iterable[str]) -> Iterator[object]:
        """Yield what the front matter, and then the text, states under any of these keys."""
        for known in (self.front, self.facts):
            yield from (known[key] for key in keys if known.get(key) not in (None, "", []))


def read_document(path: Path) -> RunbookPage:
    """Read a file; raises ValueError with line and reason where it cannot be read."""
    source = read_source(path)
    tokens = _PARSER.parse(source.body)
    content = read_passages(tokens, source.offset)
    return RunbookPage(
        path=path,
        front={snake_case(key): value for key, value in source.front.items()},
        facts={snake_case(key): value for key, value in reversed(content.facts)},
        headings=tuple(content.headings),
        passages=tuple(content.passages),
        links=tuple(_links(tokens, source.offset)),
        anchors=frozenset(anchor.lower() for anchor in _anchors(content.headings, tokens)),
        snippets=tuple(_snippets(tokens, source.offset)),
        problems=source.problems,
        front_is_readable=source.front_is_readable,
    )


def slug(title: str) -> str:
    """Return the anchor GitHub gives a heading: in small letters, without punctuation, a hyphen for each space."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def snake_case(key: str) -> str:
    """Return a key in one spelling: ``Last-Reviewed``, ``lastReviewed`` and ``last reviewed`` are the same."""
    return re.sub(r"[\s-]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key.strip())).lower()


def _anchors(headings: Sequence[Heading], tokens: Sequence[Token]) -> Iterator[str]:
    """Yield each anchor; those of equal headings are numbered from ``-1``."""
    seen: Counter[str] = Counter()
    for heading in headings:
        anchor = slug(heading.title)
        yield f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor
        seen[anchor] += 1
        # Other pages than GitHub's drop what a leading emoji leaves behind.
        yield anchor.strip("-")
        if heading.anchor:
            yield heading.anchor
    for html in _html(tokens):
        yield from _EXPLICIT_ID.findall(html.content)


def _links(tokens: Sequence[Token], offset: int) -> Iterator[Link]:
    for token in tokens:
        line = offset + (token.map or [0])[0] + 1
        for child in token.children or ():
            target = child.attrGet("href") or child.attrGet("src")
            if isinstance(target, str):
                yield Link(target, line)
        for html in _html([token]):
            yield from (Link(target, line) for target in _HTML_LINK.findall(html.content))


def _snippets(tokens: Sequence[Token], offset: int) -> Iterator[Snippet]:
    for token in tokens:
        if token.type == "fence":
            language = token.info.strip().partition(" ")[0].lower()
            yield Snippet(language, token.content, offset + (token.map or [0])[0] + 2)


def _html(tokens: Iterable[Token]) -> Iterator[Token]:
    """Yield all raw HTML, but for comments."""
    for token in tokens:
        found = [token] if token.type == "html_block" else (token.children or ())
        for html in found:
            if html.type in ("html_block", "html_inline") and not html.content.lstrip().startswith("<!--"):
                yield html
