# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ARG001, PTH123 - a few lines, as the vendor shows them
"""slack_bolt with its own server, as its README shows it; `authorize` keeps it from calling Slack."""

import os

from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult


def authorize(enterprise_id, team_id, user_id):
    """Say who the app is without asking Slack."""
    return AuthorizeResult(
        enterprise_id=enterprise_id, team_id=team_id, bot_token="none", bot_id="B1", bot_user_id="U1"
    )


app = App(signing_secret=os.environ["SECRET"], authorize=authorize)


@app.event("app_mention")
def mentioned(body):
    """Note the event as its effect."""
    with open(os.environ["EFFECTS"], "a") as effects:
        effects.write(f"{body['event_id']}\n")


app.start(port=int(os.environ["PORT"]), path="/hook")
