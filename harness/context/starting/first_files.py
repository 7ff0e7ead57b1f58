"""From a few answers to the first files of a target."""

from __future__ import annotations

import os
from importlib import resources

from harness.context.configuration_schema import SCHEMA, shipped_schema
from harness.context.starting.first_configuration import configuration_text, server_of
from harness.context.starting.first_events import event_files
from harness.context.starting.first_scenario import scenario_text
from harness.context.starting.start_answers import StartAnswers
from harness.core.configuration_home import CONFIG_NAME, configuration_file
from harness.errors import ConfigurationError
from harness.http.client import Network
from harness.model import SecretRef
from harness.openapi.spec_document import Spec, load_spec
from harness.packs.shelf import pack_named
from harness.secrets import Vault
from harness.webhooks.discovery.scheme_description import SchemeDescription
from harness.webhooks.discovery.scheme_finder import find_scheme
from harness.webhooks.http_fixture import bytes_of, http_fixture

CI_FILES = {"github": ".github/workflows/readiness.yml", "gitlab": "readiness.gitlab-ci.yml"}


def first_files(answers: StartAnswers) -> dict[str, bytes]:
    """Return the content of each file by its path.

    Raises `ConfigurationError` and `SpecError` for answers from which no true configuration can be made.
    """
    if there := configuration_file(answers.root):
        raise ConfigurationError(
            f"{there.name} describes a target already, and nothing is overwritten. Begin in another folder, or ask "
            "`harness doctor` about this one."
        )
    spec = _spec(answers)
    found = _scheme(answers)
    events = event_files(answers.pack, spec) if answers.receiver else {}
    name = str(spec.raw.get("info", {}).get("title", "")) if spec else ""
    name = name or (pack_named(answers.pack, "--provider").title if answers.pack else "") or answers.root.resolve().name
    texts = {
        CONFIG_NAME: configuration_text(answers, spec, name=f"{name} integration", found=found, events=bool(events)),
        SCHEMA: shipped_schema(),
        "runbooks/auth.md": _text("runbook-auth.md"),
        "runbooks/webhooks.md": _text("runbook-webhooks.md"),
    }
    if spec and (scenario := scenario_text(spec, writes=answers.own)):
        texts["scenarios/test_first.py"] = scenario
    if answers.ci != "none":
        texts[CI_FILES[answers.ci]] = _ci(answers)
    return {**{path: text.encode() for path, text in texts.items()}, **events}


def _spec(answers: StartAnswers) -> Spec | None:
    if not answers.spec:
        return None
    spec = load_spec(
        answers.spec,
        root=answers.root,
        named_by="--spec",
        fetch=Network([answers.spec]).fetch,
        base_url=answers.base_url,
    )
    if not (answers.base_url or server_of(spec)):
        raise ConfigurationError(
            f"{answers.spec} names no server by a whole URL. Give the address of the provider: --base-url URL."
        )
    return spec


def _scheme(answers: StartAnswers) -> SchemeDescription | None:
    """Return the scheme of the captured delivery, None without one; raises `ConfigurationError` where none is found."""
    if answers.delivery is None:
        return None
    reference = SecretRef(answers.signing_secret)
    secret = Vault(seed="", root=answers.root).resolve(reference, "--signing-secret").reveal()
    request = http_fixture(bytes_of(answers.delivery), answers.delivery).request
    search = find_scheme([request], secret, url=answers.receiver)
    if not search.found:
        raise ConfigurationError(f"--delivery {answers.delivery}: {search.why_not}")
    if len(search.found) > 1:
        raise ConfigurationError(
            f"--delivery {answers.delivery}: {len(search.found)} descriptions fit. What decides: {search.decided_by}. "
            "Compare them with `harness scheme`, and leave out --delivery."
        )
    return search.found[0]


def _ci(answers: StartAnswers) -> str:
    names = [ref.name for ref in map(SecretRef.parse, secrets_of(answers)) if ref and ref.kind == "env"]
    lines = [f"{name}: ${{{{ secrets.{name} }}}}" for name in names]
    if not lines:
        return _text(f"{answers.ci}.yml").replace("        env:\n          # SECRETS\n", "")
    return _text(f"{answers.ci}.yml").replace("# SECRETS", "\n          ".join(lines))


def secrets_of(answers: StartAnswers) -> tuple[str, ...]:
    """Return the references that harness.toml has."""
    signing = answers.signing_secret if answers.receiver else ""
    return tuple(filter(None, (answers.credential if answers.spec else "", signing)))


def unset_variables(answers: StartAnswers) -> list[str]:
    """Return the names of the variables that must be set before the gate."""
    references = map(SecretRef.parse, secrets_of(answers))
    return [ref.name for ref in references if ref and ref.kind == "env" and not os.environ.get(ref.name)]


def _text(name: str) -> str:
    return resources.files("harness.context.starting").joinpath("texts", name).read_text(encoding="utf-8")
