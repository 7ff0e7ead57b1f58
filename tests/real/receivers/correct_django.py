# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201 - a project in one file
"""A receiver of Standard Webhooks in Django: an event, its effect or its dead letter are one transaction."""

import base64
import hashlib
import hmac
import json
import os
import re
import sys
import time

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpResponse, JsonResponse
from django.urls import path

TOLERANCE_S = 300
TABLE = """CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, status TEXT NOT NULL, effects INTEGER NOT NULL,
  attempts INTEGER NOT NULL, reason TEXT NOT NULL, body TEXT NOT NULL)"""

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["STORE"],
            "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode = WAL"},
        }
    },
)
KEY = base64.b64decode(os.environ["SECRET"].removeprefix("whsec_"), validate=True)
if not KEY:
    sys.exit("SECRET is empty")


def genuine(headers, body):
    """Tell whether one of the signatures is that of id, time and body, at a time that is near enough."""
    event_id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not event_id or not re.fullmatch(r"[0-9]{1,12}", at, re.ASCII) or abs(time.time() - int(at)) > TOLERANCE_S:
        return False
    signed = f"{event_id}.{at}.".encode("latin-1", "replace") + body
    expected = b"v1," + base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256))
    given = headers.get("webhook-signature", "").encode("latin-1", "replace").split(b" ")
    return any(hmac.compare_digest(expected, each) for each in given)


def effect_of(body):
    """Return the amount that an invoice was paid with; raises for what cannot be processed."""
    amount = json.loads(body)["data"]["amount"]
    if type(amount) is not int or amount < 0:
        message = f"the amount is {str(amount)[:20]}"
        raise ValueError(message)
    return amount


def hook(request):
    """Verify, and process once."""
    if not genuine(request.headers, request.body):
        return HttpResponse(status=401)
    try:
        event = json.loads(request.body.decode("utf-8"))
    except (ValueError, RecursionError):
        return HttpResponse(status=400)
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        return HttpResponse(status=400)
    if event["type"] == "invoice.paid":
        with transaction.atomic():
            attempt(request.headers["webhook-id"], request.body, 0)
    return HttpResponse(status=204)


def attempt(event_id, body, before):
    """Process an event that was tried ``before`` times, within a transaction."""
    status, effects, reason = "done", 1, ""
    try:
        effect_of(body)
    except (KeyError, TypeError, ValueError) as error:
        status, effects, reason = "dead", 0, f"{type(error).__name__}: {error}"
    row = [event_id, status, effects, before + 1, reason, base64.b64encode(body).decode()]
    verb = "INSERT OR REPLACE" if before else "INSERT OR IGNORE"
    with connection.cursor() as cursor:
        cursor.execute(f"{verb} INTO events VALUES (%s, %s, %s, %s, %s, %s)", row)


def event(request, event_id):
    """Show an event, or try a dead letter again: what a person who operates the receiver asks for."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT status, effects, attempts, reason, body FROM events WHERE id = %s", [event_id])
        row = cursor.fetchone()
        if row is None:
            return HttpResponse(status=404)
        if request.method == "POST" and row[0] == "dead":
            attempt(event_id, base64.b64decode(row[4]), row[2])
        return JsonResponse(dict(zip(("status", "effects", "attempts", "reason", "body"), row, strict=True)))


urlpatterns = [
    path("hook", hook),
    path("events/<path:event_id>", event),
    path("healthz", lambda _: HttpResponse()),
]

application = get_wsgi_application()
with connection.cursor() as prepared:
    prepared.execute(TABLE)
