"""Makes ids: another one of the kind of a given id, as its issuer would give to the next event or object.

A receiver must not be able to distinguish the harness's deliveries from the provider's, and no receiver or schema may
refuse their ids. So a new id has the prefix, the separators, the length and the alphabet of the old one, and everything
else of it is random, except for a time that ids of that kind begin with.
"""

from __future__ import annotations

import math
import random
import re
import string
import time
import uuid
from collections.abc import Callable
from functools import lru_cache, partial
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

LEAST_BITS = 29.0
"""Of chance in a new id, so that no two are equal; an id with less becomes longer."""
LEAST_DIGITS = 9
_MOST_DIGITS = 19
"""Of an id in text that may be meant as a number; one of more digits is none that a receiver can compute with."""
SAFE = 2**53
"""Beyond this, JSON readers lose digits of a number (RFC 8259 section 6); ids below it stay below it."""
_LIMITS = (SAFE, 2**63, 2**64)
_VARIED_DIGITS = 12
"""At the end of a number: ids that count up, or begin with a time, have the rest in common."""
_RECENT_S = 6 * 366 * 86400.0
"""An id begins with a time if that is at most so long ago, in seconds."""
_KSUID_EPOCH, _KSUID_LENGTH, _KSUID_BITS = 1_400_000_000, 27, 160  # github.com/segmentio/ksuid
_LEAD_COST, _MOST_LEAD = 3.0, 3
_UUID = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-f]{12}[47][0-9a-f]{3}[89ab][0-9a-f]{15}"
)
_BASE64URL = string.ascii_letters + string.digits + "-_"

_chance = random.Random()  # noqa: S311 - an id is no secret; random.seed() does not affect an instance

Make = Callable[[], str]


class Alphabet(NamedTuple):
    """One alphabet of ids."""

    characters: str
    rarity: float
    """Negative logarithm of how common it is, beside the others."""


_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_BASE58 = "".join(c for c in _BASE62 if c not in "0OIl")
ALPHABETS = (
    Alphabet(string.digits, 0),
    Alphabet(string.digits + "abcdef", 0),
    Alphabet(string.digits + "ABCDEF", 1),
    Alphabet(string.digits + string.ascii_lowercase, 0.5),
    Alphabet(string.digits + string.ascii_uppercase, 0.5),
    Alphabet(_CROCKFORD, 3),
    Alphabet(_CROCKFORD.lower(), 3),
    Alphabet(_BASE62, 0),
    Alphabet(_BASE58, 5),
    Alphabet(string.ascii_lowercase, 3),
    Alphabet(string.ascii_uppercase, 3),
    Alphabet(string.ascii_letters, 3),
)
"""From a sample, the one is chosen under which it is most likely."""


def similar_id(old: str, *, least_bits: float = LEAST_BITS) -> str:
    """Return another id of the kind of ``old``: a UUID of the same version, a ULID of now, or a random one.

    It is as long as the old one, unless it would then have less than ``least_bits`` of chance.
    """
    make = _maker(old, least_bits)
    new = make()
    while new == old:
        new = make()
    return new


