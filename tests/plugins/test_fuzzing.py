"""Fuzzing as a user meets it: an item for each operation, and findings with a name by which to see them again."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import pytest

from harness.core.progress import PlainLines
from harness.plugins import fuzz_progress

from .conftest import LATER, Folder

SPEC = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "security": [{"key": []}],
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}}},
    "paths": {
        path: {
            "get": {
                "tags": [path[1:]],
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 0}}],
                "responses": {code: {"description": "fine"} for code in ("200", "400", "401")},
            }
        }
        for path in ("/good", "/bad")
    },
}
PROVIDER = """
import http.server, os, sys, urllib.parse
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        limit = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True)).get("limit", "0")
        key = self.headers.get("X-API-Key") == os.environ["API_KEY"] or url.path == "/ready"
        known = key and url.path in ("/good", "/bad", "/ready")
        status = 401 if not key else 400 if not (limit.isascii() and limit.isdigit()) else 200 if known else 404
        self.answer(500 if status == 200 and url.path == "/bad" else status)
    def other(self):
        self.answer(405)
    do_POST = do_PUT = do_PATCH = do_DELETE = do_TRACE = do_OPTIONS = do_HEAD = do_QUERY = other
    def answer(self, status):
        self.send_response(status)
        self.send_header("Allow", "GET")
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
TOML = """
[target]
name = "Tiny"

[process.api]
command = ["{python}", "provider.py", "{port:api}"]
ready = "http://127.0.0.1:{port:api}/ready"

[provider]
spec = "openapi.json"
base_url = "http://127.0.0.1:{port:api}"
auth = { type = "api-key", key = "fresh:API_KEY" }
"""
PLAIN = ("--assert=plain", "-p", "no:cacheprovider")
"""Rewriting the assertions of every plugin would take longer than the run."""
COLLECT = ("-m", "pytest", "--pyargs", "harness.suite.test_2_contract", "--collect-only", "-q", "-p", "no:schemathesis")


@pytest.fixture
def api(folder: Folder) -> Folder:
    """A target with a provider of two operations, one of which fails."""
    folder.write("openapi.json", json.dumps(SPEC))
    folder.write("provider.py", PROVIDER)
    folder.write("harness.toml", TOML)
    return folder


def harness(folder: Folder, *words: str) -> tuple[int, str]:
    done = folder.run("-m", "harness.cli", *words)
    return done.status, done.text


def collected(folder: Folder, *words: str) -> tuple[list[str], list[str]]:
    """Return the items of operations and of chains."""
    listing = folder.run(*COLLECT, *words).out
    operations, chains = (
        re.findall(rf"{kind}_find_no_violation\[(.*)\]", listing) for kind in ("requests", "operations")
    )
    return operations, chains


def parts(of: int) -> list[str]:
    return [f"part {n} of {of}" for n in range(1, of + 1)]


def test_each_operation_is_an_item(api: Folder) -> None:
    """They are listed without the provider, and chosen as harness.toml says."""
    assert collected(api) == (["GET /good", "GET /bad"], ["all"])

    api.write("harness.toml", TOML + '[fuzz]\nexclude = ["tag:bad"]\n')
    assert collected(api)[0] == ["GET /good"]


def test_what_is_long_or_not_known_yet_is_shared_out(api: Folder) -> None:
    """So are chains, by the budget, and the operations of a document that a process may serve which is not started."""
    api.write("harness.toml", TOML.replace('"openapi.json"', '"http://127.0.0.1:{port:api}/openapi.json"'))

    assert collected(api, "--harness-fuzz=standard") == (parts(8), parts(5))


def test_a_document_that_the_target_serves_is_read_once_it_is_started(api: Folder) -> None:
    """The credential is sent along; where there is none at the URL, the sentence names it, and the processes end."""
    api.write("harness.toml", TOML.replace('"openapi.json"', '"http://127.0.0.1:{port:api}/openapi.json"'))

    status, text = harness(api, "fuzz", *PLAIN)

    assert re.search(
        r"\[provider\] spec: http://127.0.0.1:\d+/openapi.json cannot be read: it was answered with HTTP 404", text
    )
    assert status == 4


