"""`harness scheme`: which scheme signed captured deliveries."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.cli.json_output import json_option, print_json
from harness.cli.say import say
from harness.cli.surroundings import Surroundings
from harness.errors import ConfigurationError, EventError
from harness.http.message import Request
from harness.webhooks.delivery_plan import revealed_url, secret_behind
from harness.webhooks.discovery.scheme_finder import SchemeSearch, find_scheme
from harness.webhooks.http_fixture import bytes_of, http_fixture
from harness.webhooks.schemes import scheme_named


@click.command()
@click.argument(
    "deliveries",
    metavar="DELIVERY...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--secret", required=True, metavar="REF", help="Secret or public key, as env:NAME, file:PATH or command:WORDS."
)
@click.option("--url", metavar="URL", help="URL that the provider has, or env:NAME, if it may be signed.")
@json_option
def scheme(deliveries: tuple[Path, ...], secret: str, url: str | None, *, as_json: bool) -> None:
    """Find how captured deliveries are signed.

    Prints the section of harness.toml for what signed DELIVERY, a raw HTTP request in a file: header lines, an
    empty line and the exact body; the request line may stand above. Every scheme is tried, and what an HMAC may sign in
    any order: body, timestamp, id, URL and method. Where one delivery fits several descriptions, more deliveries of the
    same provider decide.
    """
    vault = Surroundings(Path.cwd()).vault
    reveal = secret_behind(secret, vault)
    given = revealed_url(url, vault, "--url") if url else ""
    search = find_scheme([_request(path) for path in deliveries], reveal(), url=given)
    if as_json:
        print_json(_document(search, secret))
    else:
        say("\n".join(_lines(search, secret)))
    sys.exit(len(search.found) != 1)


def _request(path: Path) -> Request:
    try:
        return http_fixture(bytes_of(path), path).request
    except EventError as exc:
        raise ConfigurationError(str(exc)) from None


def _document(search: SchemeSearch, secret: str) -> dict[str, object]:
    sections = [description.section(secret) for description in search.found]
    return {"found": sections, "decided_by": search.decided_by, "why_not": search.why_not}


def _lines(search: SchemeSearch, secret: str) -> list[str]:
    if not search.found:
        return [search.why_not]
    if len(search.found) > 1:
        head = f"{len(search.found)} descriptions fit. What decides: {search.decided_by}."
        sections = [f"# {number}\n{each.section(secret)}" for number, each in enumerate(search.found, start=1)]
        return [head, "", "\n\n".join(sections)]
    [description] = search.found
    name = description.scheme
    source = "" if name in {"hmac", "token"} else f" ({scheme_named(name).source})"
    return [f"Found: {name}{source}. Write to harness.toml:", "", description.section(secret)]
