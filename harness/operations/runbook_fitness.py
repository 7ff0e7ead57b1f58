"""Whether one runbook is fit for an incident: its owner, its last review, its six sections, its links."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from harness.core.dates import iso_moment
from harness.operations.runbook_page import Link, RunbookPage, read_document
from harness.operations.runbook_passages import Passage
from harness.operations.runbook_sections import SECTIONS, Needed

_PLACEHOLDERS = re.compile(
    r"\b(TODO|TB[ACDW]|FIXME|XXX|WIP|lorem ipsum)\b[^\n.!?]*"
    r"|(?:^|(?<=[.!?]))[^\n.!?]{0,60}\b(coming soon|placeholder|work in progress|under construction|"
    r"to be (added|completed|confirmed|decided|defined|determined|documented|done|filled in|written))\s*(?=[\n.!?]|$)"
    r"|^[^\w\n]*(n/a|none|unknown)[^\w\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
"""A mark of what is unwritten with the rest of its sentence, a sentence that ends on such words, a line that denies."""
_WORD = re.compile(r"[^\W\d_]{2,}")
_OWNED = ("owner", "owners", "owned_by", "owner_slack", "owning_team", "team", "maintainer", "maintainers")
_OWNERS = (*_OWNED, "maintained_by", "service_owner", "document_owner", "runbook_owner", "page_owner")
_REVIEWED = ("last_reviewed", "last_reviewed_on", "last_review", "reviewed", "reviewed_on", "review_date")
_CONTACTS = ("contact", "contacts", "escalation", "escalate_to", "on_call", "oncall", "pagerduty")
_REACHED = (*_CONTACTS, "owner_slack", "slack", "slack_channel", "channel", "email", "support")
_ADDRESS = re.compile(r"[#@]\w|://|\+\d{6}")
"""A channel, a handle or a mail address, a URL, a telephone number."""
_ELSEWHERE = re.compile(r"[a-zA-Z][\w+.-]*:|//|.*(\{\{|\{%)")
"""Links to other hosts, and those that a generator of sites fills in."""
_OF_THE_VIEWER = re.compile(r"top|L\d+(-L\d+)?|:~:.*")
"""Fragments that need no heading: the top (HTML, section 7.4.6.4), lines of a file on GitHub, a text fragment."""
_MENDS = {
    "rollback": " Add one, or give the command or the link for it where it is needed.",
    "escalation": " Add one, or `contact:` in the front matter: a channel, an address, a number.",
}


class Review(NamedTuple):
    """What a review is held against."""

    today: dt.date
    limit: dt.timedelta
    """How old it may be."""


def complaints(page: RunbookPage, review: Review, root: Path) -> Iterator[str]:
    """Yield what is wrong with one runbook, each as ``file:line: what, and what to do``."""
    name = shown(page.path, root)
    yield from (f"{name}:{text}" for text in page.problems)
    if page.front_is_readable:
        yield from (f"{name}:1: {text}" for text in _front_complaints(page, review))
    for needed in SECTIONS:
        yield from (f"{name}:{text}" for text in _section_complaints(needed, page))
    others: dict[Path, RunbookPage | None] = {page.path: page}
    for link in page.links:
        if text := _link_complaint(link, page, others):
            yield f"{name}:{link.line}: {text}"


def shown(path: Path, root: Path) -> str:
    """Return a path as findings name it: relative to ``root`` where it lies below."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def _front_complaints(page: RunbookPage, review: Review) -> Iterator[str]:
    if not any(str(owner).strip() for owner in page.values(_OWNERS)):
        yield "it has no owner. Add `owner:` to the front matter: the team that maintains it."
    reviewed = next(filter(None, map(_date, page.values(_REVIEWED))), None)
    if reviewed is None:
        yield "it has no date of its last review. Add `last_reviewed: YYYY-MM-DD` to the front matter."
    elif reviewed > review.today:
        yield f"its last review, {reviewed}, is in the future. Write the date on which it was reviewed."
    elif review.today - reviewed > review.limit:
        age = (review.today - reviewed).days
        yield f"its last review was {age} days ago; {review.limit.days} are allowed. Review it again."


