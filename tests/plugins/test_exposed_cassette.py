"""A recording that holds a secret fails the run, whoever recorded it."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

SPEC = {
    "openapi": "3.1.0",
    "info": {"title": "T", "version": "1"},
    "paths": {"/me": {"get": {"responses": {"200": {"description": "me", "content": {"application/json": {}}}}}}},
}
TEST = '''
def test_who_i_am(api):
    """Somebody is."""
    assert api.get("/me").json()["name"] == "ada"
'''


@pytest.mark.parametrize("field,fails", [("session_token", True), ("next_page_token", False)])
def test_a_scenario_played_from_a_cassette_with_a_secret_fails(folder: Folder, field: str, fails: bool) -> None:  # noqa: FBT001 - a parameter
    """The test fails although all it asserts holds, and is told where the secret stands, but not the secret."""
    secret = secrets.token_hex(16)
    folder.write("harness.toml", '[target]\nname = "T"\n[provider]\nspec = "s.json"\nbase_url = "http://127.0.0.1:1"\n')
    folder.write("s.json", json.dumps(SPEC))
    folder.write("test_own.py", TEST)
    response = {
        "status": {"code": 200, "message": "OK"},
        "headers": {"content-type": ["application/json"]},
        "body": {"string": json.dumps({"name": "ada", field: secret})},
    }
    request = {"method": "GET", "uri": "http://127.0.0.1/me", "body": "", "headers": {}}
    document = {"interactions": [{"request": request, "response": response}], "version": 1}
    folder.write("cassettes/test_own/test_who_i_am.yaml", yaml.safe_dump(document))

    ended = folder.run("-m", "pytest", "-q", "-p", "no:schemathesis", "-p", "no:cacheprovider")

    assert ended.status == (1 if fails else 0)
    told = "The cassette contains a secret: cassettes/test_own/test_who_i_am.yaml, interactions[0].response.body"
    assert (told in ended.text) is fails
    assert secret not in ended.text