@pytest.mark.parametrize(
    "broken, said",
    [
        ('[fuzz]\nexclude = ["tag:bat"]\n', "[fuzz] exclude: 'tag:bat' chooses no operation. Did you mean 'tag:bad'?"),
        ('[fuzz]\nbudget = "fast"\n', "[fuzz] budget: 'fast' is not known. Known: deep, quick, standard."),
    ],
    ids=["selector", "budget"],
)
def test_a_mistake_in_what_is_fuzzed_is_told(api: Folder, broken: str, said: str) -> None:
    """The sentence names the key; the run does not pass."""
    api.write("harness.toml", TOML + broken)

    status, text = harness(api, "fuzz", "-q")

    assert said in text
    assert status != 0


def test_a_run_does_not_begin_without_the_server_that_shares_examples(api: Folder) -> None:
    """It is one mistake in use, not one error for each operation."""
    done = api.run("-m", "harness.cli", "fuzz", *PLAIN, HARNESS_EXAMPLES="redis://127.0.0.1:9/0")

    assert done.status == 4
    assert done.text.count("HARNESS_EXAMPLES: the Redis server does not answer (ConnectionError).") == 1
    assert "no tests ran" in done.text


def test_a_defect_is_found_listed_replayed_and_waived(api: Folder) -> None:
    """From the finding to the waiver there is one id, no secret, and an exit status that tells."""
    status, text = harness(api, "fuzz", "--seed", "7", *PLAIN)
    assert "--harness-fuzz=quick --harness-seed=7" in text
    assert (status, set(re.findall(r"GET /\w+: Server error", text))) == (1, {"GET /bad: Server error"})
    [found] = set(re.findall(r"F-[0-9a-f]{10}", text))
    assert f"reproduce: harness fuzz --replay {found}" in text
    assert re.search(r'^    request: curl .*-H "x-api-key: \$CREDENTIAL"', text, re.MULTILINE)

    assert f"{found}  GET /bad: Server error" in harness(api, "fuzz", "--list")[1]
    status, text = harness(api, "fuzz", "--replay", found)
    assert (status, "It still occurs." in text) == (1, True)
    assert "now    HTTP 500 Internal Server Error" in text
    assert "fresh_" not in text

    waiver = f'\n[[waiver]]\nitem = "contract.fuzz"\nfinding = "{found}"\nreason = "known"\nowner = "me"\n'
    api.write("harness.toml", TOML + waiver + f"expires = {LATER}\n")
    status, text = harness(api, "fuzz", *PLAIN)
    assert (status, "contract.fuzz: GET /bad: Server error" in text) == (0, False)


REFUSED = {
    "unknown id": (TOML, ["--replay", "F-1"], "no stored defect has the id 'F-1'. None is stored: run harness fuzz"),
    "no provider": ('[target]\nname = "Tiny"\n', ["--list"], "has no [provider], so there is nothing to fuzz."),
    "production": (
        TOML.replace('name = "Tiny"', 'name = "Tiny"\nenvironment = "production"'),
        ["--replay", "F-1"],
        "environment is production, which is never fuzzed. Replay on staging.",
    ),
}


