"""URLs of harness.toml that come from the environment, because they have a user and password."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.http.address import Address
from harness.http.message import header
from harness.model import SecretRef
from harness.model.strict import where_is
from harness.secrets import Vault

URL_KEYS = frozenset({"url", "base_url", "token_url"})
"""The keys whose text may be ``env:NAME`` in place of a URL."""


def is_referred_url(steps: tuple[str, ...], value: object) -> bool:
    """Whether a key holds ``env:NAME`` in place of a URL."""
    reference = (
        SecretRef.parse(value) if isinstance(value, str) and steps[-1] in URL_KEYS and "env" not in steps else None
    )
    return reference is not None and reference.kind == "env"


def with_referred_urls(node: Any, directory: Path, names: str, steps: tuple[str, ...] = ()) -> Any:
    """Return what harness.toml gives, with the URLs behind ``env:NAME``.

    ``names`` are its files, for the message. Raises `SecretError` for a variable that is not set.
    """
    if isinstance(node, dict):
        return {key: with_referred_urls(value, directory, names, (*steps, key)) for key, value in node.items()}
    if not steps or not is_referred_url(steps, node):
        return node
    return Vault(seed="", root=directory, secret=False).resolve(SecretRef(node), f"{names}: {where_is(steps)}").reveal()


def hide_credentials(urls: Iterable[str], vault: Vault) -> None:
    """Make user and password of ``urls`` known to ``vault``, as they are written and as they are sent."""
    for number, url in enumerate(urls):
        if url.lower().startswith(("http://", "https://")) and "@" in url:
            authorization = header(Address.of(url).authorized(()), "authorization")
            if authorization:
                vault.add(f"credentials of URL {number}", url.partition("://")[2].partition("/")[0].rpartition("@")[0])
                vault.add(f"Basic credentials of URL {number}", authorization.removeprefix("Basic "))
