"""`harness init`: the first files of a target."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from harness.cli.first_delivery import delivery_of, delivery_that_comes
from harness.cli.json_output import json_option, print_json
from harness.context.starting.file_plan import write_all
from harness.context.starting.first_files import RUNBOOKS, first_files, refuse_another
from harness.context.starting.start_answers import SIGNING_SECRET, FirstDelivery, StartAnswers
from harness.errors import ConfigurationError, EventError, NetworkError, SpecError
from harness.packs.shelf import known_pack, pack_names

NEXT = "harness gate"
_OF_PROVIDER = ("base_url", "credential", "auth")
SKELETON = "  (a skeleton: fill it in)"


@click.command()
@click.option("--spec", metavar="PATH", help="Path or URL of the provider's OpenAPI document.")
@click.option("--base-url", metavar="URL", help="Where the provider answers; by default the document's first server.")
@click.option(
    "--credential",
    metavar="REF",
    help="Reference to the credential: env:ACME_API_KEY, or USER:env:PASSWORD.",
)
@click.option("--auth", metavar="PLACE", help="Where it is sent, if not as the document asks: header:X-Api-Key.")
@click.option("--provider", metavar="NAME", help="'own', 'vendor', or a vendor of `harness packs`.")
@click.option("--client", metavar="COMMAND", help="Command that runs your client once.")
@click.option("--receiver", metavar="URL", help="URL of your webhook receiver.")
@click.option(
    "--signing-secret",
    metavar="REF",
    help="Reference to the secret of the webhooks; by default env:WEBHOOK_SECRET, or the vendor's own name.",
)
@click.option(
    "--delivery",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Captured delivery, a raw HTTP request, from which the signature scheme is found.",
)
@click.option("--capture", is_flag=True, help="Find the scheme in a delivery that comes now.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port for --capture; any free one by default.")
@click.option(
    "--ci", type=click.Choice(["github", "gitlab", "none"]), help="CI for which a file is written; github by default."
)
@click.option("--yes", is_flag=True, help="Replace questions by their defaults.")
@json_option
def init(*, yes: bool, as_json: bool, **given: Any) -> None:
    """Write the first files of a target.

    Asks at most six questions, or takes the options: the document, where the provider answers, the credential, whose
    the provider is, what the integration has, a captured delivery. Writes harness.toml with its schema, a first
    scenario, event fixtures, skeletons of runbooks, a CI file, and lines of .gitignore; it overwrites nothing.
    """
    root = Path.cwd()
    refuse_another(root)
    if not yes and is_terminal():
        _ask(given)
    _check(given)
    given["signing_secret"] = given["signing_secret"] or _usual_secret(given["provider"])
    try:
        files = first_files(StartAnswers(root=root, delivery=_delivery(given), **_answered(given)))
    except (SpecError, EventError, NetworkError) as exc:
        raise ConfigurationError(str(exc)) from None
    written = write_all(root, files.content)
    names = [*(str(path.relative_to(root)) for path in written), ".gitignore"]
    if as_json:
        print_json({"written": names, "unset": files.unset, "next": NEXT})
        return
    for line in _summary(names, files.unset):
        click.echo(line)


def _check(given: dict[str, Any]) -> None:
    """Raise `ConfigurationError` for answers that lead to nothing."""
    if not (given["spec"] or given["receiver"]):
        raise ConfigurationError(
            "There is nothing to test: give the provider's document (--spec PATH), or the URL of your webhook receiver "
            "(--receiver URL)."
        )
    if of_provider := [f"--{key.replace('_', '-')}" for key in _OF_PROVIDER if given[key] and not given["spec"]]:
        raise ConfigurationError(
            f"{', '.join(of_provider)}: of no use without the provider's document. Give that too (--spec PATH), or "
            f"leave out {' and '.join(of_provider)}."
        )
    if given["auth"] and not given["credential"]:
        raise ConfigurationError("--auth is the place of a credential: name that too (--credential env:NAME).")
    known = ("own", "vendor", *pack_names())
    if given["provider"] and given["provider"] not in known:
        raise ConfigurationError(
            f"--provider {given['provider']}: write own, vendor, or a vendor that is known: {', '.join(pack_names())}."
        )
    if given["delivery"] and given["capture"]:
        raise ConfigurationError("--delivery and --capture exclude each other: give the file, or wait for a delivery.")
    if (given["delivery"] or given["capture"]) and not given["receiver"]:
        raise ConfigurationError("A captured delivery is for your webhook receiver: give its URL too (--receiver URL).")


def _usual_secret(provider: str | None) -> str:
    pack = known_pack(provider)
    return pack.signing_secret if pack else SIGNING_SECRET


def _delivery(given: dict[str, Any]) -> FirstDelivery | None:
    secret, url = given["signing_secret"], given["receiver"] or ""
    if given["capture"]:
        return delivery_that_comes(given["port"], secret=secret, url=url)
    return delivery_of(given["delivery"], secret=secret, url=url) if given["delivery"] else None


def _answered(given: dict[str, Any]) -> dict[str, Any]:
    kept = StartAnswers.__struct_fields__
    return {key: given[key] for key in kept if key != "delivery" and given.get(key) is not None}


def is_terminal() -> bool:
    """Whether somebody can answer questions."""
    return sys.stdin.isatty()


def _ask(given: dict[str, Any]) -> None:
    """Ask for what no option gives; an empty answer leaves it out."""
    _question(given, "spec", "OpenAPI document of the provider (path or URL, empty for none)")
    if given["spec"]:
        _question(given, "base_url", "Where the provider answers (URL, empty for the document's first server)")
        _question(given, "credential", "Its credential (such as env:ACME_API_KEY or USER:env:PASSWORD; empty for none)")
    _question(given, "provider", f"Whose it is (own, vendor, or {', '.join(pack_names())})", default="vendor")
    if not (given["client"] or given["receiver"]):
        answer = _asked("URL of your webhook receiver, or the command of your client (empty for neither)")
        given["receiver" if "://" in answer else "client"] = answer or None
    if given["receiver"] and not (given["delivery"] or given["capture"]):
        path = _asked("A captured delivery, to find its scheme (file, 'capture' to wait for one now, empty for none)")
        given["capture"] = path == "capture"
        given["delivery"] = Path(path) if path and not given["capture"] else None


def _question(given: dict[str, Any], key: str, text: str, *, default: str = "") -> None:
    if given[key] is None:
        given[key] = _asked(text, default) or None


def _asked(text: str, default: str = "") -> str:
    answer: str = click.prompt(text, default=default, show_default=bool(default))
    return answer.strip()


def _summary(names: list[str], unset: list[str]) -> Iterator[str]:
    yield "Written:"
    yield from (f"  {name}{SKELETON if name.startswith(RUNBOOKS) else ''}" for name in names)
    if unset:
        yield f"Set first: {', '.join(unset)}"
    yield f"Next: {NEXT}"
