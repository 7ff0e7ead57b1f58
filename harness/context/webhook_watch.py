"""The provider's own webhooks in one run: where they are caught, and what is expected of those that come."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from harness.context.receiver_parts import event_format_of, sections_of
from harness.contract.webhooks.catcher import Catcher, caught_in
from harness.contract.webhooks.registration import Registration
from harness.contract.webhooks.sent import ExpectedDelivery, judge_deliveries, wait_for_deliveries
from harness.errors import ProbeError
from harness.openapi.event_schemas import EventSchemas
from harness.webhooks.handshake_replies import Handshakes
from harness.webhooks.handshake_table import HANDSHAKE_REPLIES
from harness.webhooks.sender_urls import sender_urls
from harness.webhooks.signature_check import signature_complaint

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.http.message import Request, Response
    from harness.model import Event, Finding


class WebhookWatch:
    """Catches in one process, and judges in another; what they share lies in the run's folder."""

    def __init__(self, run_context: RunContext) -> None:
        """Only where ``[provider.webhooks]`` and ``[receiver] signature`` are set."""
        settings = run_context.provider.section.webhooks
        assert settings is not None
        self._context = run_context
        self._settings = settings
        self._format = event_format_of(run_context)
        self._port = settings.port or run_context.run.port("catcher")
        self._caught = run_context.run.path / "caught-webhooks"
        self._trouble = run_context.run.path / "caught-webhooks.trouble"

    @property
    def url(self) -> str:
        """Where the provider is to send its webhooks."""
        return self._settings.url or f"http://127.0.0.1:{self._port}/webhooks"

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Catch what comes for the length of the block, registered with the provider."""
        catcher = Catcher(
            self._port,
            self._caught,
            event_id=lambda headers, body: self._format.received(headers, body).id,
            now=time.time,
            handshake=self._answer_to_handshake,
        )
        with ExitStack() as stack:
            try:
                stack.enter_context(catcher)
            except OSError as exc:
                self._note(
                    f"harness.toml: [provider.webhooks] port {self._port} cannot be opened: {exc.strerror}. "
                    "Stop what listens there, or set another port."
                )
            else:
                stack.enter_context(self._registered())
            yield

    @contextmanager
    def _registered(self) -> Iterator[None]:
        """Register the URL, and take it back however the block ends: the provider would go on sending."""
        with self._context.provider.own_client() as client:
            keep = self._context.secrets.issued.keep
            registration = Registration(self._context.spec, client, self._settings, keep=keep)
            try:
                if complaint := registration.begin(self.url):
                    self._note(self._context.vault.redact(complaint))
                yield
            finally:
                registration.end()

    def _answer_to_handshake(self, request: Request) -> Response | None:
        """Answer a provider that asks before it sends; a secret that it hands over signs what it sends later."""
        handshakes = Handshakes(HANDSHAKE_REPLIES, secret=self._secret, scheme=self._format.scheme.name)
        answered = handshakes.answered(request, url=self.url)
        if answered is None:
            return None
        issued = self._context.secrets.issued
        if answered.reply.signs_with_it and not issued.opened():
            issued.keep(answered.challenge)
        return answered.response

    def judged(self) -> list[Finding]:
        """Wait for what the provider sends, and judge it; raises `ProbeError` where nothing could be caught."""
        if self._trouble.is_file():
            raise ProbeError(self._trouble.read_text(encoding="utf-8"))
        within, again = self._settings.within, self._settings.again_within
        seen = wait_for_deliveries(lambda: caught_in(self._caught), first_within_s=within, again_within_s=again)
        return judge_deliveries(seen, self._expected(), again_within_s=again)

    def _expected(self) -> ExpectedDelivery:
        schemas, scheme = EventSchemas(self._context.spec), self._format.scheme

        def received(delivered: Request) -> Event:
            return self._format.received(delivered.headers, delivered.body)

        def signature(delivered: Request, at: float) -> tuple[str, str] | None:
            return signature_complaint(
                scheme,
                received(delivered),
                secret=self._secret(),
                urls=sender_urls(delivered, given=self.url),
                now=at,
                method=delivered.method,
            )

        def schema(delivered: Request, _at: float) -> tuple[str, str] | None:
            event = received(delivered)
            violations = schemas.violations(event)
            return (schemas.kind(event), "; ".join(violations)) if violations else None

        verifiable = scheme.symmetric and scheme.authenticates
        return ExpectedDelivery(signature=signature if verifiable else None, schema=schema)

    def _secret(self) -> str:
        """Return what the provider signs with: what it handed out, else what the receiver verifies with."""
        handed_out = self._context.secrets.issued.opened()
        if handed_out:
            return handed_out.reveal()
        _, signature = sections_of(self._context)
        return self._context.reveal(signature.secret) if signature.secret else ""

    def _note(self, trouble: str) -> None:
        self._trouble.write_text(trouble, encoding="utf-8")
