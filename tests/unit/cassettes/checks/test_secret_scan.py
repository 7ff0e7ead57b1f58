from __future__ import annotations

import gzip
import json
import secrets
from pathlib import Path
from typing import Any

import pytest
import yaml
from vcr.request import Request

from harness.cassettes.checks.secret_scan import exposures, judge_exposure
from harness.cassettes.store.storage import Storage
from harness.model import Outcome
from harness.secrets import Scanner

SECRET = secrets.token_urlsafe(20)
ROOT = Path(__file__).parents[4]


def pair(uri: str = "https://x/a", sent: dict[str, str] | None = None, body: bytes = b"", **response: Any) -> Any:
    """Return an interaction as it is in memory."""
    headers = {"content-type": ["application/json"], **response.get("headers", {})}
    return Request("POST", uri, body, sent or {}), {
        "status": {"code": 200, "message": "OK"},
        "headers": headers,
        "body": {"string": response.get("answer", b"{}")},
    }


PACKED = gzip.compress(json.dumps({"access_token": SECRET}).encode())
EXPOSED = [
    ("uri", pair(uri=f"https://x/a?api_key={SECRET}"), "interactions[0].request.uri"),
    ("header", pair(sent={"X-Api-Key": SECRET}), "interactions[0].request.headers.X-Api-Key"),
    ("body", pair(body=json.dumps({"password": SECRET}).encode()), "interactions[0].request.body"),
    ("cookie", pair(headers={"set-cookie": [f"sid={SECRET}"]}), "interactions[0].response.headers.set-cookie"),
    ("packed", pair(answer=PACKED, headers={"content-encoding": ["gzip"]}), "interactions[0].response.body"),
]  # fmt: skip


@pytest.mark.parametrize("interaction,place", [row[1:] for row in EXPOSED], ids=[row[0] for row in EXPOSED])
def test_a_secret_in_a_cassette_is_found_by_its_field(interaction: Any, place: str) -> None:
    """Whoever recorded it, the finding fails and names the place, never the value."""
    found = list(judge_exposure([interaction], "cassettes/a.yaml", known=str, again="record it"))

    assert [f.outcome for f in found] == [Outcome.FAIL]
    assert found[0].summary == f"The cassette contains a secret: cassettes/a.yaml, {place}"
    assert found[0].observed == place
    assert "record again, or run harness convert FILE FILE --rewrite" in found[0].fix
    assert SECRET not in found[0].to_json()


def test_a_body_that_cannot_be_searched_is_told() -> None:
    """What nobody can look into does not pass for clean."""
    closed = pair(answer=b"\x01", headers={"content-encoding": ["x-own"]})
    found = list(exposures([closed], known=str))

    assert len(found) == 1
    assert found[0].startswith("interactions[0].response.body: The body is encoded as 'x-own'")
    (alone,) = judge_exposure([closed], "a.yaml", known=str)
    (beside,) = judge_exposure([closed, pair(sent={"X-Api-Key": SECRET})], "a.yaml", known=str)
    assert alone.outcome is Outcome.ERROR
    assert alone.summary.startswith("The cassette could not be searched for secrets: a.yaml, interactions[0].response")
    assert beside.outcome is Outcome.FAIL
    assert beside.summary == "The cassette contains a secret: a.yaml, interactions[1].request.headers.X-Api-Key"
    assert beside.observed.startswith(found[0])


@pytest.mark.parametrize(
    "value", ["[REDACTED env:X]", "REDACTED", "[Filtered]", "<API_KEY>", "{{token}}", "***", "xxxx", ""]
)
def test_what_stands_in_place_of_a_secret_is_none(value: str) -> None:
    """Placeholders of this and of other tools are let be."""
    clean = pair(sent={"Authorization": f"Bearer {value}"}, body=json.dumps({"token": value}).encode())

    assert list(exposures([clean], known=str)) == []


def test_the_cassettes_of_this_repository_hold_none() -> None:
    """No false alarm on what was recorded here."""
    for path in (ROOT / "cassettes").rglob("*.yaml"):
        requests, responses, _ = Storage().load_cassette(str(path), None)
        assert list(exposures(zip(requests, responses, strict=True), known=str)) == [], path


@pytest.mark.parametrize("how", ["gzip", "base64", "json in base64", "folded"])
def test_the_search_for_known_values_sees_through_a_cassette(tmp_path: Path, how: str) -> None:
    """A known secret in a compressed or encoded body of a YAML file is found, wherever the text is folded."""
    import base64

    text = json.dumps({"note": "lorem ipsum " * 20, "value": f"it is {SECRET} here"})
    body: Any = {
        "gzip": gzip.compress(text.encode()),
        "base64": base64.b64encode(text.encode()).decode(),
        "json in base64": json.dumps({"data": base64.b64encode(text.encode()).decode()}),
        "folded": text,
    }[how]
    response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": body}}
    request = {"method": "GET", "uri": "https://x/a", "body": "", "headers": {}}
    path = tmp_path / "c.yaml"
    path.write_text(yaml.dump({"interactions": [{"request": request, "response": response}], "version": 1}))

    leaks = Scanner({"env:KEY": SECRET}).scan_file(path, "c.yaml")

    assert {leak.secret for leak in leaks} == {"env:KEY"}
