"""Whatever a target, an item or a file is called, and whatever it answers, is text in every format of the report."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest
from markdown_it import MarkdownIt

from harness.model import Report, Verdict
from harness.reports import html, json, junit, markdown, terminal
from tests.conftest import HOSTILE

ReportOf = Callable[[Verdict], Report]

CONTROLS = {
    "clears the screen": "a\x1b[2J\x1b[31mREADY",
    "a link of a terminal": "\x1b]8;;http://evil.example/\x1b\\click\x1b]8;;\x07",
    "a title of a terminal": "\x1b]0;READY\x07",
    "one-byte sequences": "\x9b31m\x9d8;;http://evil.example/\x9c",
    "backspaces": "NOT READY\b\b\b\b\b\b\b\b\bREADY",
    "a bell and a NUL": "\x07\x00\x7f",
    "a carriage return": "NOT READY\rREADY",
    "turned text": "\u202eYDAER\u202c\u2066x\u2069\u200f\u061c",
    "zero width": "a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg",
    "tags": "a\U000e0041\U000e007f",
    "line separators": "a\u2028b\u2029c\x85d\x0be\x0cf",
    "half of a pair": "\ud800",
}
MARKUP = {
    "a script": "<script>alert(1)</script>",
    "an image of HTML": '"><img src=x onerror=alert(1)>',
    "an attribute": "' onmouseover='alert(1)",
    "the end of details": "</details></summary></table></div>",
    "a comment": "<!-- x",
    "CDATA": "]]><x/>",
    "a declaration": "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>&a;",
    "entities": "&lt;b&gt; &#60;b&#62; &amp;",
    "an image": "![x](http://evil.example/x.png)",
    "a link": "[x](javascript:alert(1))",
    "an autolink": "<http://evil.example/>",
    "a reference": "[x][y] ![y]",
    "cells": "a | b || c \\| d",
    "code": "`` a ``` b ` c",
    "emphasis": "**a** _b_ ~~c~~ __d__",
    "a formula": "$\\href{http://evil.example}{x}$",
    "a template": "{{ 7 * 7 }} {% include 'x' %} {# x #}",
    "a style of rich": "[link=http://evil.example]x[/link] [bold]y[/]",
    "backslashes": "\\<b> \\\\<b> \\",
}


def with_text(report: Report, text: str) -> Report:
    """Return a report with ``text`` wherever any text of others can be."""

    def changed(node: Any) -> Any:
        if isinstance(node, dict):
            return {changed(key): changed(value) for key, value in node.items()}
        if isinstance(node, list):
            return [changed(value) for value in node]
        return node.replace(HOSTILE, text) if isinstance(node, str) else node

    return msgspec.convert(changed(msgspec.to_builtins(report)), Report)


def in_terminal(report: Report) -> str:
    return "\n".join(text for text, _ in terminal.lines(report, written="reports/readiness.html", verbosity=1))


FORMATS = {
    "terminal": in_terminal,
    "html": html.render,
    "markdown": markdown.render,
    "junit": junit.render,
    "json": json.render,
}


@pytest.mark.parametrize("render", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("text", CONTROLS.values(), ids=CONTROLS)
def test_nothing_invisible_is_in_any_format(text: str, render: Callable[[Report], str], report_of: ReportOf) -> None:
    """Control characters, and those that hide or turn text, are shown as escapes."""
    if render is json.render:
        text = text.replace("\ud800", "")  # admission writes it out before it reaches a report

    shown = render(with_text(report_of(Verdict.NOT_READY), text))

    assert {unicodedata.category(c) for c in shown.replace("\n", "").replace("\t", "")}.isdisjoint(
        {"Cc", "Cf", "Cs", "Zl", "Zp"}
    )


@pytest.mark.parametrize("text", [*MARKUP.values(), *CONTROLS.values()], ids=[*MARKUP, *CONTROLS])
def test_json_says_the_same(text: str, report_of: ReportOf) -> None:
    """What is escaped in JSON is read as it was."""
    report = with_text(report_of(Verdict.NOT_READY), text.replace("\ud800", ""))

    assert json.read(json.render(report)) == report


class Skeleton(HTMLParser):
    """The elements of a page with the names of their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, ...]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.found.append((tag, *(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


def markdown_tokens(text: str) -> Iterator[Any]:
    for block in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        yield block
        yield from block.children or ()


def of_html(report: Report) -> tuple[object, str]:
    page = Skeleton(html.render(report))
    return page.found, page.text


def of_markdown(report: Report) -> tuple[object, str]:
    tokens = [t for t in markdown_tokens(markdown.render(report)) if t.type not in {"text", "text_special"}]
    return [(t.type, t.tag, t.content if t.type.startswith("html") else "") for t in tokens], "".join(
        t.content for t in markdown_tokens(markdown.render(report)) if t.type in {"text", "text_special", "code_inline"}
    )


def of_junit(report: Report) -> tuple[object, str]:
    elements = [*ET.fromstring(junit.render(report)).iter()]
    return [(e.tag, *e.keys()) for e in elements], "".join(
        text for e in elements for text in (e.text or "", *e.attrib.values())
    )


@pytest.mark.parametrize("parsed", [of_html, of_markdown, of_junit], ids=["html", "markdown", "junit"])
@pytest.mark.parametrize("verdict", [Verdict.NOT_READY, Verdict.READY])
@pytest.mark.parametrize("text", MARKUP.values(), ids=MARKUP)
def test_markup_is_text(
    text: str, verdict: Verdict, parsed: Callable[[Report], tuple[object, str]], report_of: ReportOf
) -> None:
    """A parser of the format finds the same elements as with a plain word, and the markup as text."""
    plain, _ = parsed(with_text(report_of(verdict), "plain"))

    found, shown = parsed(with_text(report_of(verdict), text))

    assert found == plain
    assert text in shown