def similar_number(old: int, chance: random.Random | None = None) -> int:
    """Return another positive number with as many digits, at least `LEAST_DIGITS`; of a long one, the last differ.

    It fits where the old one does: into 53 bits, 63 or 64, or into as many digits.
    """
    chance = chance or _chance
    digits = max(LEAST_DIGITS, len(str(abs(old))))
    least: int = 10 ** (digits - 1)
    limit = next((limit for limit in _LIMITS if abs(old) < limit), 10**digits)
    if digits > _VARIED_DIGITS:
        step = 10**_VARIED_DIGITS
        least = max(least, abs(old) // step * step)
        limit = min(limit, least + step)
    new = chance.randrange(least, min(limit, 10**digits))
    return similar_number(old, chance) if new == old else new


def room(old: str) -> float:
    """Return how much of ``old`` another id of its kind can vary, in bits."""
    prefix = _prefix(old)
    return sum(math.log2(len(alphabet)) for _, alphabet in _positions(old[len(prefix) :]) if alphabet)


def alphabets_of(old: str) -> list[str]:
    """Return for each character of ``old`` from which ones another id of its kind has it; empty where it stays."""
    prefix = _prefix(old)
    rest = old[len(prefix) :]
    hexadecimal = string.digits + ("ABCDEF" if rest.isupper() else "abcdef")
    varied = [(c, hexadecimal * c.isalnum()) for c in rest] if _is_uuid(rest) else _positions(rest)
    return [""] * len(prefix) + [alphabet for _, alphabet in varied]


def begins_with_time(old: str) -> bool:
    """Whether the part of ``old`` that varies may begin with a time or a count."""
    rest = old[len(_prefix(old)) :]
    return rest.isdecimal() or _is_uuid(rest) or bool(_ulid(rest) or _ksuid(rest) or _object_id(rest))


@lru_cache(maxsize=1024)
def _maker(old: str, least_bits: float) -> Make:
    """Return what makes ids of the kind of ``old``."""
    if old.isascii() and old.isdecimal() and LEAST_DIGITS <= len(old) <= _MOST_DIGITS and old[0] != "0":
        return lambda: str(similar_number(int(old)))
    prefix = _prefix(old)
    rest = old[len(prefix) :]
    make = _uuid(rest) or _ulid(rest) or _ksuid(rest) or _object_id(rest) or _random(rest, least_bits)
    return lambda: prefix + make()


def _prefix(old: str) -> str:
    """Return the words that ``old`` begins with, such as ``evt_`` or ``WH-``: groups of letters before separators."""
    if _is_uuid(old):
        return ""
    found = re.match(r"(?:[A-Za-z]+(?:_|://|[-.:/]))*", old)
    prefix = found[0] if found else ""
    return prefix if len(prefix) < len(old) else ""


def _is_uuid(text: str) -> bool:
    """Whether it is one, or the digits of one that is random or of now."""
    return _UUID.fullmatch(text) is not None


def _uuid(text: str) -> Make | None:
    """RFC 9562: version and variant stay; versions 1, 6 and 7 have the time of their making."""
    if not _is_uuid(text):
        return None
    old = uuid.UUID(text)

    def make() -> str:
        value = _chance.getrandbits(128)
        if old.version == 7:
            value = int(time.time() * 1000) << 80 | value & (1 << 80) - 1
        elif old.version in (1, 6):
            value = _gregorian(old.version) << 64 | value & (1 << 64) - 1
        if old.variant == uuid.RFC_4122:
            value = value & ~(0xF << 76) & ~(0x3 << 62) | (old.version or 0) << 76 | 0x2 << 62
        new = str(uuid.UUID(int=value))
        new = new if "-" in text else new.replace("-", "")
        return new.upper() if text.isupper() else new

    return make


def _gregorian(version: int) -> int:
    """Return the upper 64 bits of a UUID with a time of 100 ns steps since 1582 (RFC 9562 sections 5.1 and 5.6)."""
    ticks = time.time_ns() // 100 + 0x01B21DD213814000
    if version == 6:
        return (ticks >> 12) << 16 | ticks & 0xFFF
    return (ticks & 0xFFFFFFFF) << 32 | (ticks >> 32 & 0xFFFF) << 16 | ticks >> 48 & 0x0FFF


def _ulid(text: str) -> Make | None:
    """github.com/ulid/spec, and the suffix of a TypeID, which is a UUID of version 7 in the same alphabet."""
    alphabet = _CROCKFORD if text.isupper() else _CROCKFORD.lower()
    if len(text) != 26 or not set(text) <= set(alphabet) or text[0] > "7" or text.isdecimal():
        return None
    old = _number(text, alphabet)
    is_uuid = old >> 76 & 0xF == 7 and old >> 62 & 0x3 == 2 and text.islower()

    def make() -> str:
        value = int(time.time() * 1000) << 80 | _chance.getrandbits(80)
        if is_uuid:
            value = value & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
        return _written(value, alphabet, 26)

    return make


def _ksuid(text: str) -> Make | None:
    if len(text) != _KSUID_LENGTH or not set(text) <= set(_BASE62):
        return None
    old = _number(text, _BASE62)
    if old >> _KSUID_BITS or not _is_recent((old >> 128) + _KSUID_EPOCH):
        return None
    return lambda: _written(int(time.time() - _KSUID_EPOCH) << 128 | _chance.getrandbits(128), _BASE62, _KSUID_LENGTH)


def _object_id(text: str) -> Make | None:
    """BSON's ObjectId: 12 bytes, the first four of them a time in seconds."""
    if not re.fullmatch(r"[0-9a-f]{24}", text) or not _is_recent(int(text[:8], 16)):
        return None
    return lambda: f"{int(time.time()):08x}{_chance.getrandbits(64):016x}"


def _is_recent(seconds: float) -> bool:
    return -_RECENT_S < seconds - time.time() < 86400


def _number(text: str, alphabet: str) -> int:
    value = 0
    for character in text:
        value = value * len(alphabet) + alphabet.index(character)
    return value


def _written(value: int, alphabet: str, length: int) -> str:
    characters = []
    for _ in range(length):
        value, digit = divmod(value, len(alphabet))
        characters.append(alphabet[digit])
    return "".join(reversed(characters))


def _random(text: str, least_bits: float) -> Make:
    """Return what makes text of the same length over the same alphabet; longer where it would not be unique."""
    positions = _positions(text)
    bits = sum(math.log2(len(alphabet)) for _, alphabet in positions if alphabet)
    if bits < least_bits:
        alphabet = next((a for _, a in reversed(positions) if a), string.digits)
        positions += [("", alphabet)] * math.ceil((least_bits - bits) / math.log2(len(alphabet)))
    runs = [
        ("" if alphabet else "".join(c for c, _ in run), alphabet, len(run))
        for alphabet, run in ((alphabet, list(run)) for alphabet, run in groupby(positions, key=itemgetter(1)))
    ]
    return partial(_drawn, runs)


def _drawn(runs: list[tuple[str, str, int]]) -> str:
    return "".join([text or "".join(_chance.choices(alphabet, k=length)) for text, alphabet, length in runs])


def _positions(text: str) -> list[tuple[str, str]]:
    """Return each character with the alphabet that another is drawn from, empty where it stays."""
    if re.search(r"-.*_|_.*-", text) and set(text) <= set(_BASE64URL):
        return [(c, _BASE64URL) for c in text]
    words = re.findall(r"[A-Za-z0-9]+|[^A-Za-z0-9]+", text)
    mixed = "".join(word for word in words if word.isalnum() and not word.isdecimal())
    lead, alphabet = _alphabet(mixed)
    found: list[tuple[str, str]] = []
    for word in words:
        if not word.isascii() or not word.isalnum():
            found += [(c, "") for c in word]
        elif word.isdecimal():
            found += [(c, string.digits) for c in word]
            if word == text and word[0] != "0":  # a number does not begin with 0
                found[0] = (word[0], string.digits[1:])
        else:
            stays = lead if len(words) == 1 else 0
            found += [(c, "" if n < stays else alphabet) for n, c in enumerate(word)]
    return found


def _alphabet(text: str) -> tuple[int, str]:
    """Return how many letters before the rest are a prefix, and the likeliest alphabet of the rest."""
    best = (math.inf, 0, _BASE62)
    for lead in range(min(_MOST_LEAD, len(text)) if text[:1].isalpha() else 1):
        if lead and not text[:lead].isalpha():
            break
        cost = lead * math.log(2 * len(string.ascii_lowercase)) + (_LEAD_COST if lead else 0)
        rest = text[lead:]
        for alphabet in ALPHABETS:
            if set(rest) <= set(alphabet.characters):
                likely = cost + alphabet.rarity + len(rest) * math.log(len(alphabet.characters))
                best = min(best, (likely, lead, alphabet.characters))
    return best[1], best[2]
