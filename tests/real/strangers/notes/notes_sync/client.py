"""Our client of Kinto: a session that retries, and three calls."""

from __future__ import annotations

import json
import os
import time
import uuid

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

CONNECT_S, READ_S = 2, 3
WHOLE_S = 6
RETRY_AFTER_S = 5
RETRIES = 3


class Notes:
    """The notes of one user, in one collection of the user's own bucket."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = f"{url.rstrip('/')}/buckets/default/collections/notes/records"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = (user, password)
        faults = os.environ.get("NOTES_FAULTS", "").split(",")
        retry = Retry(
            total=0 if "reads-once" in faults else RETRIES,
            status_forcelist=(429, 500, 502, 503, 504),
            allowed_methods=("GET", "PUT"),
            backoff_factor=0.2,
            backoff_jitter=0.1,
            raise_on_status=False,
            retry_after_max=RETRY_AFTER_S,
        )
        self.session.mount("http://", HTTPAdapter(max_retries=retry))
        self.session.mount("https://", HTTPAdapter(max_retries=retry))

    def _call(self, method: str, path: str = "", **options: object) -> dict:
        """Send a request and read its whole response, which may take WHOLE_S seconds."""
        begun = time.monotonic()
        with self.session.request(
            method, self.url + path, timeout=(CONNECT_S, READ_S), allow_redirects=False, stream=True, **options
        ) as response:
            response.raise_for_status()
            body = bytearray()
            for chunk in response.iter_content(1 if "content-encoding" not in response.headers else 4096):
                body += chunk
                if time.monotonic() - begun > WHOLE_S:
                    raise requests.Timeout(f"the response was not complete after {WHOLE_S} s")
        return json.loads(body)

    def add(self, text: str) -> str:
        """Store a note under an id of our own, so that it may be sent twice; return the id."""
        note = str(uuid.uuid4())
        return self._call("PUT", f"/{note}", json={"data": {"text": text}})["data"]["id"]

    def read(self, note: str) -> str:
        """Return the text of a note."""
        return self._call("GET", f"/{note}")["data"]["text"]

    def all(self) -> list[dict]:
        """Return every note."""
        return self._call("GET")["data"]
