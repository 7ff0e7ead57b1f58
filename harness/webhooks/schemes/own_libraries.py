"""What the vendors' own libraries accept although a receiver should refuse it, and the other way round.

No user of such a library can change that, so a receiver that does the same is not blamed: its finding is a note. The
rows are what tests/real asks the libraries themselves. They state only what is accepted or refused; an exception that a
library raises can be caught by its user.
"""

from __future__ import annotations

from typing import NamedTuple

_AS_TEXT = ("text-replaced",)
"""Libraries for Node take the body as text."""


class OwnLibrary(NamedTuple):
    """One library of the vendor of a scheme."""

    scheme: str
    language: str
    name: str
    fails: tuple[str, ...]
    """Ids of the receiver cases that it fails."""


OWN_LIBRARIES: tuple[OwnLibrary, ...] = (
    OwnLibrary(
        "standard-webhooks", "python", "standardwebhooks for Python", ("trailing-junk", "junk-outside-encoding")
    ),
    OwnLibrary("standard-webhooks", "node", "standardwebhooks for Node", (*_AS_TEXT, "timestamp-junk")),
    OwnLibrary("svix", "python", "svix for Python", ("trailing-junk", "junk-outside-encoding")),
    OwnLibrary("svix", "node", "svix for Node", (*_AS_TEXT, "timestamp-junk")),
    OwnLibrary("stripe", "node", "stripe for Node", (*_AS_TEXT, "text-bom", "timestamp-nan", "timestamp-junk")),
    OwnLibrary("github", "node", "@octokit/webhooks-methods", _AS_TEXT),
    # Asked as the receiver of tests/real/receivers/octokit: its middleware reads the body as text.
    OwnLibrary("github", "node, as middleware", "@octokit/webhooks", (*_AS_TEXT, "text-bom")),
    OwnLibrary("slack", "node", "@slack/bolt", _AS_TEXT),
    OwnLibrary("shopify", "node", "@shopify/shopify-api", _AS_TEXT),
    OwnLibrary("square", "node", "square for Node", _AS_TEXT),
    OwnLibrary(
        "paddle",
        "node",
        "@paddle/paddle-node-sdk",
        (*_AS_TEXT, "timestamp-nan", "timestamp-junk", "right-signature-first"),
    ),
    # Asked once, with workos 10.8.0 and @workos-inc/node 8.13.0: Node's signs the JSON as it writes it.
    OwnLibrary("workos", "python", "workos for Python", ("older-version",)),
    OwnLibrary(
        "workos",
        "node",
        "@workos-inc/node",
        (
            *(*_AS_TEXT, "older-version", "version-none", "timestamp-empty", "timestamp-nan", "timestamp-word"),
            *("raw-crlf", "raw-escaped", "raw-indented", "raw-numbers", "raw-padded", "reserialised"),
            *("leading-space", "trailing-newline", "trailing-space"),
        ),
    ),
    OwnLibrary("sendgrid", "python", "sendgrid for Python", ("junk-outside-encoding", "spaced-signature")),
    OwnLibrary(
        "sendgrid",
        "node",
        "@sendgrid/eventwebhook",
        (*_AS_TEXT, "junk-outside-encoding", "spaced-signature", "base64-unpadded", "base64-url-safe"),
    ),
    OwnLibrary("discord", "python", "discord-interactions for Python", ("spaced-signature",)),
)


def library_note(scheme: str, case_id: str) -> str:
    """Return the note for a receiver that fails a case as a library of the vendor does; empty where none does."""
    names = [each.name for each in OWN_LIBRARIES if each.scheme == scheme and case_id in each.fails]
    do = f"{' and '.join(names)} {'does' if len(names) == 1 else 'do'}"
    return f"as {do}, which no user of that library can change" if names else ""
