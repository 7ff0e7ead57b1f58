"""The passages of a Markdown text, each with the titles that it stands under.

A title is a heading; or what a team writes in place of one: a bold lead-in (``**Impact:** …``), a line that ends with a
colon, a heading in HTML, the first cell of a table's row, or the head of its column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from markdown_it.token import Token

from harness.operations.runbook_sections import sections_of

_HTML_HEADING = re.compile(r"<(h[1-6]|summary)\b[^<>]*>(.{0,300}?)</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<!--.*?(?:-->|\Z)|<[^<>]*>", re.DOTALL)
_ATTRIBUTES = re.compile(r"\{:?\s*(?:#([\w:.-]+))?[^{}]*\}")
"""``{#anchor}`` behind a heading, as Hugo, kramdown and Material for MkDocs read it."""
_LEAD_IN = re.compile(r"(?P<name>[^:]{2,60}?)\s{0,9}(?::|\s[\u2013\u2014-]\s)")
_MAX_TITLE_WORDS = 5
_FACT_WORDS = 4
"""A lead-in with fewer words behind it is a fact, as ``**Severity**: critical``, and opens no section."""
_SUMMARY_LEVEL = 7


class Heading(NamedTuple):
    """One heading."""

    level: int
    title: str
    line: int
    anchor: str = ""
    """The id that the text gives it."""
    sections: frozenset[str] = frozenset()
    """Names of the sections that it opens; the title of a whole page opens none."""


class Passage(NamedTuple):
    """A paragraph with the code that follows it, or a cell of a table."""

    line: int
    text: str
    """Its words, without the code."""
    sections: frozenset[str] = frozenset()
    """Names of the sections that the titles above it open."""
    opened_at: int = 0
    """Line of the nearest title above it."""
    actionable: bool = False
    """Whether it holds a link, or anything that is written as code."""
    command: bool = False
    """Whether it holds a link, a block of code, or code of several words or with a path."""
    is_fact: bool = False
    """Whether it is a name and a word or three, as ``**Severity**: critical``."""
    code: str = ""


class _Title(NamedTuple):
    level: int
    sections: frozenset[str]
    line: int


class PassageReader:
    """What has been read so far: headings, passages, and facts (``Owner: team-payments``)."""

    def __init__(self) -> None:
        self.headings: list[Heading] = []
        self.passages: list[Passage] = []
        self.facts: list[tuple[str, str]] = []
        self._above: list[_Title] = []
        self._lead_ins: list[_Title] = []
        self._takes_code = False

    def open_heading(self, heading: Heading) -> None:
        """Begin the section of a heading, which ends those of its level and below."""
        heading = heading._replace(sections=sections_of(heading.title))
        self.headings.append(heading)
        self._lead_ins.clear()
        self._above = [t for t in self._above if t.level < heading.level]
        self._above.append(_Title(heading.level, heading.sections, heading.line))
        self._takes_code = False

    def open_lead_in(self, level: int, name: str, line: int) -> None:
        """Begin what a lead-in opens, at the level of nesting of its block."""
        self.leave(level - 1)
        self._lead_ins.append(_Title(level, sections_of(name), line))
        self._takes_code = False

    def leave(self, level: int) -> None:
        """End what lead-ins opened in deeper blocks than ``level``."""
        self._lead_ins = [t for t in self._lead_ins if t.level <= level]

    def add(self, passage: Passage, names: Sequence[str] = ()) -> None:
        """Add a passage below the present titles, and below ``names`` that hold for it alone."""
        titles = [*self._above, *self._lead_ins]
        sections = frozenset[str]().union(*(t.sections for t in titles), *map(sections_of, names))
        opened_at = titles[-1].line if titles else passage.line
        self.passages.append(passage._replace(sections=sections, opened_at=opened_at))
        self._takes_code = True

    def add_code(self, line: int, text: str) -> None:
        """Add a block of code, to the passage before it where that stands under the same titles and introduces it."""
        if not self._takes_code:
            self.add(Passage(line, ""))
        before = self.passages[-1]
        self.passages[-1] = before._replace(code=f"{before.code}\n{text}", actionable=True, command=True)


def read_passages(tokens: Sequence[Token], offset: int) -> PassageReader:
    """Read the tokens of a text that begins ``offset`` lines below the top of its file."""
    content = PassageReader()
    title = _page_title(tokens)
    table = _TableReader()
    for index, token in enumerate(tokens):
        line = offset + (token.map or [0])[0] + 1
        if token.type == "heading_open":
            _read_heading(content, token, tokens[index + 1], line, is_title=index == title)
        elif token.type == "html_block":
            _read_html(content, token.content, line)
        elif token.type in ("fence", "code_block"):
            content.leave(token.level)
            content.add_code(line, token.content)
        elif token.type == "inline" and tokens[index - 1].type in ("th_open", "td_open"):
            table.read_cell(content, token, tokens[index - 1], line)
        elif token.type == "inline" and tokens[index - 1].type != "heading_open":
            _read_paragraph(content, token, line)
        elif token.type in ("table_open", "tr_open"):
            table.begin(token)
        elif token.nesting > 0:
            content.leave(token.level)
    return content


def _page_title(tokens: Sequence[Token]) -> int | None:
    """Return which heading is the title of the whole page: the first, if it is the only one of the first level."""
    found = [(t.tag, i) for i, t in enumerate(tokens) if t.type == "heading_open"]
    alone = [tag for tag, _ in found].count("h1") == 1
    return found[0][1] if alone and found[0][0] == "h1" else None


def _read_heading(content: PassageReader, opening: Token, inline: Token, line: int, *, is_title: bool) -> None:
    title = _plain(inline.children or ()).strip()
    attributes = _ATTRIBUTES.fullmatch(title, brace) if (brace := title.rfind("{")) >= 0 else None
    if attributes:
        title = title[:brace].rstrip()
    anchor = (attributes[1] or "") if attributes else ""
    heading = Heading(int(opening.tag[1]), title, line, anchor)
    if is_title:
        content.headings.append(heading)
    else:
        content.open_heading(heading)


def _read_html(content: PassageReader, html: str, line: int) -> None:
    """Read headings of HTML, and the text between them."""
    done = 0
    for match in _HTML_HEADING.finditer(html):
        _add_html(content, html[done : match.start()], line + html.count("\n", 0, done))
        level = _SUMMARY_LEVEL if match[1].lower() == "summary" else int(match[1][1])
        title = " ".join(_TAG.sub("", match[2]).split())
        heading = Heading(level, title, line + html.count("\n", 0, match.start()))
        if level == 1 and not content.headings:
            content.headings.append(heading)
        else:
            content.open_heading(heading)
        done = match.end()
    _add_html(content, html[done:], line + html.count("\n", 0, done))


def _add_html(content: PassageReader, html: str, line: int) -> None:
    if text := _TAG.sub(" ", html).strip():
        acts = re.search(r"<(a|pre|code)\b", html, re.IGNORECASE) is not None
        content.add(Passage(line, text, actionable=acts, command=acts))


def _read_paragraph(content: PassageReader, inline: Token, line: int) -> None:
    """Read the lines of a paragraph; each that begins with a section's name opens a passage of its own."""
    lines = list(_lines(inline.children or ()))
    gathered: list[Token] = []
    begun = line
    for number, children in enumerate(lines):
        text = _plain(children)
        name, rest = _lead_in(children, text)
        if name and rest:
            content.facts.append((name, rest))
        if name and sections_of(name):
            _add_inline(content, gathered, begun)
            gathered, begun = [], line + number
            if rest and len(rest.split()) < _FACT_WORDS and not rest.endswith(":"):
                passage = _passage(begun, text, children)
                content.add(passage._replace(is_fact=not passage.command), names=[name])
                continue
            content.open_lead_in(inline.level - 1, name, begun)
        gathered += children
    _add_inline(content, gathered, begun)


def _add_inline(content: PassageReader, children: Sequence[Token], line: int) -> None:
    if text := _plain(children).strip():
        content.add(_passage(line, text, children))


def _passage(line: int, text: str, children: Sequence[Token]) -> Passage:
    linked = "http://" in text or "https://" in text or any(c.type == "link_open" for c in children)
    codes = [c.content.strip() for c in children if c.type == "code_inline"]
    command = linked or any(re.search(r"[\s/]", code) for code in codes)
    return Passage(line, text, actionable=linked or bool(codes), command=command)


def _lead_in(children: Sequence[Token], text: str) -> tuple[str, str]:
    """Return the name with which a line begins, and what follows it; empty where it begins with none."""
    bold = next((i for i, c in enumerate(children) if c.type in ("strong_close", "em_close")), 0)
    begins = next((c.type for c in children if c.type != "text" or c.content.strip()), "")
    first, others = _plain(children[:bold]).strip(), _plain(children[bold:]).strip()
    if begins in ("strong_open", "em_open") and (not others or first.endswith((":", "."))):
        name, rest = first, others
    elif match := _LEAD_IN.match(text := text.strip()):
        name, rest = match["name"], text[match.end() :]
    else:
        return "", ""
    name = name.strip(" :.*_")
    return (name, rest.strip()) if 0 < len(name.split()) <= _MAX_TITLE_WORDS else ("", "")


def _lines(children: Sequence[Token]) -> Iterator[list[Token]]:
    """Yield the lines of a paragraph; one that begins with a colon defines the line above."""
    line: list[Token] = []
    for child in children:
        if line and line[-1].type in ("softbreak", "hardbreak") and not child.content.startswith(":"):
            yield line
            line = []
        line.append(child)
    yield line


def _plain(children: Sequence[Token]) -> str:
    """Return the text as it is shown."""
    shown = (
        "\n" if c.type in ("softbreak", "hardbreak") else c.content
        for c in children
        if c.type not in ("html_inline", "image")
    )
    return "".join(shown)


class _TableReader:
    """The table being read: the names in its head, and the name with which its row begins."""

    def __init__(self) -> None:
        self._head: list[str] = []
        self._row: list[str] = []

    def begin(self, token: Token) -> None:
        """Begin the table or the row that a token opens."""
        self._row = []
        if token.type == "table_open":
            self._head = []

    def read_cell(self, content: PassageReader, inline: Token, opening: Token, line: int) -> None:
        """Read one cell."""
        children = inline.children or []
        text = _plain(children).strip()
        column = len(self._row)
        self._row.append(text)
        if opening.type == "th_open":
            self._head.append(text)
        named = [self._row[0] if column else "", self._head[column] if column < len(self._head) else ""]
        if column and text:
            content.facts.append((self._row[0], text))
        names = [n for n in named if 0 < len(n.split()) <= _MAX_TITLE_WORDS]
        if opening.type == "td_open" or column:
            content.add(_passage(line, text, children), names)
