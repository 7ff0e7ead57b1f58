"""What a user answers before the first files are written."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from harness.webhooks.discovery.scheme_description import SchemeDescription

SIGNING_SECRET = "env:WEBHOOK_SECRET"  # noqa: S105 - a reference
CiKind = Literal["github", "gitlab", "none"]


class FirstDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """What a captured delivery shows."""

    scheme: SchemeDescription
    fixtures: dict[str, bytes]
    """Files of the deliveries, by name, to be signed afresh."""
    event_type: str | None = None
    """For `[receiver] event_type`: empty where no delivery names a type; None where the scheme knows the place."""


class StartAnswers(msgspec.Struct, frozen=True, kw_only=True):
    """The answers; empty where the question does not apply."""

    root: Path
    """The folder in which the files are written."""
    spec: str = ""
    """Path or URL of the OpenAPI document."""
    base_url: str = ""
    """Where the provider answers; empty: the first server of the document."""
    credential: str = ""
    """Reference to the credential, such as ``env:ACME_API_KEY``; for a user name and a password ``USER:env:NAME``."""
    auth: str = ""
    """Where the credential is sent, such as ``header:X-Api-Key``; empty: as the document asks."""
    provider: str = "vendor"
    """``own``, ``vendor``, or the name of a pack."""
    client: str = ""
    """The command that runs the client once."""
    receiver: str = ""
    """URL of the webhook receiver."""
    signing_secret: str = SIGNING_SECRET
    """Reference to the secret of the webhooks."""
    delivery: FirstDelivery | None = None
    """Of a captured delivery, where there is one."""
    ci: CiKind = "github"

    @property
    def own(self) -> bool:
        """Whether the team can correct the provider, so that made-up requests may write."""
        return self.provider == "own"

    @property
    def pack(self) -> str:
        """The name of the vendor's pack; empty for none."""
        return "" if self.provider in {"own", "vendor"} else self.provider
