"""Who answers at a URL: the receiver, the provider, or another part of the target."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from harness.http.address import origin_of
from harness.model.config import Basic, ClientCredentials, Configuration
from harness.operations.answer_leaks import Answerer


def public_names(config: Configuration) -> frozenset[str]:
    """Return the references whose values answers may hold: the user name, or client id, that goes with a secret."""
    auth = config.provider.auth if config.provider else None
    if isinstance(auth, ClientCredentials):
        return frozenset({auth.client_id})
    return frozenset({str(auth.username)}) if isinstance(auth, Basic) and auth.password else frozenset()


def answerers(config: Configuration) -> Callable[[str], Answerer]:
    """Return what names who answers at a URL.

    A host that harness.toml names only for recordings is another's, as the provider is: nobody here can correct it.
    """
    provider = origin_of(config.provider.base_url) if config.provider else None
    own = sorted(((_beginning(url), key) for key, url in config.called()), key=lambda each: -len(each[0]))
    origins = {origin_of(url) for url in config.called_urls()}

    def who(url: str) -> Answerer:
        origin = origin_of(url)
        key = next((key for beginning, key in own if url.startswith(beginning)), "")
        if key in ("", "provider.base_url") and origin == provider:
            return Answerer("the provider", is_provider=True)
        if key:
            name = "the receiver" if key == "receiver.url" else f"what {key} names"
            return Answerer(name, is_provider=key.startswith("provider."))
        return Answerer(urlsplit(url).hostname or "another host", is_provider=origin not in origins)

    return who


def _beginning(url: str) -> str:
    """Return what all URLs that are made from one of harness.toml begin with."""
    return url.partition("?")[0].partition("{")[0]
