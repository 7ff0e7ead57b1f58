"""How the test credential is written into its header or other place, and wrong ones in the same form."""

from __future__ import annotations

import base64
import re
import secrets
import string
from collections.abc import Callable

import msgspec

from harness.http.credential_places import COOKIE, QUERY
from harness.model import SecretRef
from harness.model.config import ApiKey, Auth, Bearer, ClientCredentials

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*[ \t]+(?=\S)")
"""The word before a credential, such as ``Token`` (RFC 9110 section 11.4)."""
_KIND = re.compile(r"(?:[A-Za-z]{2,8}[_-]){1,2}")
"""What begins the keys of one kind, such as ``sk_live_``."""
_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.(?=[\w-]+$)")
"""Header and claims of a signed token (RFC 7519 section 3), before its signature."""
_LEAST_RANDOM = 8
"""Characters of a key that differ in a wrong one of its kind, where it has as many."""
LEAST_NOTED = 16
"""Characters of a made-up secret that are noted: chance would find shorter ones in a log."""
_HEX = "0123456789abcdef"
_CLASSES = (string.digits, string.ascii_lowercase, string.ascii_uppercase)


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """One header that carries a secret; the secret is asked for only when the header is made."""

    header: str
    """Its name, or a field of `credential_places` for another place."""
    written: Callable[[str], str]
    """Turns a secret into the header's value."""
    secret: Callable[[], str]
    scheme: str = ""
    """The word before the secret, where the configuration names one."""
    note: Callable[[str], None] = lambda _: None
    """Called with what is made up of each wrong secret, so that logs can be searched for it."""

    def headers(self) -> dict[str, str]:
        """Return the header of an honest call."""
        return {self.header: self.written(self.secret())}

    def wrong(self) -> str:
        """Return a made-up secret, to be sent in place of the right one; see `made_up`."""
        right = self.secret()
        wrong = made_up(right)
        own = wrong[len(_fixed_part(right)) :]
        if len(wrong) == len(right) and len(own) >= LEAST_NOTED:
            self.note(own)
        return wrong

    @property
    def word(self) -> str:
        """The word before the credential: that of the configuration, else the one that the secret begins with."""
        return self.scheme or _scheme_in(self.secret()).rstrip()


def credential_for(
    auth: Auth,
    reveal: Callable[[SecretRef], str],
    note: Callable[[str], None] = lambda _: None,
    token: Callable[[], str] = lambda: "",
) -> Credential:
    """Return how ``[provider] auth`` is sent.

    ``reveal`` gives the value of a reference, ``note`` takes wrong ones, and ``token`` gives an access token where one
    must be asked for.
    """
    return msgspec.structs.replace(_written(auth, reveal, token), note=note)


def _written(auth: Auth, reveal: Callable[[SecretRef], str], token: Callable[[], str]) -> Credential:
    if isinstance(auth, ClientCredentials):
        return _with_scheme("Authorization", "Bearer", token)
    if isinstance(auth, Bearer):
        return _with_scheme("Authorization", auth.scheme, lambda: reveal(auth.token))
    if isinstance(auth, ApiKey):
        return _with_scheme(key_field(auth), auth.scheme or "", lambda: reveal(auth.key))
    referred = SecretRef.parse(auth.username)

    def basic(password: str) -> str:
        username = reveal(referred) if referred else auth.username
        return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()

    return Credential(header="Authorization", written=basic, secret=lambda: reveal(auth.password), scheme="Basic")


def key_field(auth: ApiKey) -> str:
    """Return the name of the field that has a key; see `harness.http.credential_places`."""
    if auth.query:
        return QUERY + auth.query
    return COOKIE + auth.cookie if auth.cookie else auth.header or "X-API-Key"


def _with_scheme(header: str, scheme: str, secret: Callable[[], str]) -> Credential:
    return Credential(header=header, written=lambda s: f"{scheme} {s}".lstrip(), secret=secret, scheme=scheme)


def made_up(secret: str) -> str:
    """Return another secret in the form of ``secret``: its scheme, kind, length and alphabet.

    Of a signed token only the signature is another, so that it proves that the provider verifies it.
    """
    fixed = _fixed_part(secret)
    own = secret[len(fixed) :]
    alphabets = (_HEX,) if set(own) - set("-") <= set(_HEX) else _CLASSES
    while True:
        made = fixed + "".join(_another(each, alphabets) for each in own)
        if made != secret:
            return made
        if not any(each in alphabet for each in own for alphabet in alphabets):
            return secret + secrets.token_hex(_LEAST_RANDOM)


def first_half(secret: str) -> str:
    """Return the first half of a secret, with its scheme where it begins with one."""
    scheme = _scheme_in(secret)
    return scheme + secret[len(scheme) :][: (len(secret) - len(scheme)) // 2]


def _another(character: str, alphabets: tuple[str, ...]) -> str:
    alphabet = next((each for each in alphabets if character in each), None)
    return secrets.choice(alphabet) if alphabet else character


def _fixed_part(secret: str) -> str:
    """Return what a wrong secret of the same form begins with."""
    scheme = _scheme_in(secret)
    rest = secret[len(scheme) :]
    found = _JWT.match(rest) or _KIND.match(rest)
    if found is None or len(rest) - found.end() < _LEAST_RANDOM:
        return scheme
    return scheme + found[0]


def _scheme_in(secret: str) -> str:
    found = _SCHEME.match(secret)
    return found[0] if found else ""
