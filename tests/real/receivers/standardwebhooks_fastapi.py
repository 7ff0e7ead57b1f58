# mypy: ignore-errors
# ruff: noqa: ASYNC230, PTH123 - a few lines, as the vendor shows them
"""standardwebhooks in FastAPI, as its README and svix' documentation show it."""

import os

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

app = FastAPI()
webhook = Webhook(os.environ["SECRET"])


@app.post("/hook")
async def hook(request: Request) -> dict[str, str]:
    """Verify, and note the event as its effect."""
    try:
        webhook.verify(await request.body(), dict(request.headers))
    except WebhookVerificationError:
        raise HTTPException(400) from None
    with open(os.environ["EFFECTS"], "a") as effects:
        effects.write(request.headers["webhook-id"] + "\n")
    return {}


uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")
