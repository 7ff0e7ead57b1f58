"""The events that a user names: files and folders of fixtures, and the events of a vendor's pack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.errors import ConfigurationError, nearest
from harness.model import Event
from harness.packs.shelf import events_of, pack_named
from harness.webhooks.events import EventFormat, read_events


def events_named(names: Iterable[str], event_format: EventFormat, *, pack: str) -> Iterator[Event]:
    """Yield the events of each file, folder or name; ``pack`` is the pack that has the names, empty for none.

    Raises `ConfigurationError` for a name that is not among them, and `EventError` for a fixture.
    """
    for name in names:
        if Path(name).exists():
            yield from read_events([Path(name)], event_format.read)
        else:
            yield _of_pack(name, event_format, pack)


def _of_pack(name: str, event_format: EventFormat, pack: str) -> Event:
    if not pack:
        raise ConfigurationError(
            f"There is no file or folder {name!r}, and no vendor's pack to look it up in. Correct the path, or name "
            "the vendor: --provider stripe (`harness packs` lists them)."
        )
    events, title = events_of(pack), pack_named(pack, "--provider").title
    if name not in events:
        raise ConfigurationError(f"{title} has no event {name!r} here, nor is it a file. {nearest(name, events)}")
    path = events[name]
    return event_format.read(path) if path.suffix == ".http" else event_format.made(name, path.read_bytes())
