"""The one place that makes a text fit to be shown: what a target answers must not move a cursor, or look like another.

A terminal obeys control characters; in any format, zero-width characters and those that turn the direction make a text
look like another (CVE-2021-42574). Each becomes its escape. Letters of every script stay.
"""

from __future__ import annotations

import re

_INVISIBLE = (
    "\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f"  # control characters but tab and line feed
    "\\xad\\u061c\\u115f\\u1160\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0"
    "\\ufff9-\\ufffb\\ud800-\\udfff\\U000e0000-\\U000e0fff"
)
_OF_A_TEXT = re.compile(rf"(?!\r\n)[{_INVISIBLE}]")


def visible(text: str) -> str:
    """Show control and invisible characters of a text of several lines instead of sending them.

    A carriage return before a line feed ends a line of HTTP, and stays.
    """
    return _OF_A_TEXT.sub(lambda found: _escape(found[0]), text)


def printable(text: str) -> str:
    """Do the same to a text of one line, whose line breaks and unusual blanks are shown too."""
    return visible("".join(c if c.isprintable() else _escape(c) for c in text))


def visible_in_json(text: str) -> str:
    """Do the same to a document of JSON, which is still the same document."""
    return _OF_A_TEXT.sub(lambda found: json_escape(found[0]), text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def json_escape(character: str) -> str:
    """Return a character in the escapes of JSON (RFC 8259 section 7)."""
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
