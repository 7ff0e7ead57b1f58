"""The smallest true harness.toml for a few answers."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from harness.context.configuration_schema import schema_line
from harness.context.starting.start_answers import StartAnswers
from harness.openapi.document_servers import server_urls
from harness.openapi.json_document import items
from harness.openapi.spec_document import Spec
from harness.packs.shelf import pack_named
from harness.webhooks.discovery.scheme_description import SchemeDescription


def configuration_text(
    answers: StartAnswers, spec: Spec | None, *, name: str, found: SchemeDescription | None, events: bool
) -> str:
    """Return the text; ``found`` is the scheme of a captured delivery, ``events`` whether there are fixtures."""
    blocks = [_target(answers, name, scenarios=spec is not None)]
    if spec is not None:
        blocks.append(_provider(answers, spec))
    if answers.client:
        blocks.append(_client(answers))
    if answers.receiver:
        blocks.append(_receiver(answers, found, events=events))
    blocks.append(("[operations]", 'runbooks = "runbooks/*.md"  # skeletons: fill them in'))
    text = "\n\n".join("\n".join(block) for block in blocks)
    head = "# docs/adapting.md has every key with its default. Secrets are references, never values."
    return f"{schema_line()}\n{head}\n\n{text}\n"


def _target(answers: StartAnswers, name: str, *, scenarios: bool) -> tuple[str, ...]:
    lines = ["[target]", f"name = {_toml(name)}", 'environment = "staging"']
    lines += ['scenarios = ["scenarios"]'] if scenarios else []
    absent = (
        [] if answers.receiver else ['# receiver = "we receive no webhooks"', '# webhooks = "we receive no webhooks"']
    )
    absent += [] if answers.client else ['# client = "we only receive"']
    if absent:
        lines += ["", "# [target.absent]  # what your integration does not have, with the reason", *absent]
    return tuple(lines)


def _provider(answers: StartAnswers, spec: Spec) -> tuple[str, ...]:
    base_url = answers.base_url or server_of(spec)
    lines = ["[provider]", f"spec = {_toml(answers.spec)}", f"base_url = {_toml(base_url)}"]
    if answers.credential:
        lines.append(f"auth = {_auth(spec, answers.credential)}")
    if answers.own:
        lines += ["ours = true", 'probes = "write"  # made-up requests may create and change']
    else:
        lines.append('# Made-up requests only read. To let them create and change: probes = "write"')
    return tuple(lines)


def server_of(spec: Spec) -> str:
    """Return the first whole URL of the document's servers; empty for none."""
    whole = (url for url in server_urls(spec.raw) if url.startswith(("http://", "https://")))
    if url := next(whole, ""):
        return url
    host, path = spec.raw.get("host"), spec.raw.get("basePath", "")
    return f"https://{host}{path}" if isinstance(host, str) else ""


def _auth(spec: Spec, credential: str) -> str:
    for scheme in _security_schemes(spec):
        if scheme.get("type") == "apiKey" and scheme.get("in") == "header":
            return f'{{ type = "api-key", header = {_toml(str(scheme.get("name")))}, key = {_toml(credential)} }}'
        if scheme.get("scheme") == "basic" or scheme.get("type") == "basic":
            return f'{{ type = "basic", username = "env:API_USER", password = {_toml(credential)} }}'
    return f'{{ type = "bearer", token = {_toml(credential)} }}'


def _security_schemes(spec: Spec) -> Iterator[Mapping[str, Any]]:
    components = spec.raw.get("components")
    found = components.get("securitySchemes") if isinstance(components, dict) else spec.raw.get("securityDefinitions")
    yield from (scheme for _, scheme in items(found) if isinstance(scheme, dict))


def _client(answers: StartAnswers) -> tuple[str, ...]:
    words = ", ".join(_toml(word) for word in shlex.split(answers.client))
    return (
        "[client]  # runs the core workflow once; it must call the provider at the address in API_URL",
        f"command = [{words}]",
        'env = { API_URL = "{fault_server}" }',
    )


def _receiver(answers: StartAnswers, found: SchemeDescription | None, *, events: bool) -> tuple[str, ...]:
    lines = ["[receiver]", f"url = {_toml(answers.receiver)}"]
    lines += ['events = "fixtures/webhooks"'] if events else []
    pack = pack_named(answers.pack, "--provider") if answers.pack else None
    if pack:
        lines.append(f'ack_within = "{pack.acknowledgement.within:g}s"  # {pack.acknowledgement.source}')
    if event_id := (found.event_id if found else "") or (pack.event_id if pack else ""):
        lines.append(f"event_id = {_toml(event_id)}")
    lines.append("# Without `effects`, only answers are judged, not what they did: see docs/webhooks.md, Effects.")
    keys = dict(found.keys) if found else {"scheme": pack.scheme if pack else "hmac"}
    signature = [f"{key} = {_toml(value)}" for key, value in keys.items()]
    hint = [] if found or pack else ["# Find it: harness scheme DELIVERY --secret " + answers.signing_secret]
    return (*lines, "", "[receiver.signature]", *hint, *signature, f"secret = {_toml(answers.signing_secret)}")


def _toml(value: str | bool) -> str:  # noqa: FBT001 - a value of TOML
    """Return a basic string or a boolean of TOML: for these, JSON writes the same."""
    return json.dumps(value, ensure_ascii=False)
