"""Where the link of an alert leads: to one of the team's runbooks, to another file, or elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from harness.core.foreign_files import real_path
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


class _Place(NamedTuple):
    """A runbook, with what links and alerts are compared with."""

    page: RunbookPage
    path: Path
    parts: list[str]
    """Of its path below the folder of harness.toml, see `_parts`."""
    titles: str
    """Its titles, one to a line."""
    names: frozenset[str]
    """The alerts that its front matter names."""


class RunbookIndex:
    """The runbooks of a team, to be found by the alerts that lead to them."""

    def __init__(self, pages: Sequence[RunbookPage], root: Path, names: Callable[[RunbookPage], list[str]]) -> None:
        """``root`` is the folder of harness.toml; ``names`` gives the alerts that a page's front matter names."""
        self._root = root
        self._places = [
            _Place(page, page.path.resolve(), _parts(_relative(page.path, root)), _titles(page), frozenset(names(page)))
            for page in pages
        ]
        self._by_path = {place.path: place.page for place in self._places}
        self._by_last: dict[str, list[_Place]] = {}
        for place in self._places:
            if place.parts:
                self._by_last.setdefault(place.parts[-1], []).append(place)

    def reach(self, alert: AlertLink) -> Reached:
        """Return where an alert leads: by its link, else by a runbook that names it."""
        found = Reached()
        if alert.link and not re.search(r"\{\{|\$\{|\{%", alert.link):
            is_url = re.match(r"[a-zA-Z][\w+.-]*://", alert.link)
            found = self._by_url(alert) if is_url else self._by_file(alert)
        if found.page or found.file:
            return found
        naming = next((place.page for place in self._places if alert.name in place.names), None)
        return found._replace(page=naming or self._headed(alert.name))

    def _by_file(self, alert: AlertLink) -> Reached:
        """Follow a path that starts at the folder of harness.toml, or at that of the rules."""
        file = alert.link.partition("#")[0]
        for folder in filter(None, (self._root, alert.folder)):
            path = folder / unquote(file).lstrip("/")
            try:
                is_file = path.is_file()
            except OSError:  # its name is too long
                continue
            if is_file:
                return Reached(self._by_path.get(real_path(path)), file=path)
        return Reached()

    def _by_url(self, alert: AlertLink) -> Reached:
        """Match the last parts of a URL, without the ending of a file, with the path of a runbook; else its fragment.

        So ``https://github.com/acme/pay/blob/main/docs/runbooks/dead-letters.md`` is ``docs/runbooks/dead-letters.md``,
        and so is ``https://runbooks.acme.example/Dead-Letters/``.
        """
        try:
            url = urlsplit(alert.link)
        except ValueError:  # brackets that hold no IPv6 address
            return Reached()
        anchor = unquote(url.fragment).lower()
        parts = _parts(PurePosixPath(unquote(url.path)))
        alike = self._by_last.get(parts[-1], []) if parts else []
        if alike:
            best = max(alike, key=lambda place: _common(parts, place.parts))
            whole = _common(parts, best.parts) == len(best.parts) and not _OF_CODE.isdisjoint(parts)
            return Reached(best.page, anchor if whole else "")
        return Reached(self._by_fragment(anchor, slug(alert.name)) if anchor else None)

    def _by_fragment(self, anchor: str, name: str) -> RunbookPage | None:
        """Return the runbook that has the name of a fragment, or a heading of it that names the alert."""
        for page in (place.page for place in self._places):
            if anchor == slug(page.path.stem) or (name in anchor and anchor in page.anchors):
                return page
        return None

    def _headed(self, name: str) -> RunbookPage | None:
        """Return the runbook with an alert's name as its own, in a heading, or in a line such as ``Alert: Name``."""
        whole = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
        found = (place.page for place in self._places if name in place.titles and whole.search(place.titles))
        return next(found, None)


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


def _titles(page: RunbookPage) -> str:
    titles = [str(page.front.get("title", "")), page.path.name.partition(".")[0]]
    titles += [heading.title for heading in page.headings]
    titles += [passage.text for passage in page.passages if passage.is_fact]
    return "\n".join(titles)
