"""What can go wrong, as one tree.

::

    HarnessError
    ├── ConfigurationError    harness.toml, an option or a waiver is wrong: fix it and run again (exit 4)
    │   └── SecretError       a secret reference does not resolve, or a secret was written literally
    ├── CassetteError         a recording is missing, unreadable or does not hold the call
    ├── EventError            a webhook event fixture is unreadable
    ├── FindingError          a finding cannot enter the report: it is none, or speaks to no item of the checklist
    ├── NetworkError          a call was refused by the harness itself (host not allowed, production guard)
    ├── ProbeError            a probe of the target gave no usable answer
    ├── ProcessError          a process of the target did not start, died, or never became ready
    └── SpecError             the OpenAPI document cannot be read or is not one

Every message says what happened, where (file, key, line), and what to do next. None carries a secret.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class HarnessError(Exception):
    """Base of all errors raised on purpose by the harness; its text is one readable paragraph."""


class ConfigurationError(HarnessError):
    """The description of the target, an option or a waiver is wrong; nothing was run."""


class SecretError(ConfigurationError):
    """A secret reference does not resolve, or a secret stands literally where a reference belongs."""


class CassetteError(HarnessError):
    """A recording is missing, unreadable, or does not hold the call that was made."""


class EventError(HarnessError):
    """A webhook event fixture cannot be read or lacks what its delivery needs."""


class FindingError(HarnessError):
    """A finding cannot enter the report: it is not one, is not valid, or speaks to no item of the checklist."""

    def __init__(self, text: str, *, failed: bool = False) -> None:
        """``failed`` says that the finding reported a failure, which must not be lost with it."""
        super().__init__(text)
        self.failed = failed


class NetworkError(HarnessError):
    """The harness refused to send: the host is not the target's, or the environment is production."""


class ProbeError(HarnessError):
    """A probe of the target (effects, metrics) gave no usable answer."""


class ProcessError(HarnessError):
    """A process of the target did not start, died, or never became ready."""


class SpecError(HarnessError):
    """The OpenAPI document cannot be read, or is not an OpenAPI document."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``Did you mean …?`` for the closest of ``known``, else the whole list, for an error's last line."""
    candidates = sorted(known)
    close = difflib.get_close_matches(name, candidates, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"Known: {', '.join(candidates)}."
