"""The tree of exceptions.

::

    HarnessError
    ├── ConfigurationError    harness.toml, an option or a waiver is invalid: fix it and run again (exit 4)
    │   └── SecretError       a secret reference does not resolve, or a secret was written literally
    ├── CassetteError         a recording is missing or unreadable, or has no matching request
    ├── EventError            a webhook event fixture is unreadable
    │   └── SignatureLacksError a signature has no character that a case changes, which another one may have
    ├── FindingError          a finding is refused by the report: invalid, or for an unknown item
    ├── MonitoringError       Prometheus or Alertmanager is missing, or gave no usable answer
    ├── NetworkError          the harness refused to send a request (host not allowed, production)
    │   └── NotPermittedError what [provider] allows does not cover a request that the harness made up
    │       └── CredentialLostError the credential stopped working during the run
    ├── ProbeError            a probe of the target returned no usable response
    ├── ProcessError          a process of the target did not start, died, or never became ready
    ├── SpecError             the OpenAPI document is unreadable or invalid
    └── TokenError            the authorization server gave no access token

Every message states what happened, where (file, key, line), and what to do next. None contains a secret.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class HarnessError(Exception):
    """Base of all errors raised on purpose by the harness; its text is one readable paragraph."""


class ConfigurationError(HarnessError):
    """The description of the target, an option or a waiver is invalid; nothing was run."""

    def __init__(self, text: str, *, key: tuple[str, ...] = ()) -> None:
        """``key``: the keys and indexes that lead to what is invalid in harness.toml, for its line."""
        super().__init__(text)
        self.key = key


class SecretError(ConfigurationError):
    """A secret reference does not resolve, or a secret was written out where a reference belongs."""


class CassetteError(HarnessError):
    """A recording is missing or unreadable, or has no match for the request that was made."""


class EventError(HarnessError):
    """A webhook event fixture is unreadable, or misses something that its delivery needs."""


class SignatureLacksError(EventError):
    """The signature of an event has no character of the kind that a case changes; that of another event may."""


class FindingError(HarnessError):
    """A finding is refused by the report: it is invalid, or names no item of the checklist."""

    def __init__(self, text: str, *, failed: bool = False) -> None:
        """``failed``: the finding reported a failure, which must not be lost with it."""
        super().__init__(text)
        self.failed = failed


class MonitoringError(HarnessError):
    """Prometheus or Alertmanager is not installed, did not start, or gave no usable answer."""


class NetworkError(HarnessError):
    """The harness refused to send a request: its host is not allowed, or the environment is production."""


class NotPermittedError(NetworkError):
    """The harness refused to send a request that it made up: ``[provider]`` does not allow it."""


class CredentialLostError(NotPermittedError):
    """The credential stopped working during the run, so that no answer shows anything any more."""


class ProbeError(HarnessError):
    """A probe of the target (effects, metrics) returned no usable response."""


class ProcessError(HarnessError):
    """A process of the target did not start, died, or never became ready."""


class SpecError(HarnessError):
    """The OpenAPI document cannot be read, or is not an OpenAPI document."""


class TokenError(HarnessError):
    """The authorization server gave no access token, so that nothing can be sent to the provider."""

    def __init__(self, text: str, *, refused: bool = False) -> None:
        """``refused``: the server knows no such client, or another secret of it."""
        super().__init__(text)
        self.refused = refused


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``Did you mean …?`` for the closest of ``known``, else the whole list, for an error's last line."""
    candidates = sorted(known)
    close = difflib.get_close_matches(name, candidates, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"Known: {', '.join(candidates)}."


def one_line(exc: BaseException) -> str:
    """Return the message of a library's exception on one line; its class where it has none."""
    return " ".join(str(exc).split()) or type(exc).__name__


def misfit(exc: Exception) -> tuple[str, str]:
    """Return what does not fit in a `msgspec.ValidationError`, and where, such as ``$.log.entries[0]``."""
    what, _, at = str(exc).partition(" - at ")
    return what, at.strip("`")