def _date(written: object) -> dt.date | None:
    """Return the day of an ISO 8601 date, or of a date with a time; None for anything else."""
    moment = iso_moment(str(written).strip())
    return moment.date() if moment else None


def _section_complaints(needed: Needed, page: RunbookPage) -> Iterator[str]:
    """Yield what is wrong with a section, found by its titles, or else by passages under another title."""
    found = [p for p in page.passages if needed.name in p.sections]
    if not _has_content(found):
        found += [p for p in page.passages if _stands_in(needed, p)]
    if _has_content(found):
        if needed.actionable and not any(p.actionable for p in found):
            text = f"its section on {needed.name} has neither a command nor a link. Add what to run or where to look."
            yield f"{found[0].opened_at}: {text}"
        return
    if needed.name == "escalation" and _is_reachable(page):
        return
    opened = [h.line for h in page.headings if needed.name in h.sections] or [
        p.opened_at for p in found if not p.is_fact
    ]
    if opened:
        yield f"{opened[0]}: its section on {needed.name} is empty. Write what to do."
    else:
        yield f"1: it has no section on {needed.name}.{_MENDS.get(needed.name, ' Add one.')}"


def _has_content(passages: Sequence[Passage]) -> bool:
    """Return whether passages give a command, a link, or words that are no placeholders."""
    texts = "\n".join(p.text for p in passages if not p.is_fact)
    return _WORD.search(_PLACEHOLDERS.sub("", texts)) is not None or any(p.command for p in passages)


def _stands_in(needed: Needed, passage: Passage) -> bool:
    """Return whether a passage does the work of a section under another title, or under none."""
    if needed.points and not passage.command:
        return False
    allowed = not (needed.within and passage.sections) or needed.within & passage.sections
    return bool(allowed) and needed.words.search(" ".join(passage.text.split())) is not None


def _is_reachable(page: RunbookPage) -> bool:
    """Return whether the front matter, or a line of facts, gives somebody to call."""
    if any(str(contact).strip() for contact in page.values(_REACHED)):
        return True
    return any(_ADDRESS.search(str(owner)) for owner in page.values(_OWNERS))


def _link_complaint(link: Link, page: RunbookPage, others: dict[Path, RunbookPage | None]) -> str:
    """Return why a relative link does not resolve; links to other hosts are not followed.

    ``others`` has the pages that links of this one led to before.
    """
    if _ELSEWHERE.match(link.target):
        return ""
    file, _, anchor = link.target.partition("#")
    path = _linked(unquote(file.partition("?")[0]), page.path)
    if path is None:
        return "" if file.startswith("/") else f"the link {link.target} leads nowhere. Correct it."
    if not anchor or path.suffix.lower() not in (".md", ".markdown") or _OF_THE_VIEWER.fullmatch(anchor):
        return ""
    if path not in others:
        try:
            others[path] = read_document(path)
        except ValueError:
            others[path] = None
    other = others[path]
    if other is None:
        return f"the link {link.target} leads to a file that cannot be read."
    if unquote(anchor).removeprefix("user-content-").lower() not in other.anchors:
        return f"the link {link.target} names a heading that does not exist. Correct it."
    return ""


def _linked(file: str, origin: Path) -> Path | None:
    """Return the file or folder that a link names; one that begins with a slash starts at a folder above the page.

    GitHub starts at the repository, a generator of sites at its root, whose addresses need not be files.
    """
    if not file:
        return origin
    folders = origin.parents if file.startswith("/") else [origin.parent]
    for folder in folders:
        path = folder / file.lstrip("/")
        try:
            if path.exists():
                return path
        except OSError:  # its name is too long
            continue
    return None