@pytest.mark.parametrize("toml, words, said", REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_replayed_is_told(api: Folder, toml: str, words: list[str], said: str) -> None:
    """The sentence says why, and the exit status is that of a mistake in use."""
    api.write("harness.toml", toml)

    status, text = harness(api, "fuzz", *words)

    assert said in text
    assert status == 4


VENDOR = TOML.replace("[provider]\n", "[provider]\nours = false\n")


def test_a_vendors_api_is_fuzzed_only_where_somebody_asks(api: Folder) -> None:
    """[fuzz] asks for it, and so does --harness-fuzz, with which `harness fuzz` starts pytest."""
    api.write("harness.toml", VENDOR)
    assert collected(api) == (["all"], ["all"])
    assert collected(api, "--harness-fuzz=quick")[0] == ["GET /good", "GET /bad"]

    api.write("harness.toml", VENDOR + "[fuzz]\n")
    assert collected(api)[0] == ["GET /good", "GET /bad"]


def test_what_nobody_asked_for_is_skipped_by_name(api: Folder) -> None:
    """The sentence names [fuzz], and the item does not apply."""
    api.write("harness.toml", VENDOR)
    ended = api.pytest("--pyargs", "harness.suite.test_2_contract", "-rs", *PLAIN)

    assert ended.status == 0, ended.text
    assert "add [fuzz] to harness.toml, or run harness fuzz" in ended.text
    assert "not applicable contract.fuzz" in ended.text


def test_harness_fuzz_fails_for_what_it_finds_at_a_vendors_api(api: Folder) -> None:
    """The command is about nothing else; the same findings fail no test of a run with [fuzz]."""
    api.write("harness.toml", VENDOR)
    status, text = harness(api, "fuzz", *PLAIN)

    assert status == 1
    assert "contract.fuzz: GET /bad: " in text

    api.write("harness.toml", VENDOR + "[fuzz]\n")
    ended = api.pytest("--pyargs", "harness.suite.test_2_contract", *PLAIN)
    assert ended.status == 0, ended.text
    assert "What the vendor's API does differently from its document: " in ended.text


POST = {
    "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
    "responses": {"400": {"description": "no"}},
}
CLOSES = PROVIDER.replace("do_POST = do_PUT", "do_PUT").replace(
    "    def other(self):", "    def do_POST(self):\n        self.close_connection = True\n    def other(self):"
)


@pytest.mark.parametrize("toml, status", [(VENDOR, 0), (TOML, 1)], ids=["vendor", "ours"])
def test_a_vendors_api_that_gives_no_answer_is_not_the_integrations_fault(toml: str, status: int, api: Folder) -> None:
    """A check that got none could not be judged: beside the verdict at a vendor's API, an error at one's own."""
    api.write("provider.py", CLOSES)
    api.write("openapi.json", json.dumps({**SPEC, "paths": {"/bad": {"post": POST}}}))
    api.write("harness.toml", toml)
    ended = api.pytest("--pyargs", "harness.suite.test_2_behaviour", "-k", "problems", *PLAIN)

    assert ended.status == status, ended.text
    shown = " ".join(ended.text.split())
    assert "POST /bad gave no answer" in shown
    assert ("contract.fuzz: could not be checked: POST /bad gave no answer" in shown) is (status == 0)


def test_a_long_run_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Between the dots, a line counts the tests of generated requests alone, and estimates the rest."""
    times = iter([0.0, 20.0, 40.0])
    monkeypatch.setattr(fuzz_progress, "PlainLines", lambda *a, **k: PlainLines(*a, **k, clock=lambda: next(times)))
    reporter = SimpleNamespace(ensure_newline=lambda: None, write_line=print)
    manager = SimpleNamespace(get_plugin=lambda _: reporter)
    config = SimpleNamespace(pluginmanager=manager, get_verbosity=lambda: 0)
    progress = fuzz_progress.FuzzProgress(config)  # type: ignore[arg-type]  # all that it uses of one
    ids = [f"x{fuzz_progress.TEST}GET /{n}]" for n in range(8)]
    progress.pytest_xdist_node_collection_finished(None, ["x::other", *ids])
    for nodeid in ("x::other", *ids[:2]):
        progress.pytest_runtest_logstart(nodeid)
        progress.pytest_runtest_logfinish(nodeid)
    assert capsys.readouterr().out == "generated requests: test 2 of 8, about 2 min left\n"


def test_operations_that_the_server_does_not_have_fail_one_test(api: Folder) -> None:
    """The first test fails, the others name the same cause; below them is what to copy, and it works."""
    paths = dict.fromkeys(("/good", "/old/a", "/old/b", "/old/c"), SPEC["paths"]["/good"])  # type: ignore[index]
    api.write("openapi.json", json.dumps({**SPEC, "paths": paths}))

    status, text = harness(api, "fuzz", *PLAIN, "-k", "test_generated_requests")

    assert "The server does not have 3 operations of the spec: GET /old/a, GET /old/b, GET /old/c (F-" in text
    assert 'exclude = ["/old/*"]' in text
    assert text.count("FAILED ::test_generated_requests_find_no_violation[GET /old/") == 1
    assert re.search(r"= \d failed, .*2 same cause", text)
    assert status == 1

    api.write("harness.toml", TOML.replace("auth =", 'exclude = ["/old/*"]\nauth ='))
    assert collected(api)[0] == ["GET /good"]
