"""From harness.toml to what webhook checks play on, and what is said where that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.context.exercise import can_deliver
from harness.context.isolated_copy import isolated_copy
from harness.context.receiver_parts import (
    again,
    crash_context_of,
    drill_context_of,
    event_format_of,
    events_of,
    process_of,
    receiver_of,
    unreadable_events,
)
from harness.context.run_context import RunContext
from harness.errors import ConfigurationError, EventError, SecretError
from harness.model import Event, SecretRef
from harness.plugins import telemetry
from harness.process.ready import UrlAnswers
from harness.process.run import Run
from harness.webhooks.cases import case_named
from harness.webhooks.schemes import SCHEMES, scheme_named

EVENT = Event(name="ping", type="ping", id="evt_1", body=b'{"id": "evt_1", "type": "ping"}')
HEAD = '[target]\nname = "Tiny"\n'
PROCESS = '[process.app]\ncommand = ["python3"]\nready = "http://127.0.0.1:PORT/healthz"\n'
RECEIVER = """
[receiver]
url = "http://127.0.0.1:PORT/hook"
events = "events"
signature = { scheme = "hmac", secret = "env:HOOK_SECRET" }
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], RunContext]:
    monkeypatch.setenv("HOOK_SECRET", "x" * 24)
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "ping.json").write_bytes(EVENT.body)

    def load(text: str, port: str = "3000") -> RunContext:
        (tmp_path / "harness.toml").write_text(HEAD + text.replace("PORT", port))
        return RunContext.load(
            tmp_path, run=Run(run_id="r", seed="s", directory=str(tmp_path)), overlay=None, reports=tmp_path
        )

    return load


def test_a_delivery_is_made_again_by_one_command(world: Callable[[str], RunContext]) -> None:
    """`harness deliver` takes everything else from harness.toml."""
    case = case_named("truncated")
    assert case

    assert again(world(RECEIVER), EVENT, case) == "harness deliver events/ping.json --altered truncated"


@pytest.mark.parametrize(
    "text, case_id",
    [
        (RECEIVER, "http-1.0"),
        (RECEIVER.replace("env:HOOK", "fresh:HOOK") + PROCESS, "truncated"),
        (RECEIVER + PROCESS, "truncated"),
    ],
    ids=["odd-framing", "fresh-secret", "process"],
)
def test_what_only_a_gate_can_make_again_is_left_to_it(
    text: str, case_id: str, world: Callable[[str], RunContext]
) -> None:
    """A fresh secret, a process that runs in a gate alone and an odd framing are nothing for `harness deliver`."""
    case = case_named(case_id)
    assert case

    assert again(world(text), EVENT, case) == ""


@pytest.mark.parametrize("unreadable", [1, 2, 3, 5])
def test_every_unreadable_event_fixture_is_named(
    unreadable: int, tmp_path: Path, world: Callable[[str], RunContext]
) -> None:
    """One error names the first three, each in the words of `harness doctor`, which names all."""
    loaded = world(RECEIVER)
    for number in range(unreadable):
        (tmp_path / "events" / f"bad-{number}.json").write_text("{")
    event_format = event_format_of(loaded)
    named = list(unreadable_events(loaded, event_format))

    with pytest.raises(EventError) as raised:
        events_of(loaded, event_format)

    assert len(named) == unreadable
    assert all(f"bad-{number}.json is not JSON: " in text for number, text in enumerate(named))
    more = " And 2 more: `harness doctor` names each." if unreadable > 3 else ""
    assert str(raised.value) == " ".join(named[:3]) + more


