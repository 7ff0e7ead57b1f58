# mypy: ignore-errors
# ruff: noqa: ANN201, PTH123 - a few lines, as the vendor shows them
"""stripe in Flask, as docs.stripe.com shows it under "Receive Stripe events in your webhook endpoint"."""

import os

import stripe
from flask import Flask, jsonify, request

app = Flask(__name__)


@app.route("/hook", methods=["POST"])
def hook():
    """Verify, and note the event as its effect."""
    payload = request.data
    sig_header = request.headers.get("stripe-signature")
    try:
        event = stripe.Webhook.construct_event(payload, sig_header, os.environ["SECRET"])
    except ValueError:
        return "Invalid payload", 400
    except stripe.SignatureVerificationError:
        return "Invalid signature", 400
    with open(os.environ["EFFECTS"], "a") as effects:
        effects.write(f"{event['id']}\n")
    return jsonify(success=True)


app.run(host="127.0.0.1", port=int(os.environ["PORT"]))
