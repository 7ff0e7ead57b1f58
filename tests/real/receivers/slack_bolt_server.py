"""slack_bolt with its own server, as its README shows it; `authorize` keeps it from calling Slack."""

import os

from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult


def authorize(enterprise_id, team_id, user_id):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Say who the app is without asking Slack."""
    return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token="none", bot_id="B1", bot_user_id="U1")


app = App(signing_secret=os.environ["SECRET"], authorize=authorize)


@app.event("app_mention")
def mentioned(body):  # type: ignore[no-untyped-def]
    """Note the event as its effect."""
    with open(os.environ["EFFECTS"], "a") as effects:  # noqa: PTH123 - a few plain lines
        effects.write(f"{body['event_id']}\n")


app.start(port=int(os.environ["PORT"]), path="/hook")
