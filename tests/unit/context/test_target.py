"""harness.toml is read whole or refused with one sentence that says where and what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
import pytest

from harness.context.target import load_target
from harness.errors import ConfigurationError, SecretError
from harness.model.config import Configuration, Duration

if TYPE_CHECKING:
    from pathlib import Path

NAMED = '[target]\nname = "Acme"\n'
PROVIDER = NAMED + '[provider]\nspec = "openapi.yaml"\nbase_url = "http://127.0.0.1:1"\n'
ITEM = NAMED + '[[item]]\nid = "own.a"\nlevel = "must"\ntext = "t"\nremediation = "r"\n'
WAIVER = '[[waiver]]\nitem = "x"\nreason = "r"\nowner = "o"\nexpires = 2027-01-31\n'
PROCESS = NAMED + '[process.app]\ncommand = ["app"]\nready = "http://127.0.0.1:1/"\n'

# Text of harness.toml, and what the message must hold: the place, the trouble, the next step.
REFUSED = {
    "unknown key": (NAMED + '[provider]\nbase_ulr = "x"', "[provider] base_ulr", "Did you mean 'base_url'?"),
    "unknown section": (NAMED + "[recevier]\n", "[recevier]", "Did you mean 'receiver'?"),
    "unknown key in a process": (PROCESS + 'reddy = "x"', "[process.app] reddy", "Did you mean 'ready'?"),
    "unknown key in a list": (
        NAMED + '[[waiver]]\nitem = "x"\nreasn = "y"',
        "[[waiver]] 1 reasn",
        "Did you mean 'reason'?",
    ),
    "unknown kind of credential": (
        PROVIDER + 'auth = { type = "bearr", token = "env:X" }',
        "[provider] auth.type",
        "Did you mean 'bearer'?",
    ),
    "two places of a key": (
        PROVIDER + 'auth = { type = "api-key", key = "env:X", header = "X-Key", query = "key" }',
        "[provider] auth",
        "header and query are both given: write the one place that has the key",
    ),
    "a word before a key in the query": (
        PROVIDER + 'auth = { type = "api-key", key = "env:X", query = "key", scheme = "Key" }',
        "[provider] auth",
        "scheme is a word before the key in a header, and query is none: leave it out",
    ),
    "a name that no cookie has": (
        PROVIDER + 'auth = { type = "api-key", key = "env:X", cookie = "a;b" }',
        "[provider] auth",
        "cookie is 'a;b': write a name such as api_key",
    ),
    "no kind of credential": (PROVIDER + 'auth = { token = "env:X" }', "auth.type: is missing", "api-key"),
    "a secret in the answer to nothing": (
        PROVIDER + 'webhooks = { secret_at = "data.secret" }',
        "[provider] webhooks",
        "secret_at is a key of the response to register, which is missing",
    ),
    "wrong type": (NAMED + "[provider]\nspec = 3", "[provider] spec", "Expected text, got a whole number. Correct"),
    "wrong type in a process": (
        PROCESS.replace('["app"]', "7"),
        "[process.app] command",
        "Expected a list, got a whole number. Correct that key",
    ),
    "a folder that does not exist": (
        PROCESS + 'cwd = "services/ap"',
        "[process.app] cwd",
        "'services/ap' is not a folder. Write its path relative to the folder of harness.toml.",
    ),
    "two signs of readiness": (
        NAMED + '[process.app]\ncommand = ["app"]\nready = { log = "up", command = ["true"] }',
        "[process.app] ready",
        "give exactly one of log, command and url",
    ),
    "a status without a URL": (
        NAMED + '[process.app]\ncommand = ["app"]\nready = { log = "up", status = 401 }',
        "[process.app] ready",
        "status is the status of the answer to url, which is missing",
    ),
    "a status that HTTP does not have": (
        NAMED + '[process.app]\ncommand = ["app"]\nready = { url = "http://127.0.0.1:1/", status = 40 }',
        "[process.app] ready",
        "status is 40: write one from 200 to 599",
    ),
    "a URL in a sign of readiness, of another scheme": (
        NAMED + '[process.app]\ncommand = ["app"]\nready = { url = "tcp://127.0.0.1:1/" }',
        "[process.app] ready.url",
        "Write http://",
    ),
    "a sign of readiness that is unknown": (
        NAMED + '[process.app]\ncommand = ["app"]\nready = { logs = "up" }',
        "[process.app] ready.logs",
        "Did you mean 'log'?",
    ),
    "missing key": (
        NAMED + '[provider]\nspec = "x"',
        "[provider]",
        "the key base_url is missing. Add it and run again.",
    ),
    "a header name with a space": (
        NAMED + '[client]\ncommand = ["x"]\nidempotency_header = "My Key"',
        "[client]",
        "write a name such as Idempotency-Key",
    ),
    "an operation that cannot show who asks": (
        PROVIDER + 'whoami = "POST /me"',
        "[provider]",
        "write GET and a path without parameters, such as GET /me",
    ),
    "a receiver that is declared absent": (
        NAMED + '[target.absent]\nreceiver = "we only call"\n[receiver]\nurl = "http://127.0.0.1:1/"',
        "[target.absent] receiver declares that the integration has none, and [receiver] describes it",
        "Remove one of the two.",
    ),
    "a client that is declared absent": (
        NAMED + '[target.absent]\nclient = "we only receive"\n[client]\ncommand = ["x"]',
        "[target.absent] client",
        "Remove one of the two.",
    ),
    "webhooks that are declared absent": (
        PROVIDER + 'webhooks = {}\n[target.absent]\nwebhooks = "none"',
        "[target.absent] webhooks declares that the integration has none, and [provider.webhooks]",
        "Remove one of the two.",
    ),
    "a declaration without a reason": (
        NAMED + '[target.absent]\nclient = " "',
        "[target",
        "is empty: write the reason",
    ),
    "an unknown part": (NAMED + '[target.absent]\nclients = "x"', "clients", "Did you mean 'client'?"),
    "a waiver without a foreseeable end": (
        NAMED + '[[waiver]]\nitem = "x"\nreason = "r"\nowner = "o"\nexpires = 2999-01-01',
        "[[waiver]] 1 expires is 2999-01-01",
        'allow more: [target] waivers_within = "730d"',
    ),
    "no length of time": (PROCESS + 'ready_within = "soon"', "[process.app] ready_within", "write 250ms, 3s"),
    "a bare number of seconds": (PROCESS + "ready_within = 3", "[process.app] ready_within", "such as '3s'"),
    "a receiver's URL without its scheme": (
        NAMED + '[receiver]\nurl = "127.0.0.1:1/hook"',
        "[receiver] url",
        "is not a URL that can be called. Write http://HOST:PORT/PATH, or https.",
    ),
    "a provider's URL without a host": (
        NAMED + '[provider]\nspec = "openapi.yaml"\nbase_url = "https:///v1"',
        "[provider] base_url",
        "is not a URL that can be called.",
    ),
    "a URL of a process, of another scheme": (PROCESS.replace("http:", "tcp:"), "[process.app] ready", "Write http://"),
    "a probe's URL without its scheme": (
        NAMED + '[receiver]\nurl = "http://127.0.0.1:{port:app}/hook"\neffects = { url = "/effects/{event_id}" }',
        "[receiver] effects.url",
        "is not a URL that can be called.",
    ),
    "unknown environment": (
        NAMED + 'environment = "stagin"',
        "[target] environment",
        "'stagin' is not known. Did you mean 'staging'?",
    ),
    "unknown name in a list": (
        NAMED + '[cassettes]\nmatch_on = ["path", "hots"]',
        "[cassettes] match_on.1",
        "'hots' is not known. Did you mean 'host'?",
    ),
    "unknown fault": (
        NAMED + '[telemetry]\nshown_by = { forgd = ["log"] }',
        "[telemetry] shown_by: 'forgd' is not a fault.",
        "Did you mean 'forged'?",
    ),
    "unknown fault of an alert": (
        NAMED + '[telemetry.alerts]\nfires = { Forged = "forgd" }',
        "[telemetry] alerts.fires.Forged: 'forgd' is not a fault.",
        "Did you mean 'forged'? A command is a list: its program, then its arguments.",
    ),
    "a command as text": (
        NAMED + '[telemetry.alerts]\nfires = { Forged = "make break-it" }',
        "[telemetry] alerts.fires.Forged: 'make break-it' is not a fault.",
        "A command is a list: its program, then its arguments.",
    ),
    "an empty command of an alert": (
        NAMED + "[telemetry.alerts]\nfires = { Forged = [] }",
        "[telemetry] alerts.fires.Forged: the command is empty.",
        "List its program, then its arguments.",
    ),
    "unknown signal": (
        NAMED + '[telemetry.shown_by]\nforged = ["log", "metrics"]',
        "[telemetry] shown_by.forged.1",
        "'metrics' is not known. Did you mean 'metric'?",
    ),
    "a signal in place of a list": (
        NAMED + '[telemetry.shown_by]\nforged = "log"',
        "[telemetry] shown_by.forged",
        "Expected a list, got text.",
    ),
    "unknown name that may be left out": (
        NAMED
        + '[receiver]\nurl = "http://127.0.0.1:1/"\nsignature = { scheme = "hmac", secret = "env:X", digest = "md5" }',
        "[receiver] signature.digest",
        "'md5' is not known. Known: sha1, sha256, sha512.",
    ),
    "a previous value of no credential": (
        NAMED + '[[operations.secrets]]\nref = "env:X"\nprevious = "env:Y"\nrotated_at = 2026-11-01',
        "[operations] secrets: env:X has a `previous`",
        "Remove the key.",
    ),
    "a level that does not exist": (ITEM.replace("must", "shoud"), "[[item]] 1 level", "'should'? (harness.toml:5)"),
    "a waiver without a reason": (
        NAMED + WAIVER.replace('"r"', '""'),
        "[[waiver]] 1 reason is empty",
        "write its text, or remove the key. (harness.toml:5)",
    ),
    "a waiver without an owner": (NAMED + WAIVER.replace('"o"', '" "'), "[[waiver]] 1 owner is empty", "toml:6)"),
    "a waiver of a blank finding": (NAMED + WAIVER + 'finding = ""', "[[waiver]] 1 finding is empty", "toml:8)"),
    "a waiver that never ends": (
        NAMED + 'waivers_within = "9999999d"\n' + WAIVER.replace("2027-01-31", "9999-12-31"),
        "[[waiver]] 1 expires is 9999-12-31",
        "Name an earlier day",
    ),
    "a need that nothing reads": (
        ITEM + 'needs = ["provider.spec", "receiver.ulr"]',
        "[[item]] 1 needs: 'receiver.ulr' is no key of harness.toml, so nothing reads it.",
        "Did you mean 'receiver.url'? (harness.toml:8)",
    ),
    "a need of a section that does not exist": (
        ITEM + 'needs = ["recever.url"]',
        "'recever.url' is no key of harness.toml",
        "Did you mean 'receiver'?",
    ),
    "an item about an unknown part": (
        ITEM + 'concerns = ["recevier"]',
        "[[item]] 1 concerns: 'recevier' is no part that [target.absent] declares.",
        "Did you mean 'receiver'? (harness.toml:8)",
    ),
    "an item without a text": (ITEM.replace('"t"', '"\t"'), "[[item]] 1 text is empty", "(harness.toml:6)"),
    "a target without a name": ('[target]\nname = ""', "[target] name is empty", "(harness.toml:2)"),
    "a folder of scenarios without a name": (
        NAMED + 'scenarios = [\n  "flows",\n  "",\n]',
        "[target] scenarios is empty",
        "(harness.toml:3)",
    ),
    "a command without a program": (
        PROCESS.replace('"app"', '""'),
        "[process.app] command is empty",
        "(harness.toml:4)",
    ),
    "an empty command": (PROCESS.replace('"app"', ""), "[process.app] command is an empty list", "write its entries"),
    "a series that nothing reads": (
        NAMED + '[telemetry.series]\ndelivred = "x"',
        "[telemetry] series.delivred: nothing reads it.",
        "Did you mean 'delivered'? (harness.toml:4)",
    ),
    "an empty series": (NAMED + '[telemetry.series]\nretried = ""', "series.retried is empty", "(harness.toml:4)"),
    "a share above the whole": (
        NAMED + "[contract]\ncoverage = { responses = 101 }",
        "[contract] coverage: responses is 101",
        "write per cent, from 0 to 100",
    ),
    "no attempt": (
        NAMED + '[client]\ncommand = ["x"]\npolicy = { max_attempts = 0 }',
        "[client] policy: max_attempts is 0",
        "write 1 or more",
    ),
    "a policy of no vendor": (
        NAMED + '[client]\ncommand = ["x"]\npolicy = { preset = "strip" }',
        "[client] policy.preset: there is no preset 'strip'.",
        "Did you mean 'stripe'? (harness.toml:5)",
    ),
    "a preset that is no text": (
        NAMED + '[client]\ncommand = ["x"]\npolicy = { preset = 1 }',
        "[client] policy.preset: Expected text or nothing, got a whole number.",
        "Correct that key and run again. (harness.toml:5)",
    ),
    "a time-out shorter than the preset": (
        NAMED + '[client]\ncommand = ["x"]\ntimeout = "60s"\npolicy = { preset = "stripe" }',
        "after its policy.answer_within of 80 s",
        'write timeout = "85s" or more, or a shorter policy.answer_within. Correct that key',
    ),
    "a time-out as long as the policy": (
        NAMED + '[client]\ncommand = ["x"]\ntimeout = "30s"\npolicy = { answer_within = "30s" }',
        "[client]: timeout ends each run after 30 s, too early to see whether the client lets go of a response",
        'write timeout = "35s" or more, or a shorter policy.answer_within. Correct that key',
    ),
    "a time-out shorter than the policy that is not written": (
        NAMED + '[client]\ncommand = ["x"]\ntimeout = "31s"',
        "after its policy.answer_within of 30 s",
        'write timeout = "35s"',
    ),
    "recordings that match everything": (NAMED + "[cassettes]\nmatch_on = []", "match_on is empty", "such as method"),
    "a body of no request": (
        PROVIDER + "webhooks = { body = { a = 1 } }",
        "[provider] webhooks: body is the body of the request register, which is missing",
        "(harness.toml:6)",
    ),
    "an impossible port": (PROVIDER + "webhooks = { port = 99999 }", "port is 99999", "from 1 to 65535"),
    "a secret that is never old": (
        NAMED + '[[operations.secrets]]\nref = "env:A"\nrotated_at = 2999-01-01',
        "rotated_at is 2999-01-01, which is to come",
        "Write the day of its last rotation. (harness.toml:5)",
    ),
    "two records of one secret": (
        NAMED + 2 * '[[operations.secrets]]\nref = "env:A"\nrotated_at = 2026-01-01\n',
        "secrets has two records of env:A",
        "remove the older one",
    ),
    "a scanner of nothing": (
        NAMED + '[operations]\nscanner = ["kingfisher", "scan"]',
        "scanner is a command without {files}",
        "the folder that it is to search",
    ),
    "a declared skip without a reason": (
        NAMED + 'skips = [{ test = "a::b", reason = " ", expires = 2027-01-31 }]',
        "[target] skips.0.reason is empty",
        "(harness.toml:3)",
    ),
    "a declared skip that never ends": (
        NAMED + 'skips = [{ test = "a::b", reason = "r", expires = 9999-12-31 }]',
        "[target] skips.0.expires is 9999-12-31",
        "Name an earlier day",
    ),
    "not TOML": ("[target\nname = 1", "harness.toml is not valid TOML", "line 1"),
    "no reference": (PROVIDER + 'auth = { type = "bearer", token = 3 }', "[provider] auth.token", "env:NAME"),
}


def write(folder: Path, text: str, name: str = "harness.toml") -> Path:
    (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("text, where, advice", REFUSED.values(), ids=REFUSED.keys())
def test_a_mistake_is_named_with_its_place_and_the_next_step(
    tmp_path: Path, text: str, where: str, advice: str
) -> None:
    """Each kind of mistake gives one error that names file, key and remedy."""
    with pytest.raises(ConfigurationError) as caught:
        load_target(write(tmp_path, text))

    message = str(caught.value)
    assert message.startswith("harness.toml")
    assert where in message
    assert advice in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "line",
    [
        '[provider]\nspec = "x"\nbase_url = "https://user:VALUE@api.example.com"',
        '[provider]\nspec = "x"\nbase_url = "x"\nauth = { type = "bearer", token = "VALUE" }',
        '[process.app]\ncommand = ["app", "sk_test_VALUE"]\nready = "x"',
        '[process.app]\ncommand = ["app"]\nready = "x"\nenv = { API_KEY = "VALUE" }',
        '[client]\ncommand = ["app"]\nenv = { AUTH = "Bearer VALUE" }',
    ],
)
def test_a_secret_written_literally_is_refused_and_not_repeated(tmp_path: Path, line: str) -> None:
    """What looks like a secret is refused, and the message does not show it."""
    value = "Zq" + "8f3k" * 6

    with pytest.raises(SecretError) as caught:
        load_target(write(tmp_path, NAMED + line.replace("VALUE", value)))

    assert "env:NAME" in str(caught.value)
    assert value not in str(caught.value)


def test_a_missing_file_is_named_with_the_way_to_one(tmp_path: Path) -> None:
    """Without harness.toml the message says where it was looked for and how to get one."""
    with pytest.raises(ConfigurationError, match=r"harness\.toml not found in .* let `harness init` write one"):
        load_target(tmp_path)


def test_a_missing_overlay_is_named_with_those_that_exist(tmp_path: Path) -> None:
    """An unknown --target gives the nearest overlay."""
    write(tmp_path, NAMED)
    write(tmp_path, "", "harness.staging.toml")

    with pytest.raises(ConfigurationError, match=r"harness\.stagin\.toml not found .* Did you mean 'staging'\?"):
        load_target(tmp_path, overlay="stagin")


def test_an_overlay_changes_only_what_it_names(tmp_path: Path) -> None:
    """Tables are merged key by key; the rest stays."""
    write(tmp_path, PROVIDER)
    elsewhere = '[target]\nenvironment = "staging"\n[provider]\nbase_url = "https://api.example.com"'
    write(tmp_path, elsewhere, "harness.staging.toml")

    provider = load_target(tmp_path, overlay="staging").config.provider

    assert provider is not None
    assert provider.base_url == "https://api.example.com"
    assert provider.spec == "openapi.yaml"


def overlaid(folder: Path, base: str, overlay: str) -> Configuration:
    """Return the configuration of harness.toml with an overlay."""
    write(folder, base)
    (folder / "harness.staging.toml").write_text(overlay)
    return load_target(folder, overlay="staging").config


def test_an_overlay_adds_to_lists_of_tables(tmp_path: Path) -> None:
    """Items, waivers, records of secrets and declared skips of harness.toml stay, and those of one id are changed."""
    base = ITEM + WAIVER + '[[waiver]]\nitem = "y"\nfinding = "F-1"\nreason = "r"\nowner = "o"\nexpires = 2027-01-31\n'
    base += '[[operations.secrets]]\nref = "env:A"\nrotated_at = 2026-01-01\nmax_age = "5d"\n'
    base = base.replace("[target]", '[target]\nskips = [{ test = "a", reason = "r", expires = 2027-01-31 }]')
    config = overlaid(
        tmp_path,
        base,
        '[target]\nskips = [{ test = "b", reason = "r", expires = 2027-01-31 }]\n'
        '[[item]]\nid = "own.a"\nlevel = "should"\n'
        '[[item]]\nid = "own.b"\nlevel = "must"\ntext = "t"\nremediation = "r"\n'
        '[[waiver]]\nitem = "y"\nreason = "all of it"\nowner = "me"\nexpires = 2027-01-01\n'
        '[[waiver]]\nitem = "y"\nfinding = "F-1"\nowner = "me"\n'
        '[[operations.secrets]]\nref = "env:A"\nrotated_at = 2026-02-02\n',
    )

    assert [(item.id, item.level, item.text) for item in config.item] == [
        ("own.a", "should", "t"),
        ("own.b", "must", "t"),
    ]
    assert [(w.item, w.finding, w.owner) for w in config.waiver] == [
        ("x", "", "o"),
        ("y", "F-1", "me"),
        ("y", "", "me"),
    ]
    assert [skip.test for skip in config.target.skips] == ["a", "b"]
    assert config.operations is not None
    [record] = config.operations.secrets
    assert (str(record.rotated_at), record.max_age / 86_400) == ("2026-02-02", 5)


def test_an_overlay_can_take_all_tables_of_a_list_away(tmp_path: Path) -> None:
    """An empty list stands for none, as it does for a list of texts."""
    assert overlaid(tmp_path, NAMED + WAIVER, "waiver = []").waiver == ()


def test_other_lists_are_replaced_by_an_overlay(tmp_path: Path) -> None:
    """What has no id is given whole."""
    config = overlaid(tmp_path, NAMED + 'scenarios = ["a", "b"]\n', '[target]\nscenarios = ["c"]\n')

    assert config.target.scenarios == ("c",)


@pytest.mark.parametrize(
    "overlay, place",
    [
        ('[[waiver]]\nitem = "x"\nexpires = 2999-01-01\n', "(harness.staging.toml:3)"),
        ('[[waiver]]\nitem = "z"\n\n[[waiver]]\nitem = "y"\nowner = ""\n', "(harness.staging.toml:6)"),
        ('\n[[waiver]]\nitem = "y"\nreason = "r"\nexpires = 2027-01-31\n', "(harness.staging.toml:2)"),
        ('[client]\ncommand = ["x"]\n[client.policy]\nmax_attempts = 0\n', "(harness.staging.toml:3)"),
    ],
    ids=["merged", "unfilled", "incomplete", "new"],
)
def test_a_mistake_is_found_in_the_file_that_makes_it(tmp_path: Path, overlay: str, place: str) -> None:
    """The line is that of the file with the key, also where tables of both files are merged."""
    with pytest.raises(ConfigurationError) as refused:
        overlaid(tmp_path, NAMED + WAIVER, overlay)

    assert str(refused.value).endswith(place)


def test_a_mistake_of_harness_toml_is_found_there_beside_an_overlay(tmp_path: Path) -> None:
    """A value that the overlay leaves alone has its line in harness.toml."""
    with pytest.raises(ConfigurationError) as refused:
        overlaid(tmp_path, NAMED + WAIVER.replace("2027", "2999"), '[[waiver]]\nitem = "x"\nowner = "me"\n')

    assert str(refused.value).endswith("(harness.toml:7)")


def test_a_fresh_secret_needs_a_process_that_learns_it(tmp_path: Path) -> None:
    """Without a process of the target, nobody could know a value made for this run."""
    text = PROVIDER + 'auth = { type = "bearer", token = "fresh:KEY" }'

    with pytest.raises(SecretError, match=r"\[provider\] auth\.token is a fresh: secret.*\[process\.NAME\]"):
        load_target(write(tmp_path, text))


def test_references_are_kept_with_their_keys(tmp_path: Path) -> None:
    """Secrets stay references, each known with the key it stands at."""
    text = PROVIDER + 'auth = { type = "bearer", token = "env:KEY" }'

    target = load_target(write(tmp_path, text))

    assert target.references == (("[provider] auth.token", "env:KEY"),)


def test_what_a_target_lacks_is_said_as_it_is_written(tmp_path: Path) -> None:
    """Missing keys are named the way harness.toml writes them."""
    target = load_target(write(tmp_path, PROVIDER))

    assert target.missing(("provider.spec", "receiver.url", "provider.auth")) == (
        "[receiver] url",
        "[provider] auth",
    )


def test_globs_start_at_the_target_unless_absolute(tmp_path: Path) -> None:
    """Relative globs, absolute ones and hidden files are found, each file once; folders are not files."""
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    for file in (home / "logs/app.log", home / "logs/deep/.hidden.log", elsewhere / "app.log"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    target = load_target(write(home, NAMED))

    found = target.files("logs/*.log", "logs/**/*", f"{elsewhere}/*.log", None)

    assert found == [elsewhere / "app.log", home / "logs/app.log", home / "logs/deep/.hidden.log"]


@pytest.mark.parametrize("pattern", ["**/*.log", "logs/**", "logs/**/*.log", "l**/app.log", "logs/app.log"])
def test_links_in_a_circle_end(pattern: str, tmp_path: Path) -> None:
    """Two links to the folder above them, which a walk along links would multiply without end, are not followed."""
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "app.log").touch()
    for name in ("one", "two", "three"):
        (logs / name).symlink_to(tmp_path, target_is_directory=True)
    target = load_target(write(tmp_path, NAMED))

    assert target.files(pattern) == [logs / "app.log"]


def test_a_link_that_a_glob_names_is_followed(tmp_path: Path) -> None:
    """Logs may lie elsewhere, behind a link."""
    (tmp_path / "elsewhere/deep").mkdir(parents=True)
    (tmp_path / "elsewhere/deep/app.log").touch()
    home = tmp_path / "home"
    home.mkdir()
    (home / "logs").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    target = load_target(write(home, NAMED))

    assert target.files("logs/**/*.log") == target.files("*/deep/*.log") == [home / "logs/deep/app.log"]


@pytest.mark.parametrize("text, seconds", [("250ms", 0.25), ("3s", 3), ("1.5m", 90), ("2h", 7200), ("90d", 90 * 86400)])
def test_a_length_of_time_is_in_seconds(text: str, seconds: float) -> None:
    """Every unit is read as seconds."""
    assert Duration.parse(text) == seconds


CALLED = """
[target]
name = "Acme"
environment = "staging"
[process.app]
command = ["app"]
ready = "http://app.example/"
[provider]
spec = "http://spec.example/openapi.json"
base_url = "http://provider.example"
[provider.webhooks]
url = "http://tunnel.example/hooks"
[receiver]
url = "http://receiver.example/hook"
effects = { url = "http://effects.example/{event_id}" }
dead_letters = { url = "http://letters.example/{event_id}" }
[receiver.order]
earlier = "a.json"
later = "b.json"
object = "id"
state = { url = "http://state.example/{event_id}" }
[cassettes]
hosts = ["files.example"]
[telemetry]
metrics = "http://metrics.example/metrics"
"""


def test_the_harness_may_call_every_url_of_the_target(tmp_path: Path) -> None:
    """Each URL that a check asks is allowed, however deep its key stands; where only others call is not among them."""
    (tmp_path / "harness.toml").write_text(CALLED)

    hosts = sorted(httpx.URL(url).host.removesuffix(".example") for url in load_target(tmp_path).urls)

    assert hosts == ["app", "effects", "files", "letters", "metrics", "provider", "receiver", "spec", "state"]


def test_keys_that_are_missing_are_found_under_the_old_name_too(tmp_path: Path) -> None:
    """`Target.lacks` warns with the new name."""
    (tmp_path / "harness.toml").write_text(NAMED)

    with pytest.warns(DeprecationWarning, match=r"now called `Target.missing`"):
        assert load_target(tmp_path).lacks(("receiver.url",)) == ("[receiver] url",)


def test_a_target_may_allow_longer_waivers(tmp_path: Path) -> None:
    """What a year is too short for is allowed by name."""
    waiver = '[[waiver]]\nitem = "x"\nreason = "r"\nowner = "o"\nexpires = 2999-01-01'
    text = NAMED + f'waivers_within = "400000d"\n{waiver}'
    assert load_target(write(tmp_path, text)).config.waiver[0].owner == "o"


def in_pyproject(text: str) -> str:
    """Return a harness.toml as the same section of a pyproject.toml, below one of another program."""
    return '[project]\nname = "acme"\n' + re.sub(r"(?m)^(\[+)", r"\1tool.harness.", text)


def refusal(folder: Path) -> tuple[str, int]:
    """Return the message about a folder's target without its line, and that line; 0 for none."""
    with pytest.raises(ConfigurationError) as caught:
        load_target(folder)
    placed = re.fullmatch(r"(.*) \((?:harness|pyproject)\.toml:(\d+)\)", str(caught.value))
    return (placed[1], int(placed[2])) if placed else (str(caught.value), 0)


