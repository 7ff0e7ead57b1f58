"""`harness packs`: what is known of vendors, and their events."""

from __future__ import annotations

from collections.abc import Iterator

import click
import msgspec

from harness.cli.json_output import json_option, print_json
from harness.cli.say import say
from harness.packs.pack import ClientPreset, Pack, Statement
from harness.packs.shelf import events_of, pack_named, pack_names, preset_named, preset_names


@click.command()
@click.argument("name", required=False)
@json_option
def packs(name: str | None, *, as_json: bool) -> None:
    """List vendors that are known, or show NAME.

    A pack has the vendor's signature scheme, events for `harness deliver`, its habits (acknowledgement, redelivery,
    rate limits, errors), and its own list of what to do before going live, with the items that prove each line.
    """
    if as_json:
        shown = [name] if name else pack_names()
        print_json([_document(each) for each in shown])
        return
    say("\n".join(_shown(name) if name else _listed()))


def _document(name: str) -> dict[str, object]:
    pack = pack_named(name, "harness packs")
    statements = {
        **msgspec.to_builtins(pack, enc_hook=float),
        "client": msgspec.to_builtins(_preset(name), enc_hook=float),
    }
    return {"name": name, **statements, "events": list(events_of(name))}


def _preset(name: str) -> ClientPreset | None:
    return preset_named(name) if name in preset_names() else None


def _listed() -> Iterator[str]:
    width = max(map(len, pack_names()))
    for name in pack_names():
        pack = pack_named(name, "harness packs")
        yield f"{name:<{width}}  {pack.title}: scheme {pack.scheme}, {len(events_of(name))} events"


def _shown(name: str) -> Iterator[str]:
    pack = pack_named(name, "harness packs")
    yield f"{pack.title} (scheme {pack.scheme})"
    for title, statement in _habits(pack, _preset(name)):
        yield from ("", title, f"  {statement.text}", f"  {statement.source}")
    yield from ("", "before going live")
    for line in pack.go_live:
        yield f"  {line.text}"
        yield f"    {', '.join(line.items) or 'no item proves this'}; {line.source}"
    yield from ("", f"events, for harness deliver NAME --provider {name} --secret {pack.signing_secret}")
    yield from (f"  {event}" for event in events_of(name))


def _habits(pack: Pack, preset: ClientPreset | None) -> Iterator[tuple[str, Statement]]:
    yield f"acknowledgement within {pack.acknowledgement.within:g} s", pack.acknowledgement
    yield "redelivery", pack.redelivery
    if pack.handshake:
        yield "before the first event", pack.handshake
    if pack.idempotency:
        yield f"safe retries: {pack.idempotency.header}", pack.idempotency
    if preset:
        yield f"clients wait up to {preset.answer_within:g} s", preset
    yield "rate limits", pack.rate_limit
    yield "errors", pack.error
