"""Some forty ways to write a secret, and a search for it that is independent of the project's and decodes more."""

from __future__ import annotations

import base64
import gzip
import html
import json
import quopri
import re
import secrets
import textwrap
import zlib
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote, unquote_to_bytes

_PRINTED = bytes(range(32, 127))
Form = Callable[[str], str]


def new_secret() -> str:
    """Return a value with what the encodings treat in different ways, and more than a line of it."""
    return f"sk+{secrets.token_hex(9)}/&={secrets.token_urlsafe(40)}+<x"


def _each(written: str) -> Form:
    return lambda value: "".join(written.format(ord(c), c=ord(c)) for c in value)


def _b64(data: str | bytes) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def _escaped(value: str) -> str:
    """Write JSON as .NET, Go and Rails do."""
    return re.sub("[+&<>/=]", lambda found: f"\\u{ord(found[0]):04X}", value)


def _wide(code: str) -> Form:
    return lambda value: value.encode(code).decode("latin-1")


def _named(value: str) -> str:
    names = {"+": "&plus;", "/": "&sol;", "=": "&equals;", "&": "&amp;", "<": "&lt;"}
    return "".join(names.get(c, c) for c in value)


FORMS: Mapping[str, Form] = {
    "raw": str,
    "percent": lambda value: quote(value, safe=""),
    "percent, lower case": lambda value: re.sub("%..", lambda m: m[0].lower(), quote(value, safe="")),
    "percent, thrice": lambda value: quote(quote(quote(value, safe=""), safe=""), safe=""),
    "percent, every character": _each("%{:02x}"),
    "first character needlessly": lambda value: f"%{ord(value[0]):02X}{value[1:]}",
    "json as .NET": _escaped,
    "json, every character": _each("\\u{:04x}"),
    "json in json in json": lambda value: json.dumps(json.dumps(_escaped(value)))[1:-1],
    "entities, named": _named,
    "entities, decimal": _each("&#{};"),
    "entities, hexadecimal with zeros": _each("&#x00{:x};"),
    "backslash x": _each("\\x{:02x}"),
    "octal": _each("\\{:03o}"),
    "base64": _b64,
    "base64 of a pair": lambda value: _b64(f"user:{value}"),
    "base64url": lambda value: base64.urlsafe_b64encode(value.encode()).decode().rstrip("="),
    "base64 in lines": lambda value: base64.encodebytes(f"key: {value}".encode()).decode(),
    "base64 thrice": lambda value: _b64(_b64(_b64(value))),
    "base64 in percent in json": lambda value: json.dumps(quote(_b64(_escaped(value)), safe="")),
    "quoted-printable": lambda value: quopri.encodestring(f"the key is {value}".encode()).decode(),
    "wrapped at 64": lambda value: "\n".join(textwrap.wrap(f"{'x' * 40}{value}", 64)),
    "folded with an indentation": lambda value: f"{value[:30]}\n    {value[30:]}",
    "hexadecimal": lambda value: value.encode().hex(),
    "hexadecimal, upper case, colons": lambda value: value.encode().hex(":").upper(),
    "utf-16, little": _wide("utf-16-le"),
    "utf-16, big, marked": lambda value: _wide("utf-16-be")(f"\ufeff{value}"),
    "gzip in base64": lambda value: _b64(gzip.compress(value.encode())),
    "deflate in base64": lambda value: _b64(zlib.compress(value.encode(), wbits=-15)),
    "bytes as numbers": lambda value: json.dumps(list(value.encode())),
    "bytes as numbers, spaces": lambda value: " ".join(map(str, value.encode())),
    "bytes as hexadecimal numbers, spaces": lambda value: " ".join(map(hex, value.encode())),
    "base32": lambda value: base64.b32encode(value.encode()).decode(),
    "base32 of a pair, small letters": lambda value: base64.b32encode(f"ab:{value}".encode()).decode().lower(),
    "capitals": str.upper,
    "title of a header": str.title,
    "added in source": lambda value: f'"{value[:20]}" + "{value[20:50]}" +\n    "{value[50:]}"',
    "neighbours in source": lambda value: f'("{value[:20]}"\n    "{value[20:]}")',
    "list of characters": lambda value: json.dumps(list(value)),
    "list of characters, lines": lambda value: ",\n  ".join(map(json.dumps, value)),
    "characters added in source": lambda value: "+".join(map(repr, value)),
}


def reveals(text: str | bytes, value: str, depth: int = 5) -> bool:
    """Whether a text has a value in any encoding, each opened as often as ``depth``."""
    data = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    wanted, layers = value.encode().lower(), {data}
    for _ in range(depth):
        if any(wanted in re.sub(rb"\s+", b"", layer).lower() for layer in layers):
            return True
        layers = {inner for layer in layers for inner in _opened(layer)} - layers
    return False


def _opened(data: bytes) -> Iterator[bytes]:
    text = data.decode("latin-1")
    yield unquote_to_bytes(data)
    yield html.unescape(text).encode("latin-1", "replace")
    yield re.sub(r"\\u(....)", lambda m: chr(int(m[1], 16) & 0xFF) if _is_hex(m[1]) else m[0], text).encode("latin-1")
    yield re.sub(r"\\x(..)", lambda m: chr(int(m[1], 16)) if _is_hex(m[1]) else m[0], text).encode("latin-1")
    yield re.sub(r"\\([0-3][0-7]{2})", lambda m: chr(int(m[1], 8)), text).encode("latin-1")
    yield re.sub(rb"\\(.)", rb"\1", data)
    yield data.replace(b"\0", b"")
    yield quopri.decodestring(data)
    squeezed = re.sub(r"\\n|\s+", "", text)
    for run in {*re.findall(r"[\w+/-]{12,}", text, re.ASCII), *re.findall(r"[\w+/-]{12,}", squeezed, re.ASCII)}:
        for start in range(4):
            digits = run[start:].translate(str.maketrans("-_", "+/"))
            inner = base64.b64decode(digits[: len(digits) - (len(digits) % 4 == 1)] + "==")
            yield inner
            yield from _inflated(inner)
    for run in re.findall(r"(?:[0-9A-Fa-f]{2}[: ]?){8,}", text):
        yield bytes.fromhex(re.sub("[: ]", "", run)[: len(re.sub("[: ]", "", run)) // 2 * 2])
    for run in re.findall(r"(?:\d{1,3}[, ]+){7,}\d{1,3}", text):
        yield bytes(int(number) & 0xFF for number in re.split("[, ]+", run))
    for run in re.findall(r"(?:0x[0-9A-Fa-f]{2}[, ]*){8,}", text):
        yield bytes(int(number, 16) for number in re.findall("0x..", run))
    yield from (plain for plain in _rare(text) if len(plain.translate(None, _PRINTED)) < len(plain) / 10)
    yield re.sub(r"""["'][\s+,]*["']""", "", text).encode("latin-1")


def _rare(text: str) -> Iterator[bytes]:
    """Open what is written in rarer digits, as long as the value is."""
    for run in set(re.findall(r"[A-Z2-7]{60,}|[a-z2-7]{60,}", text)):
        for start in range(8):
            digits = run[start:].upper()
            yield base64.b32decode(digits + "A" * (-len(digits) % 8))


def _inflated(data: bytes) -> Iterator[bytes]:
    for bits in (47, -15):
        try:
            yield zlib.decompressobj(bits).decompress(data, 100_000)
        except zlib.error:
            continue


def _is_hex(text: str) -> bool:
    return bool(re.fullmatch("[0-9A-Fa-f]+", text))
