"""How the provider's credential is sent, by the security schemes of the document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from harness.errors import ConfigurationError
from harness.model import SecretRef
from harness.openapi.json_document import items
from harness.openapi.security_schemes import schemes_of
from harness.openapi.spec_document import Spec

USER = "env:API_USER"
"""Where the user name is, unless it is given."""
_SENT_AS_BEARER = ("oauth2", "openIdConnect")
_PLACE = re.compile(r"(header|query|cookie):([\w.~$-]+)", re.ASCII)


class GivenCredential(NamedTuple):
    """What ``--credential`` gives: a reference, with a user name before it where two values authenticate."""

    user: str
    reference: str
    place: Mapping[str, str] = {}
    """What ``--auth`` names: header, query or cookie, with the name there; empty: as the document asks."""

    @classmethod
    def read(cls, text: str, auth: str = "") -> GivenCredential:
        """Read ``[USER:]REFERENCE``, and the place of ``--auth``; raises `ConfigurationError` for anything else."""
        user, _, rest = text.partition(":")
        if SecretRef.parse(text) is None and SecretRef.parse(rest) is not None:
            if auth:
                raise ConfigurationError("--auth is for a key alone: leave it out, or the user name of --credential.")
            return cls(user, rest)
        check_reference(text, "--credential")
        return cls("", text, _place(auth) if auth else {})

    def in_place(self) -> dict[str, str]:
        """Return the keys of ``[provider] auth`` for the place that is named."""
        return {"type": "api-key", **self.place, "key": self.reference}


def _place(auth: str) -> dict[str, str]:
    found = _PLACE.fullmatch(auth)
    if found is None:
        raise ConfigurationError(
            "--auth is no place: write header:NAME, query:NAME or cookie:NAME, such as header:X-Api-Key."
        )
    return {found[1]: found[2]}


def check_reference(text: str, option: str) -> None:
    """Raise `ConfigurationError`, which repeats nothing, for a text that may be the secret itself."""
    if SecretRef.parse(text) is None:
        raise ConfigurationError(
            f"{option} is no reference: write env:NAME, file:PATH or command:WORDS. A secret itself belongs in no file "
            "of a target, and in no command line."
        )


def auth_keys(spec: Spec, given: GivenCredential) -> dict[str, str]:
    """Return the keys of ``[provider] auth``: of a scheme that needs what is given, as the document prefers it.

    Raises `ConfigurationError` where the document has schemes, and none that the harness can use.
    """
    if given.place:
        return given.in_place()
    schemes = list(_schemes(spec))
    forms = [keys for scheme in schemes if (keys := _keys(scheme, given))]
    if schemes and not forms:
        kinds = ", ".join(dict.fromkeys(_in_words(scheme) for scheme in schemes))
        raise ConfigurationError(
            f"--credential: {spec.source} knows {kinds} alone, which the harness cannot authenticate with. Leave out "
            "--credential."
        )
    one_value = sorted((keys for keys in forms if keys["type"] != "basic"), key=lambda keys: "query" in keys)
    with_user = [keys for keys in forms if keys["type"] == "basic"]
    preferred = [*with_user, *one_value] if given.user else [*one_value, *with_user]
    return next(iter(preferred), {"type": "bearer", "token": given.reference})


def _schemes(spec: Spec) -> Iterator[Mapping[str, Any]]:
    """Yield the schemes that all operations ask for first, then the others."""
    found = schemes_of(spec)
    asked = spec.raw.get("security")
    first = [name for each in asked for name, _ in items(each)] if isinstance(asked, list) else []
    yield from (found[name] for name in dict.fromkeys([*first, *found]) if name in found)


def _keys(scheme: Mapping[str, Any], given: GivenCredential) -> dict[str, str]:
    kind, word = str(scheme.get("type")), str(scheme.get("scheme", ""))
    if kind == "apiKey" and scheme.get("in") in ("header", "query", "cookie"):
        return {"type": "api-key", str(scheme["in"]): str(scheme.get("name")), "key": given.reference}
    if kind == "basic" or word.lower() == "basic":
        return {"type": "basic", "username": given.user or USER, "password": given.reference}
    if kind in _SENT_AS_BEARER or word.lower() == "bearer":
        return {"type": "bearer", "token": given.reference}
    return {"type": "bearer", "scheme": word, "token": given.reference} if kind == "http" and word else {}


def _in_words(scheme: Mapping[str, Any]) -> str:
    place = f" in the {scheme['in']}" if isinstance(scheme.get("in"), str) else ""
    return f"{scheme.get('type')}{place}"
