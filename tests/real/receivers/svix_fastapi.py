# mypy: ignore-errors
# ruff: noqa: ASYNC230, PTH123 - a few lines, as the vendor shows them
"""svix in FastAPI, as docs.svix.com shows it under "Consuming webhooks"."""

import os

import uvicorn
from fastapi import FastAPI, Request, Response, status
from svix.webhooks import Webhook, WebhookVerificationError

app = FastAPI()


@app.post("/hook", status_code=status.HTTP_204_NO_CONTENT)
async def hook(request: Request, response: Response) -> None:
    """Verify, and note the event as its effect."""
    headers = dict(request.headers)
    payload = await request.body()
    try:
        Webhook(os.environ["SECRET"]).verify(payload, headers)
    except WebhookVerificationError:
        response.status_code = status.HTTP_400_BAD_REQUEST
        return
    with open(os.environ["EFFECTS"], "a") as effects:
        effects.write(headers["svix-id"] + "\n")


uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")
