"""Which HMAC a delivery is signed with: every hash function, form of the secret and message is tried."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from harness.http.message import Request
from harness.webhooks.discovery.message_recipes import Recipe, recipes
from harness.webhooks.discovery.signature_words import (
    Ingredient,
    SignatureWord,
    ids_of,
    signature_words,
    stamps_of,
)

WORK = 600_000_000
"""Bound of a search, in bytes hashed, where each message counts `EACH` more."""
EACH = 1_200
_LABEL_CHARS = 12


class SignedMessage(NamedTuple):
    """A message whose HMAC is in the delivery."""

    word: SignatureWord
    secret_encoding: str
    """Key of `SECRET_FORMS`."""
    body: bytes
    recipes: tuple[Recipe, ...]
    """Every way to make the message from the delivery; several where values of the delivery are equal."""


class HmacSearch:
    """The search in one delivery."""

    def __init__(self, request: Request, urls: Sequence[str], secret: str) -> None:
        self.words = list(signature_words(request.headers))
        self._bodies = _bodies(request)
        self._keys = tuple(_keys(secret))
        self._given: Mapping[str, Sequence[Ingredient]] = {
            "timestamp": stamps_of(request.headers),
            "id": ids_of(request, self.words),
            "url": [Ingredient(url) for url in urls],
            "method": [Ingredient(request.method)],
        }
        self._labels = list(dict.fromkeys(filter(None, map(_label, self.words))))
        self.complete = True
        """Whether the search came to its end within its bound."""

    def found(self) -> SignedMessage | None:
        """Return the message that is signed, None where no signature in the delivery is that of any."""
        wanted: dict[str, dict[bytes, SignatureWord]] = defaultdict(dict)
        for each in self.words:
            wanted[each.digest].setdefault(each.raw, each)
        keyed = [(form, hmac.new(key, digestmod=d), words) for d, words in wanted.items() for form, key in self._keys]
        left = WORK
        for recipe in recipes(self._given, self._labels) if wanted else ():
            for body in self._bodies:
                message = recipe.before + body + recipe.after
                for form, key, words in keyed:
                    signing = key.copy()
                    signing.update(message)
                    if word := words.get(signing.digest()):
                        return SignedMessage(word, form, body, self._alike(message, body))
                left -= len(keyed) * (EACH + len(message))
            if left < 0:
                self.complete = False
                return None
        return None

    def _alike(self, message: bytes, body: bytes) -> tuple[Recipe, ...]:
        """Return every recipe of exactly these bytes: a signature shows the bytes, not what they were made of."""
        alike: dict[str, Recipe] = {}
        for recipe in recipes(self._given, self._labels, around=len(message) - len(body)):
            if recipe.before + body + recipe.after == message:
                alike.setdefault(f"{recipe.template} {[each.text for each in recipe.used.values()]}", recipe)
        return tuple(alike.values())


def _bodies(request: Request) -> tuple[bytes, ...]:
    """Return the body, and without the line break that an editor put at its end."""
    body = request.body
    declared = request.header("content-length")
    if declared.isdecimal() and 0 < int(declared) < len(body):
        return (body[: int(declared)], body)
    return (body, body.rstrip(b"\r\n")) if body.endswith(b"\n") else (body,)


def _keys(secret: str) -> Iterator[tuple[str, bytes]]:
    yield "text", secret.encode()
    if secret.startswith("whsec_"):
        yield from (("whsec", key) for key in _base64(secret.removeprefix("whsec_")))
    yield from (("base64", key) for key in _base64(secret))
    try:
        yield "hex", bytes.fromhex(secret)
    except ValueError:
        return


def _base64(text: str) -> Iterator[bytes]:
    try:
        yield base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return


def _label(word: SignatureWord) -> str:
    """Return the word before a signature, such as ``v0`` of ``v0=...``; some providers sign it too."""
    label = word.before.rstrip("=,: ").rpartition(",")[2].rpartition(";")[2].rpartition(" ")[2]
    return label if label.isalnum() and not label.isdecimal() and len(label) <= _LABEL_CHARS else ""
