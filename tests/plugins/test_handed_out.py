"""A provider that hands out its signing secret when a webhook is registered: used, and kept secret, everywhere."""

from __future__ import annotations

import json

from harness.model import Outcome

from .conftest import Folder

THING = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}


def _posted(example: dict[str, str]) -> dict[str, object]:
    content = {"application/json": {"schema": {"type": "object", "required": list(example)}, "example": example}}
    made = {"description": "Made.", "content": {"application/json": {"schema": THING}}}
    return {"post": {"requestBody": {"required": True, "content": content}, "responses": {"201": made}}}


SPEC = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1"},
    "paths": {
        "/hooks": {
            **_posted({"url": "http://127.0.0.1:9/nobody"}),
            "get": {"responses": {"200": {"description": "All.", "content": {"application/json": {}}}}},
        },
        "/things": _posted({"name": "first"}),
    },
    "webhooks": {
        "thing.made": {"post": {"requestBody": {"content": {"application/json": {"schema": THING}}}}},
    },
}
# The first hook that is registered gets the events; its secret is shown again to whoever lists the hooks.
SERVE = """
import hashlib, hmac, http.server, json, secrets, sys, threading, time, urllib.request

hooks = []

def send(hook, event):
    body = json.dumps({"id": event, "type": "thing.made"}).encode()
    for _ in range(2):
        stamp = str(int(time.time()))
        signature = hmac.new(hook["secret"].encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        request = urllib.request.Request(hook["url"], body, {"x-sig": f"t={stamp},v1={signature}"})
        try:
            urllib.request.urlopen(request, timeout=5)
            return
        except OSError:
            time.sleep(0.2)

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.say(200, hooks)

    def do_POST(self):
        given = json.loads(self.rfile.read(int(self.headers["content-length"])))
        made = {"id": secrets.token_hex(4)}
        if self.path == "/hooks":
            made |= {"url": given["url"], "secret": secrets.token_hex(16)}
            hooks.append(made)
            self.say(201, {"id": made["id"], "signing": {"secret": made["secret"]}})
        else:
            threading.Thread(target=send, args=(hooks[0], made["id"])).start()
            self.say(201, made)

    def say(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
TOML = """
[target]
name = "Things"
scenarios = ["scenarios"]

[process.app]
command = ["{python}", "serve.py", "{port:app}"]
ready = "http://127.0.0.1:{port:app}/hooks"

[provider]
spec = "openapi.json"
base_url = "http://127.0.0.1:{port:app}"

[provider.webhooks]
register = "POST /hooks"
body = { url = "{catcher}" }
secret_at = "signing.secret"
again_within = "5s"

[receiver]
url = "http://127.0.0.1:9/nobody"
signature = { scheme = "hmac", header = "x-sig", secret = "fresh:ANOTHER_SECRET" }
"""
TELLS = '''
import json
import httpx
import pytest

@pytest.mark.verifies("workflow.core")
def test_what_the_hooks_hold(run_context):
    """It fails, and shows the first hook, as a check may do with any answer."""
    (hook, *_) = httpx.get(run_context.config.provider.base_url + "/hooks", trust_env=False).json()
    with open("seen.json", "w") as file:
        json.dump(hook["secret"], file)
    pytest.fail(f"the secret of the hook is {hook['secret']}")
'''


def test_a_secret_handed_out_at_registration_is_used_and_never_shown(folder: Folder) -> None:
    """Signatures are judged by it, and a test in another process than the one it was told shows its name alone."""
    folder.write("harness.toml", TOML)
    folder.write("openapi.json", json.dumps(SPEC))
    folder.write("serve.py", SERVE)
    folder.write("scenarios/test_tells.py", TELLS)
    keyword = "providers_webhooks or what_the_hooks_hold"

    done = folder.gate("-k", keyword, "-n1", "--reports", str(folder.reports))

    assert done.report is not None, done.text
    sent = next(i for i in done.report.items if i.id == "webhooks.sent")
    assert [(f.case, f.outcome) for f in sent.findings] == [
        (case, Outcome.PASS) for case in ("redelivered", "signed", "valid")
    ], done.text
    secret = json.loads((folder.path / "seen.json").read_text())
    assert "the secret of the hook is [REDACTED provider.webhooks.secret]" in done.text
    assert secret not in done.text
    assert all(secret not in file.read_text("utf-8", "replace") for file in folder.reports.rglob("*") if file.is_file())
