"""What stands where a secret could: placeholders, references, masks, words, and the examples of documentation."""

from __future__ import annotations

import re

REPLACED = re.compile(
    r"(?i)\W*(?:redacted|filtered|masked|hidden|dummy|placeholder|x{3,})\W*|\*{3,}|<[^<>]+>|\{+[^{}]+\}+"
)
"""What other tools, and people, write in place of a secret."""
_MASKED = re.compile(r"\*{2,}|•{2,}|\u2026|\xe2\x80\xa6|\.{3}|x{5,}|X{5,}|#{4,}")
"""Part of a value is hidden; a file may have been read byte by byte."""
_TEMPLATE = re.compile(r"^[\[{(<$]|\$\{|\{\{|%[sv({]|#\{|^%\w+%$|\w\(.*\)$")
_REFERENCE = re.compile(
    r"(?i)^(?:env|file|fresh|command|vault|op|secret|sops|ref|kms|arn|projects|urn|data|https?|sha\d+|md5|hmac)[:/]"
    r"|^(?:os|process|ENV|config|settings|self|this|secrets|vars|var|local)[.\[]"
    r"|^(?:\.{0,2}|~|[A-Za-z]:)[/\\](?:[\w.@-]+[/\\])+[\w.@-]*$"
)
_MADE_UP = re.compile(
    r"(?i)example|placeholder|change.?me|replace|insert|redacted|filtered|masked|removed|sample|foobar|deadbeef|not.?a.?real"
    r"|12345678|abcdefgh|(?:(?<=[\W_])|^)(?:your|dummy|fake|todo|lorem|some)(?![^\W_])"
)
"""Short words stand alone, as chance makes them too."""
_WORDS = re.compile(r"[A-Za-z]+(?:[ _.:/-]+[A-Za-z]+)*[ _.:/-]*[!?]?")
_NUMBER = re.compile(r"[\d.,:+TZ/_-]+")
_FEW = 4
"""Different characters: a value with fewer was typed, such as ``aaaaaaaa``."""
_DOCUMENTED = (
    "4eC39HqLyjWDarjtT1zdp7dc",  # docs.stripe.com, in every example
    "BQokikJOvBiI2HlWgH4olfQ2",  # docs.stripe.com, the older one
    "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",  # jwt.io
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",  # RFC 7515, appendix A.1
    "QWxhZGRpbjpvcGVuIHNlc2FtZQ",  # RFC 7617, section 2: Aladdin and open sesame
    "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",  # docs.svix.com, and the specification of Standard Webhooks
)


def stands_in(value: str) -> bool:
    """Return whether a text in the place of a secret is none: hidden, to be filled in, a reference, or an example."""
    return bool(
        len(set(value)) < _FEW
        or REPLACED.fullmatch(value)
        or _MASKED.search(value)
        or _TEMPLATE.search(value)
        or _REFERENCE.search(value)
        or _MADE_UP.search(value)
        or any(example in value for example in _DOCUMENTED)
    )


def is_plain(value: str) -> bool:
    """Return whether a text consists of words, or is a number or a time; keys and tokens mix letters and digits."""
    return bool(_WORDS.fullmatch(value) or _NUMBER.fullmatch(value))