@pytest.mark.parametrize("text", [row[0] for row in REFUSED.values()], ids=REFUSED)
def test_pyproject_is_read_as_harness_toml(text: str, tmp_path: Path) -> None:
    """Each mistake is the same one there, under the name that its key has there, two lines below."""
    own, shared = tmp_path / "own", tmp_path / "shared"
    for folder, name, content in ((own, "harness.toml", text), (shared, "pyproject.toml", in_pyproject(text))):
        folder.mkdir()
        (folder / name).write_text(content)
    message, line = refusal(own)

    shown, place = refusal(shared)

    if message.startswith("harness.toml is not valid TOML"):
        assert shown.startswith("pyproject.toml is not valid TOML")
        return
    assert shown == re.sub(r"^harness\.toml: (\[+)", r"pyproject.toml: \1tool.harness.", message)
    assert place == (line and line + 2)


def test_pyproject_has_overlays_and_a_name(tmp_path: Path) -> None:
    """An overlay is laid over the section, and both files are named in the report."""
    (tmp_path / "pyproject.toml").write_text(in_pyproject(PROVIDER))
    (tmp_path / "harness.staging.toml").write_text('[target]\nname = "Acme on staging"\n')

    target = load_target(tmp_path, overlay="staging")

    assert target.config.target.name == "Acme on staging"
    assert target.config.provider == load_target(tmp_path).config.provider
    assert target.summary.config == "pyproject.toml + harness.staging.toml"
