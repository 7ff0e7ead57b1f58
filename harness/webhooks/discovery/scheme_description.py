"""One way to describe the signature of a delivery in harness.toml."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from harness.model import SecretRef
from harness.model.config import Signature
from harness.webhooks.discovery.hmac_search import SignedMessage
from harness.webhooks.discovery.message_recipes import Recipe
from harness.webhooks.discovery.signature_words import Ingredient, SignatureWord
from harness.webhooks.schemes import SCHEMES

_REPEATABLE = re.compile(r"(?:[^,\s]*,)+\w+=")
_MS_CHARS = 13
_HMAC = next(scheme for scheme in SCHEMES if scheme.name == "hmac")


class SchemeDescription(NamedTuple):
    """The keys of ``[receiver.signature]`` but ``secret``, in their order, and ``[receiver] event_id``."""

    keys: tuple[tuple[str, str | bool], ...]
    event_id: str = ""
    """Empty where the scheme's own place has the id."""

    @property
    def scheme(self) -> str:
        """The name of the scheme."""
        return str(dict(self.keys)["scheme"])

    def signature(self, secret: str) -> Signature:
        """Return the section with a reference to the secret."""
        return msgspec.convert({**dict(self.keys), "secret": SecretRef(secret)}, Signature)

    def section(self, secret: str) -> str:
        """Return the lines of harness.toml, with a reference to the secret."""
        receiver = ["[receiver]", f"event_id = {json.dumps(self.event_id)}", ""] if self.event_id else []
        first, *others = self.keys
        lines = [first, ("secret", secret), *others]
        shown = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in lines]
        return "\n".join([*receiver, "[receiver.signature]", *shown])


def hmac_descriptions(message: SignedMessage) -> Iterator[SchemeDescription]:
    """Yield each description of an HMAC, several where values of the delivery are equal; none that cannot be given."""
    if message.word.after and not _further_signatures(message.word):
        return
    for recipe in message.recipes:
        stamp, event = recipe.used.get("timestamp"), recipe.used.get("id")
        for stamped in _timestamp_headers(message, stamp):
            for header, key in _id_places(event):
                yield _description(message, recipe, stamped, header, key)


def _further_signatures(word: SignatureWord) -> bool:
    """Whether only signatures of other secrets follow, each with the same name."""
    name = re.escape(word.before.rpartition(",")[2])
    return re.fullmatch(rf"(?:,{name}[\w+/=-]{{20,}})+", word.after) is not None


def _timestamp_headers(message: SignedMessage, stamp: Ingredient | None) -> tuple[str, ...]:
    """Return the headers that may be the timestamp's, empty for none; nothing where it stands amid another text."""
    if stamp is None:
        return ("",)
    return stamp.headers or (("",) if stamp.text in message.word.before else ())


def _id_places(event: Ingredient | None) -> tuple[tuple[str, str], ...]:
    """Return the header or the key of the body that may have the id; a header that has it goes before the body."""
    if event is None:
        return (("", ""),)
    return tuple((header, "") for header in event.headers) or (("", event.key),)


def _description(message: SignedMessage, recipe: Recipe, stamped: str, header: str, key: str) -> SchemeDescription:
    word, stamp = message.word, recipe.used.get("timestamp")
    before = word.before.replace("{", "{{").replace("}", "}}")
    prefix = before.replace(stamp.text, "{timestamp}") if stamp else before
    keys: dict[str, str | bool] = {"scheme": "hmac", "header": word.header, "template": recipe.template}
    optional: Mapping[str, tuple[str, str]] = {
        "digest": (word.digest, "sha256"),
        "encoding": (word.encoding, _HMAC.encoding),
        "secret_encoding": (message.secret_encoding, "text"),
        "timestamp": (stamped, ""),
        "timestamp_unit": ("ms" if stamp and len(stamp.text) == _MS_CHARS else "s", "s"),
        "id_header": (header, ""),
    }
    keys |= {name: value for name, (value, default) in optional.items() if value != default}
    if prefix != ("t={timestamp},v1=" if stamp and not stamped else ""):
        keys["prefix"] = prefix
    if "," in prefix and not _REPEATABLE.fullmatch(prefix):
        keys["multiple"] = False
    return SchemeDescription(tuple(keys.items()), key if key != _HMAC.id_key else "")
