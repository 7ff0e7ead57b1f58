# mypy: ignore-errors
"""What all operations have in common: the credential, problems, entity tags and idempotency keys."""

import hashlib
import hmac
import os
from http import HTTPStatus

from flask import Flask, Response, jsonify, request
from rules import Refused, checked, document_of, text
from sender import Sender
from store import Keys, Store
from werkzeug.exceptions import HTTPException

KEY = os.environ["API_KEY"]
app = Flask(__name__)
app.json.ensure_ascii = False
store, keys = Store(), Keys()
sender = Sender(store.endpoints)
JSON, MERGE = "application/json", "application/merge-patch+json"


@app.before_request
def authenticate():
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    given = token if scheme.lower() == "bearer" else request.headers.get("X-API-Key", "")
    if not hmac.compare_digest(given.encode(), KEY.encode()):
        raise Refused(401, "Send the API key.", headers={"WWW-Authenticate": 'Bearer realm="rooms"'})


@app.errorhandler(Refused)
def refused(exc):
    return problem(exc.status, exc.detail, exc.errors, exc.headers)


@app.errorhandler(HTTPException)
def not_routed(exc):
    headers = {name: value for name, value in exc.get_headers() if name == "Allow"}
    return problem(exc.code, HTTPStatus(exc.code).phrase, [], headers)


def problem(status, detail, errors, headers):
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    answer = jsonify(body | ({"errors": errors} if errors else {}))
    answer.status_code, answer.content_type = status, "application/problem+json"
    answer.headers.update(headers)
    return answer


def body_of(rules, kind=JSON, *, partial=False):
    return checked(document_of(request.get_data(), request.content_type or "", kind), rules, partial=partial)


def tag(row):
    return f'"{row["id"][-6:]}-{row["version"]}"'


def tagged(row, shown, status=200, **headers):
    answer = jsonify(shown)
    answer.status_code = status
    answer.headers.update({"ETag": tag(row), **headers})
    return answer


def read(row, shown):
    given = [each.strip().removeprefix("W/") for each in request.headers.get("If-None-Match", "").split(",")]
    if tag(row) in given or "*" in given:
        return Response(status=304, headers={"ETag": tag(row)})
    return tagged(row, shown)


def match(row, *, required=False):
    given = request.headers.get("If-Match")
    if given is None and required:
        raise Refused(428, "Send If-Match.")
    if given is not None and given.strip() != "*" and tag(row) not in [each.strip() for each in given.split(",")]:
        raise Refused(412, "It has changed meanwhile.")


def once(make, *, required=False):
    key = request.headers.get("Idempotency-Key")
    if key is None and not required:
        return make()
    try:
        text(8, 64, "[A-Za-z0-9_-]*")(key)
    except ValueError:
        raise Refused(400, "Idempotency-Key is required, and has 8 to 64 letters, digits, _ and -.") from None
    digest = hashlib.sha256(request.get_data()).hexdigest()
    return keys.answered((request.method, request.path, key), digest, make)
