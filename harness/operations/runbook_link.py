"""Where the link of an alert leads: to one of the team's runbooks, to another file, or elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from harness.operations.runbook_page import RunbookPage, slug

_ENDINGS = (".md", ".markdown", ".html")
_OF_A_FOLDER = ("index", "readme", "_index")
_OF_CODE = frozenset({"blob", "tree", "raw", "src"})
"""Parts of the URLs under which GitHub, GitLab, Gitea and Bitbucket show a file, with the anchors of its headings."""


class AlertLink(msgspec.Struct, frozen=True, kw_only=True):
    """An alert of the rules, with the link to its runbook."""

    name: str
    link: str = ""
    """The annotation ``runbook_url``; empty where it has none."""
    where: str
    """``file:line`` of the link, or of the rule."""
    folder: Path | None = None
    """The folder of the file of rules, from which a relative link may start."""


class Reached(NamedTuple):
    """Where an alert leads."""

    page: RunbookPage | None = None
    """One of the team's runbooks."""
    anchor: str = ""
    """The heading that a URL names in it, in small letters, where the URL shows the file itself.

    That of a path is judged with the rules, as is whether its file exists.
    """
    file: Path | None = None
    """The file of a relative link, where it exists."""


def reach(
    alert: AlertLink, pages: Sequence[RunbookPage], root: Path, *, names: Callable[[RunbookPage], list[str]]
) -> Reached:
    """Return where an alert leads: by its link, else by a runbook that names it.

    ``names`` gives the alerts that a runbook names in its front matter.
    """
    found = Reached()
    if alert.link and not re.search(r"\{\{|\$\{|\{%", alert.link):
        is_url = re.match(r"[a-zA-Z][\w+.-]*://", alert.link)
        found = _by_url(alert, pages, root) if is_url else _by_file(alert, pages, root)
    if found.page or found.file:
        return found
    naming = [page for page in pages if alert.name in names(page)]
    naming += [page for page in pages if _is_headed(page, alert.name)]
    return Reached(naming[0]) if naming else found


def _by_file(alert: AlertLink, pages: Sequence[RunbookPage], root: Path) -> Reached:
    """Follow a path that starts at the folder of harness.toml, or at that of the rules."""
    file = alert.link.partition("#")[0]
    for folder in filter(None, (root, alert.folder)):
        path = folder / unquote(file).lstrip("/")
        try:
            is_file = path.is_file()
        except OSError:  # its name is too long
            continue
        if is_file:
            page = next((page for page in pages if page.path.resolve() == path.resolve()), None)
            return Reached(page, file=path)
    return Reached()


def _by_url(alert: AlertLink, pages: Sequence[RunbookPage], root: Path) -> Reached:
    """Match the last parts of a URL, without the ending of a file, with the path of a runbook; else its fragment.

    So ``https://github.com/acme/pay/blob/main/docs/runbooks/dead-letters.md`` is ``docs/runbooks/dead-letters.md``, and
    so is ``https://runbooks.acme.example/Dead-Letters/``.
    """
    url = urlsplit(alert.link)
    anchor = unquote(url.fragment).lower()
    parts = _parts(PurePosixPath(unquote(url.path)))
    alike = [(_common(parts, _parts(_relative(page.path, root))), page) for page in pages]
    common, page = max(alike, key=lambda found: found[0], default=(0, None))
    if page and common:
        whole = common == len(_parts(_relative(page.path, root))) and not _OF_CODE.isdisjoint(parts)
        return Reached(page, anchor if whole else "")
    for page in pages:
        if anchor and (anchor == slug(page.path.stem) or (anchor in page.anchors and slug(alert.name) in anchor)):
            return Reached(page)
    return Reached()


def _relative(path: Path, root: Path) -> PurePosixPath:
    return PurePosixPath((path.relative_to(root) if path.is_relative_to(root) else path).as_posix())


def _parts(path: PurePosixPath) -> list[str]:
    """Return the parts of a path in small letters, the last without its endings; an index stands for its folder."""
    parts = [part.lower() for part in path.parts if part != "/"]
    if not parts:
        return []
    last = parts.pop()
    while last.endswith(_ENDINGS):
        last = last.rpartition(".")[0]
    return parts if last in _OF_A_FOLDER else [*parts, last]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many parts two paths have in common at their ends."""
    pairs = zip(reversed(one), reversed(other), strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _is_headed(page: RunbookPage, name: str) -> bool:
    """Return whether a runbook has an alert's name as its own, in a heading, or in a line such as ``Alert: Name``."""
    titles = [str(page.front.get("title", "")), page.path.name.partition(".")[0]]
    titles += [heading.title for heading in page.headings]
    titles += [passage.text for passage in page.passages if passage.is_fact]
    whole = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
    return any(name in title and whole.search(title) for title in titles)
