"""The smallest true harness.toml for a few answers."""

from __future__ import annotations

import json
import shlex

from harness.context.configuration_schema import SCHEMA, schema_line
from harness.context.starting.first_credential import GivenCredential, auth_keys
from harness.context.starting.start_answers import StartAnswers
from harness.openapi.document_servers import first_server
from harness.openapi.spec_document import Spec
from harness.packs.shelf import pack_named


def configuration_text(answers: StartAnswers, spec: Spec | None, *, name: str, events: bool) -> str:
    """Return the text; ``events`` is whether there are fixtures."""
    blocks = [_target(answers, name, scenarios=spec is not None)]
    if spec is not None:
        blocks.append(_provider(answers, spec))
    if answers.client:
        blocks.append(_client(answers))
    if answers.receiver:
        blocks.append(_receiver(answers, events=events))
    blocks.append(("[operations]", 'runbooks = "runbooks/*.md"  # skeletons: fill them in'))
    text = "\n\n".join("\n".join(block) for block in blocks)
    head = f"# {SCHEMA} explains every key. Secrets are references, never values."
    return f"{schema_line()}\n{head}\n\n{text}\n"


def _target(answers: StartAnswers, name: str, *, scenarios: bool) -> tuple[str, ...]:
    lines = ["[target]", f"name = {_toml(name)}", 'environment = "staging"']
    lines += ['scenarios = ["scenarios"]'] if scenarios else []
    absent = (
        [] if answers.receiver else ['# receiver = "we receive no webhooks"', '# webhooks = "we receive no webhooks"']
    )
    absent += [] if answers.client else ['# client = "we only receive"']
    absent.append('# telemetry = "a nightly job; its exit status is watched"')
    return (*lines, "", "# [target.absent]  # what your integration does not have, with the reason", *absent)


def _provider(answers: StartAnswers, spec: Spec) -> tuple[str, ...]:
    base_url = answers.base_url or first_server(spec.raw, answers.spec)
    lines = ["[provider]", f"spec = {_toml(answers.spec)}", f"base_url = {_toml(base_url)}"]
    if answers.credential:
        keys = auth_keys(spec, GivenCredential.read(answers.credential, answers.auth))
        lines.append(f"auth = {{ {', '.join(f'{key} = {_toml(value)}' for key, value in keys.items())} }}")
    if answers.own:
        lines += ["ours = true", 'probes = "write"  # made-up requests may create and change']
    else:
        lines.append('# Made-up requests only read. To let them create and change: probes = "write"')
    return tuple(lines)


def _client(answers: StartAnswers) -> tuple[str, ...]:
    words = ", ".join(_toml(word) for word in shlex.split(answers.client))
    return (
        "[client]  # runs the core workflow once; it must call the provider at the address in API_URL",
        f"command = [{words}]",
        'env = { API_URL = "{fault_server}" }',
    )


def _receiver(answers: StartAnswers, *, events: bool) -> tuple[str, ...]:
    found = answers.delivery.scheme if answers.delivery else None
    lines = ["[receiver]", f"url = {_toml(answers.receiver)}"]
    lines += ['events = "fixtures/webhooks"'] if events else []
    pack = pack_named(answers.pack, "--provider") if answers.pack else None
    if pack:
        lines.append(f'ack_within = "{pack.acknowledgement.within:g}s"  # {pack.acknowledgement.source}')
    if event_id := (found.event_id if found else "") or (pack.event_id if pack else ""):
        lines.append(f"event_id = {_toml(event_id)}")
    if answers.delivery and (key := answers.delivery.event_type) is not None:
        lines.append(f"event_type = {_toml(key)}" + ("" if key else "  # the captured delivery names none"))
    lines.append("# Without `effects`, which shows what an event did, only answers are judged.")
    keys = dict(found.keys) if found else {"scheme": pack.scheme if pack else "hmac"}
    signature = [f"{key} = {_toml(value)}" for key, value in keys.items()]
    hint = [] if found or pack else ["# Find it: harness scheme DELIVERY --secret " + answers.signing_secret]
    return (*lines, "", "[receiver.signature]", *hint, *signature, f"secret = {_toml(answers.signing_secret)}")


def _toml(value: str | bool) -> str:  # noqa: FBT001 - a value of TOML
    """Return a basic string or a boolean of TOML: for these, JSON writes the same."""
    return json.dumps(value, ensure_ascii=False)
