# mypy: ignore-errors
"""Events to the registered endpoints, as standardwebhooks.com describes: signed, and sent again after a failure."""

import base64
import contextlib
import datetime as dt
import json
import queue
import secrets
import threading
import time
import urllib.request

import standardwebhooks

ATTEMPTS = 5
FIRST_PAUSE_S = 0.3
WORKERS = 4


class Sender:
    """A queue of deliveries, and threads that work it off."""

    def __init__(self, endpoints):
        self.endpoints, self.waiting = endpoints, queue.Queue(5000)
        for _ in range(WORKERS):
            threading.Thread(target=self._work, daemon=True).start()

    @staticmethod
    def secret():
        """Return a new signing secret."""
        return f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"

    def emit(self, kind, at, data):
        """Send an event to every endpoint."""
        event_id = f"msg_{secrets.token_hex(8)}"
        body = json.dumps({"type": kind, "timestamp": at, "data": data})
        for endpoint in list(self.endpoints.values()):
            self._enqueue((endpoint["id"], event_id, body, 1))

    def _enqueue(self, delivery):
        with contextlib.suppress(queue.Full):  # an endpoint that never answers must not stop the provider
            self.waiting.put_nowait(delivery)

    def _work(self):
        while True:
            endpoint_id, event_id, body, attempt = self.waiting.get()
            endpoint = self.endpoints.get(endpoint_id)
            if endpoint is None or self._sent(endpoint, event_id, body) or attempt >= ATTEMPTS:
                continue
            again = (endpoint_id, event_id, body, attempt + 1)
            timer = threading.Timer(FIRST_PAUSE_S * 2 ** (attempt - 1), self._enqueue, [again])
            timer.daemon = True
            timer.start()

    @staticmethod
    def _sent(endpoint, event_id, body):
        at = dt.datetime.fromtimestamp(int(time.time()), dt.UTC)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Rooms-Webhooks/1.4",
            "webhook-id": event_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": standardwebhooks.Webhook(endpoint["secret"]).sign(event_id, at, body),
        }
        request = urllib.request.Request(endpoint["url"], body.encode(), headers, method="POST")
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=3) as answer:
                return 200 <= answer.status < 300
        except OSError:
            return False