@pytest.mark.parametrize("readable", [True, False], ids=["readable", "unreadable"])
def test_no_exercise_begins_that_could_not_deliver(
    *, readable: bool, tmp_path: Path, world: Callable[[str], RunContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would start a copy of the target, and then have nothing to send; the tests report the fixture."""
    loaded, begun = world(RECEIVER + '[telemetry]\nmetrics = "http://127.0.0.1:1/metrics"\n'), []
    if not readable:
        (tmp_path / "events" / "bad.json").write_text("{")
    lane = SimpleNamespace(begin=lambda name, _work: begun.append(name))
    monkeypatch.setattr(loaded, "background", SimpleNamespace(lane=lambda _name: lane))
    monkeypatch.setattr("harness.context.isolated_copy.can_be_copied", lambda _context: True)
    session = SimpleNamespace(items=[SimpleNamespace(fixturenames=["exercise"])])

    telemetry.pytest_harness_begin(session, loaded)  # type: ignore[arg-type]  # as much as it asks for

    assert begun == ["exercise"] * readable
    assert can_deliver(world(""))


def test_a_receiver_that_the_harness_does_not_start_cannot_be_killed(world: Callable[[str], RunContext]) -> None:
    """The message names the address and says what to do."""
    with pytest.raises(ConfigurationError) as raised:
        process_of(world(RECEIVER))

    assert "no [process.NAME] has `ready` at 127.0.0.1:3000, the host of [receiver] url" in str(raised.value)
    assert str(raised.value).endswith("let the harness start it: add a [process.NAME] section.")


def test_a_fixed_port_has_no_room_for_a_copy(world: Callable[[str], RunContext]) -> None:
    """Crashes play on a second copy of the processes, which needs ports of its own."""
    with pytest.raises(ConfigurationError) as raised, isolated_copy(world(RECEIVER + PROCESS)):
        pass

    assert "[process.app] ready uses a fixed port, so the harness cannot start a second copy" in str(raised.value)
    assert str(raised.value).endswith("Write {port:app} there, in [receiver] url, and in command or env.")


def test_the_stage_asks_as_harness_toml_says(world: Callable[[str], RunContext]) -> None:
    """Effects, dead letters and the state of objects are asked for through what the sections name."""
    text = RECEIVER + '[receiver.effects]\ncommand = ["echo", "2"]\n[receiver.dead_letters]\ncommand = ["false"]\n'
    loaded = world(text)
    stage = drill_context_of(loaded, receiver_of(loaded), EVENT)

    assert stage.probe.effects("evt_1") == 2
    assert stage.dead_letter_of is not None
    assert stage.dead_letter_of("evt_1") is None
    assert stage.state_of is None


@pytest.mark.parametrize(
    "previous, names", [("env:OLD_SECRET", ("HOOK_OLD", "OLD_SECRET")), ("file:old", ("HOOK_OLD",))]
)
def test_the_crash_stage_knows_which_variables_tell_the_secrets(
    previous: str, names: tuple[str, ...], world: Callable[[str], RunContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of harness.toml, and those that the process inherits."""
    monkeypatch.setenv("OLD_SECRET", "y" * 24)
    signature = f'signature = {{ scheme = "hmac", secret = "env:HOOK_SECRET", previous = "{previous}" }}'
    receiver = RECEIVER.replace('signature = { scheme = "hmac", secret = "env:HOOK_SECRET" }', signature)
    loaded = world(f'{receiver}{PROCESS}env = {{ HOOK_OLD = "{previous}" }}\n')
    app = SimpleNamespace(name="app", ready=UrlAnswers("http://127.0.0.1:3000/healthz", bool))
    monkeypatch.setattr(loaded.processes, "_started", [app])
    stage = crash_context_of(loaded, EVENT)

    assert stage.secret_names == ("HOOK_SECRET",)
    assert stage.previous_names == names


PAIR = """
[process.app]
command = ["python3"]
ready = "http://127.0.0.1:PORT/healthz"
env = { HOOK_PUBLIC_KEY = "{public_key}", OLD = "old={public_key:previous}" }

[receiver]
url = "http://127.0.0.1:PORT/hook"
signature = { scheme = "SCHEME", secret = "fresh:HOOK_KEY", previous = "fresh:OLD_KEY" }
"""
PAIRS = [scheme.name for scheme in SCHEMES if not scheme.symmetric]


@pytest.mark.parametrize("name", PAIRS)
def test_a_process_is_told_the_public_half_of_a_fresh_key(name: str, world: Callable[[str], RunContext]) -> None:
    """A key pair is made by its scheme's name alone, and the receiver gets what it verifies with."""
    loaded, scheme = world(PAIR.replace("SCHEME", name)), scheme_named(name)
    loaded.vault.resolve_all(loaded.target.references, strict=True)
    env = loaded.environment(loaded.config.process["app"].env, "[process.app] env")

    assert env["HOOK_PUBLIC_KEY"] == scheme.public_key(env["HOOK_KEY"])
    assert env["OLD"] == f"old={scheme.public_key(env['OLD_KEY'])}"
    assert env["HOOK_KEY"] not in env["HOOK_PUBLIC_KEY"]


@pytest.mark.parametrize("name", [scheme.name for scheme in SCHEMES if scheme.header])
def test_a_fresh_secret_has_the_form_of_its_scheme(name: str, world: Callable[[str], RunContext]) -> None:
    """What is made for a run signs, whatever the scheme wants of a secret; each process of a run makes the same."""
    texts = [PAIR.replace("SCHEME", name).replace('{public_key}"', '"').replace("{public_key:previous}", "")] * 2
    one, other = (loaded.reveal(SecretRef("fresh:HOOK_KEY")) for loaded in map(world, texts))

    assert one == other
    assert scheme_named(name).sign(b"{}", secret=one, timestamp=1, event_id="evt_1", url="http://x")


@pytest.mark.parametrize(
    "changed, said",
    [
        (
            ('"SCHEME"', '"github"'),
            "HOOK_PUBLIC_KEY holds {public_key}, but a receiver of 'github' verifies with the secret itself. Write ",
        ),
        (
            (', previous = "fresh:OLD_KEY"', ""),
            "OLD holds {public_key:previous}, but [receiver] signature has no `previous`. Add it,",
        ),
        (("signature = {", "# "), "HOOK_PUBLIC_KEY holds {public_key}, but there is no [receiver] signature. Add it,"),
    ],
)
def test_a_public_key_that_there_is_not_is_told(
    changed: tuple[str, str], said: str, world: Callable[[str], RunContext]
) -> None:
    """The message names the key of harness.toml, why there is none, and what to do."""
    loaded = world(PAIR.replace(*changed).replace("SCHEME", "discord"))
    with pytest.raises(ConfigurationError) as raised:
        loaded.environment(loaded.config.process["app"].env, "[process.app] env")

    assert str(raised.value).startswith(f"harness.toml: [process.app] env.{said}")


def test_a_public_key_may_stand_in_harness_toml(world: Callable[[str], RunContext]) -> None:
    """It is no secret, though its name ends in KEY; the private one is refused."""
    value = "ab" * 32
    assert world(PROCESS + f'env = {{ HOOK_PUBLIC_KEY = "{value}" }}\n')

    with pytest.raises(SecretError):
        world(PROCESS + f'env = {{ HOOK_PRIVATE_KEY = "{value}" }}\n')


def test_what_restarts_the_receiver_is_named_where_nothing_does(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a process and without `stop` and `start`, crash drills are not run; the lines to add are shown."""
    monkeypatch.setenv("HOOK_SECRET", "x" * 24)
    effects = 'effects = { url = "http://127.0.0.1:9/{event_id}" }\n'
    pytester.path.joinpath("harness.toml").write_text(HEAD + RECEIVER.replace("PORT", "9") + effects)
    pytester.mkdir("events").joinpath("ping.json").write_bytes(EVENT.body)
    pytester.makepyfile("def test_it(crash_drill): pass")

    ended = pytester.runpytest_subprocess("-rs")

    ended.stdout.fnmatch_lines(['*does not set [[]process], nor [[]receiver] stop and start*stop = [[]"docker"*'])
