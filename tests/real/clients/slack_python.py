# mypy: ignore-errors
"""Slack's SDK with the retry handlers that it brings: the channels, and a message in one."""

from __future__ import annotations

import os

from slack_sdk import WebClient
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)

client = WebClient(
    os.environ["KEY"],
    base_url=f"{os.environ['BASE_URL']}/api/",
    timeout=2,
    retry_handlers=[
        ConnectionErrorRetryHandler(max_retry_count=2),
        RateLimitErrorRetryHandler(max_retry_count=2),
        ServerErrorRetryHandler(max_retry_count=2),
    ],
)
channel = client.conversations_list()["channels"][0]["id"]
assert client.chat_postMessage(channel=channel, text="Nightly export ended")["ts"]
