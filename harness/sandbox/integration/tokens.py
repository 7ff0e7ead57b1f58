"""Access tokens in place of the API key: asked for with the client's secret, renewed when the product refuses one."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from urllib.parse import quote_plus

from harness.sandbox.defects import Planted
from harness.sandbox.integration.credentials import ApiCredential, CredentialError

CLIENT_ID = "sandbox"
WITHIN_S = 2.0
"""Seconds that a request for a token may take."""
REST_S = 2.0
"""Seconds after a refused request for a token before the next one: all calls share its failure."""


class TokenCredential(ApiCredential):
    """The current token; any number of threads may use and renew it."""

    def __init__(self, url: str, secret: ApiCredential, *, planted: Planted) -> None:
        """Nothing is asked for yet."""
        super().__init__("access token")
        self._url = url
        self._secret = secret
        self._planted = planted
        self._lock = threading.Lock()
        self._rests_until = 0.0

    @classmethod
    def or_key(cls, name: str, environ: Mapping[str, str], *, planted: Planted) -> ApiCredential:
        """Read ``PRODUCT_TOKEN_URL`` with the client's secret; without it the credential ``name`` itself is sent."""
        if not environ.get("PRODUCT_TOKEN_URL"):
            return ApiCredential.from_environment(name, environ)
        secret = ApiCredential.from_environment("PRODUCT_CLIENT_SECRET", environ)
        return cls(environ["PRODUCT_TOKEN_URL"], secret, planted=planted)

    def current(self) -> str:
        """Return the token as of now; raises `CredentialError` where none is issued."""
        with self._lock:
            if not self._value:
                self._ask()
            return self._value

    def renewed(self, used: str) -> bool:
        """Whether there is another token than the one that was refused; asks for it, once for all threads."""
        if "client-never-renews-its-token" in self._planted:
            return False
        tries = 20 if "client-asks-for-tokens-without-end" in self._planted else 1
        greedy = "client-renews-its-token-with-each-call" in self._planted
        with self._lock:
            if self._value != used and not greedy:
                return True
            if time.monotonic() < self._rests_until and not greedy:
                return False
            for _ in range(tries):
                try:
                    self._ask()
                except CredentialError:
                    self._rests_until = time.monotonic() + REST_S
                else:
                    return True
        return False

    def _ask(self) -> None:
        import httpx  # a third of the start of a command that asks for none, such as a redrive

        form = {"grant_type": "client_credentials"}
        endless = "client-waits-for-tokens-without-end" in self._planted
        try:
            with httpx.Client(timeout=None if endless else WITHIN_S, trust_env=False) as http:
                answer = http.post(self._url, data=form, auth=(CLIENT_ID, quote_plus(self._secret.current())))
            token = answer.raise_for_status().json()["access_token"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as exc:
            raise CredentialError(f"No access token was issued ({type(exc).__name__}).") from None
        self._value = str(token)
        self._seen |= {self._value, self._secret.current()}
