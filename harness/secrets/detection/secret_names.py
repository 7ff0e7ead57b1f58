"""Which names mean secrets, and which texts are secrets by their shape alone."""

from __future__ import annotations

import re
from functools import lru_cache

from harness.model import SecretRef
from harness.secrets.detection.key_shapes import BEGINS, SHAPES

MAX_NAME = 60
"""Longer text is no name of a field."""

_SECRET = re.compile(
    r"(?:^|_)(?:passw(?:or)?ds?(?:_?\d|_confirmation|_again)?|passwd|pwd|passphrase|passcode|secrets?|tokens?|bearer|jwt"
    r"|otp|pin|cvv|cvc|credentials?|authorization|client_assertion|code_verifier"
    r"|(?:api|access|secret|private|signing|auth|encryption|account|subscription|shared|master|functions|session)_?keys?)$"
)
# Tokens that say where a listing goes on, or how much of a language model was used, what guards against nothing, and
# the file that Google's libraries read credentials from.
_HARMLESS = re.compile(
    r"(?:page|next|prev|previous|continuation|continue|sync|cursor|pagination|resume|idempotency|request|max|min|total"
    r"|prompt|completion|input|output|cached|reasoning|remaining|limit|reset|used)_?tokens?$|^google_application_credentials$"
)
# Names that mean a secret in the query of a URL or a header, where elsewhere they name something else.
_IN_QUERY = re.compile(r"^(?:key|sig)$|(?:^|_)signature$")
# And in a configuration, whose author chose the name: every key but a public one.
_IN_CONFIGURATION = re.compile(r"(?<!public)(?:^|_)(?:key|pwd|passwd)$")
_NUMERIC = re.compile(r"(?:^|_)(?:passw(?:or)?d|passcode|otp|pin|cvv|cvc)$")

CREDENTIALS = re.compile(r"(?i)\b(Bearer|Basic|Token)(\s+)(?=\S*\d)([\w+/=.~-]{16,})")
"""Credentials as the header Authorization has them (RFC 9110 section 11.4), in any text: scheme, space, secret."""
USERINFO = re.compile(r"(?<=://)[^/\s:@\"']*:[^/\s@\"']+(?=@)")
"""User and password within a URL (RFC 3986 section 3.2.1); the user may be empty, as Redis has it."""
_BEARER = re.compile(r"(?i)\bBearer +\S{8,}")
"""In a configuration shorter ones count too: there is no prose in it."""

_TELLING = (
    r"pass|pwd|secret|token|key|credential|auth|bearer|basic|jwt|otp|pin|cvv|cvc|sig|://[^/\s]*@|code_verifier|cookie"
    r"|assertion|" + "|".join(map(re.escape, BEGINS))
)
URI_HINT = re.compile(_TELLING, re.IGNORECASE)
"""Characters of every URL that may need redaction: a cheap first test."""
_IN_FOLDED = re.compile(_TELLING.casefold())
"""What begins with few letters: Python passes over all others ten times faster than without regard to case."""
_MAY_BE_BASE64 = re.compile(r"[\w+/-]{16}")


def may_hold_secret(text: str) -> bool:
    """Whether a body may need redaction: a cheap first test."""
    return bool(_IN_FOLDED.search(text.casefold()) or _MAY_BE_BASE64.search(text))


@lru_cache(maxsize=4096)
def names_secret(name: str, *, query: bool = False) -> bool:
    """Return whether the value of a field of that name is a secret; ``query`` is for URLs and headers."""
    if len(name) > MAX_NAME:
        return False
    words = _words(name)
    if _HARMLESS.search(words):
        return False
    return bool(_SECRET.search(words) or (query and _IN_QUERY.search(words)))


def looks_like_secret(key: str, value: str) -> bool:
    """Return whether ``value``, at ``key`` of a configuration, looks like a secret.

    A reference to one does not, unless it is a command with a secret among its words.
    """
    reference = SecretRef.parse(value)
    if not value or (reference and reference.kind != "command") or value.startswith("{"):
        return False
    if reference:
        return any(shape.search(value) for shape in (SHAPES, USERINFO, _BEARER))
    if names_secret(key, query=True) or _IN_CONFIGURATION.search(_words(key)):
        return True
    return any(shape.search(value) for shape in (SHAPES, CREDENTIALS, USERINFO, _BEARER))


@lru_cache(maxsize=4096)
def names_secret_number(name: str) -> bool:
    """Return whether even a number in a field of that name is a secret."""
    return len(name) <= MAX_NAME and bool(_NUMERIC.search(_words(name)))


def _words(name: str) -> str:
    """Normalise ``userApiKey``, ``user[api-key]`` and ``USER_API_KEY`` to ``user_api_key``."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return re.sub(r"[^a-z0-9]+", "_", split).strip("_")
