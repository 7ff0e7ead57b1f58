"""Placeholders for secrets, and secrets that are recognised by their shape."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import quote_plus, unquote_plus

from harness.secrets.detection.key_shapes import SHAPES, may_hold_key
from harness.secrets.detection.secret_names import CREDENTIALS, USERINFO, names_secret
from harness.secrets.detection.stand_ins import REPLACED
from harness.secrets.known_values import KnownValues

MIN_LEARNED = 16
"""Characters a secret must have to be looked for outside its own field too: chance would find shorter ones."""
PLACEHOLDER = re.compile(r"\[REDACTED [^\[\]]*\]")
BLANK = "[REDACTED blank]"

_NAME_OF_PAIR = re.compile(r"([?&]?)([\w.:\[\]-]{2,60})\Z")
_MAX_NAME = 61
_VALUE_OF_PAIR = re.compile(r"""=(["']?)(\[REDACTED [^\[\]]*\]|[^\s&"'<>\\;,]+)""")
"""Apart, and found from the sign between them: most texts have few of these, and names begin everywhere."""
_MEMBER = re.compile(r"""\"([\w.-]{2,60})(\\{0,63})"\s*:\s*\2\"""")
"""A member of JSON up to its value, without the backslashes before: a search from each of these would be quadratic."""
_ELEMENT = re.compile(r"<([\w:.-]{2,60})(\s[^<>]*)?>([^<>]+)(?=</)")
_LINE = re.compile(r"(?im)^((?:proxy-)?authorization|(?:set-)?cookie|x-api-key)(:[ \t]*)(\S[^\r\n]*)")


class Placeholders:
    """The secrets of one cassette, and the placeholder of each.

    An equal secret becomes an equal placeholder everywhere; different ones of one field are numbered in the
    order of appearance. Those that a response brings are numbered apart: on replay the client holds their
    placeholders already, and what it sends on its own must get the same numbers as when it was recorded.
    """

    def __init__(self, known: Callable[[str], str], *, blank: bool = False) -> None:
        """``known`` replaces every known value by its name; with ``blank``, all others have one and the same.

        That of another tool has it too then, for it stands for a secret.
        """
        self.known = known
        self._blank = blank
        self._of: dict[str, str] = {}
        self.learned = KnownValues()
        """The secrets that are long enough to be replaced everywhere, by their placeholders."""
        self._numbers: Counter[str] = Counter()

    def __repr__(self) -> str:
        return f"<placeholders of {len(self._of)} secrets>"

    def of(self, name: str, value: str, *, received: bool) -> str:
        """Return the placeholder of a secret found in the field ``name``."""
        if not value or PLACEHOLDER.search(value) or (REPLACED.fullmatch(value) and not self._blank):
            return value
        if value not in self._of:
            known = self.known(value)
            if known != value and PLACEHOLDER.fullmatch(known):
                return known
            self._of[value] = BLANK if self._blank else self._numbered(name, received=received)
            if len(value) >= MIN_LEARNED:
                self.learned.add(self._of[value], value)
        return self._of[value]

    def _numbered(self, name: str, *, received: bool) -> str:
        label = ("received " if received else "") + re.sub(r"[\[\]\s]+", " ", name).strip()
        self._numbers[label] += 1
        number = self._numbers[label]
        return f"[REDACTED {label}{f' {number}' if number > 1 else ''}]"

    def text(self, text: str, *, received: bool) -> str:
        """Replace secrets met before, known shapes, ``name=value``, ``"name": "value"``, ``<name>value</name>``."""
        text = self.learned.replace(text, str)

        def hide(name: str, value: str) -> str:
            return self.of(name, value, received=received)

        if may_hold_key(text):
            text = SHAPES.sub(lambda m: hide("token", m[0]), text)
        text = CREDENTIALS.sub(lambda m: m[1] + m[2] + hide("authorization", m[3]), text)
        text = _LINE.sub(lambda m: m[1] + m[2] + hide(m[1].lower(), m[3].rstrip()), text)
        text = USERINFO.sub("REDACTED", text)
        text = _without_members(_without_pairs(text, hide), hide)
        return _ELEMENT.sub(lambda m: f"<{m[1]}{m[2] or ''}>{hide(m[1], m[3])}" if names_secret(m[1]) else m[0], text)


def _without_pairs(text: str, hide: Callable[[str, str], str]) -> str:
    """Replace the values of ``name=value``, where the name is that of a secret; in a query they are percent-encoded."""
    parts, done, begin, at = list[str](), 0, 0, text.find("=")
    while at >= 0:
        named = _NAME_OF_PAIR.search(text, max(begin, at - _MAX_NAME), at)
        found = _VALUE_OF_PAIR.match(text, at) if named else None
        begin = found.end() if found else at + 1
        if named and found:
            (in_query, name), value = named.groups(), found[2]
            plain = unquote_plus(value) if names_secret(name, query=bool(in_query)) else ""
            if plain and not PLACEHOLDER.search(plain):
                parts += text[done : found.start(2)], quote_plus(hide(name, plain)) if in_query else hide(name, value)
                done = begin
        at = text.find("=", begin)
    return "".join([*parts, text[done:]])


def _without_members(text: str, hide: Callable[[str, str], str]) -> str:
    """Replace the values of secret members of JSON, and of JSON in JSON, where all quotes are escaped alike."""
    parts, done, at = list[str](), 0, 0
    while found := _MEMBER.search(text, at):
        name, slashes = found.groups()
        at = found.end()
        if not text.endswith(slashes, done, found.start()):
            at = found.start() + 1
        elif names_secret(name):
            value = _until(slashes).match(text, at)
            assert value is not None
            parts += text[done:at], hide(name, value[0])
            done = at = value.end()
    return "".join([*parts, text[done:]])


@lru_cache(maxsize=64)
def _until(slashes: str) -> re.Pattern[str]:
    """Return what matches a text up to the quote that ends it, behind as many backslashes as the one before it."""
    return re.compile(rf'(?:(?!{re.escape(slashes)}")(?:\\.|.))*', re.DOTALL)
