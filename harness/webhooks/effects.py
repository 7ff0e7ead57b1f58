"""Effects: what the integration did because of an event, asked of the integration itself."""

from __future__ import annotations

import time
from urllib.parse import quote

import httpx

from harness.errors import ProbeError
from harness.model.config import EffectProbe as EffectProbeConfig

POLL_S = 0.02


class EffectProbe:
    """Asks a URL how many effects an event had. GET; 404 means the event is unknown, hence none."""

    def __init__(self, client: httpx.Client, config: EffectProbeConfig) -> None:
        """``config.url`` carries ``{event_id}``; ``config.count`` names the key of the answer."""
        self._client = client
        self._config = config

    def effects(self, event_id: str) -> int:
        """Return the number of effects; raises `ProbeError` when the answer is of no use."""
        url = self._config.url.replace("{event_id}", quote(event_id, safe=""))
        try:
            response = self._client.get(url)
        except httpx.TransportError as exc:
            raise ProbeError(
                f"[receiver] effects: GET {url} gave no answer ({type(exc).__name__}). Is it served?"
            ) from exc
        if response.status_code == 404:
            return 0
        try:
            count = response.raise_for_status().json()[self._config.count]
        except (httpx.HTTPStatusError, ValueError, LookupError, TypeError):
            raise ProbeError(
                f"[receiver] effects: GET {url} answered {response.status_code} without a JSON key "
                f"{self._config.count!r}. Answer 404 for an unknown event, else its number of effects."
            ) from None
        if not isinstance(count, int) or isinstance(count, bool):
            raise ProbeError(
                f"[receiver] effects: {self._config.count!r} in {url} is {count!r}, not a number of effects."
            )
        return count

    def wait(self, event_id: str, *, within_s: float) -> int:
        """Return the number of effects as soon as there is one, or 0 after ``within_s`` seconds."""
        deadline = time.monotonic() + within_s
        while True:
            count = self.effects(event_id)
            if count or time.monotonic() >= deadline:
                return count
            time.sleep(POLL_S)
