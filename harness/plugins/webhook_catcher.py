"""The provider's own webhooks: caught by the controller while all tests run, judged by the test that asks for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.plugins.stash import context_key, is_worker, runs_suite

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.contract.webhooks.catcher import Caught
    from harness.contract.webhooks.sent import ExpectedDelivery
    from harness.http.message import Request
    from harness.model import Event, Finding, SecretRef
    from harness.openapi.spec_document import Spec
    from harness.webhooks.events import EventFormat


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Listen for the provider's webhooks while tests run; the controller does it for all workers."""
    config = session.config
    run_context = config.stash.get(context_key, None)
    provider = run_context.config.provider if run_context else None
    idle = is_worker(config) or config.option.collectonly or not runs_suite(config)
    if idle or run_context is None or provider is None or provider.webhooks is None or run_context.target.production:
        return (yield)
    if run_context.config.receiver is None or run_context.config.receiver.signature is None:
        return (yield)
    with _listening(run_context):
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Learn the secret that the controller was handed out, so that nothing this process says holds it."""
    run_context = item.config.stash.get(context_key, None)
    provider = run_context.config.provider if run_context else None
    if run_context and provider and provider.webhooks and provider.webhooks.secret_at:
        run_context.secrets.issued.opened()


@contextmanager
def _listening(run_context: RunContext) -> Iterator[None]:
    from harness.context.receiver_parts import event_format_of
    from harness.contract.webhooks.catcher import Catcher

    provider = run_context.config.provider
    assert provider is not None
    assert provider.webhooks is not None
    event_format = event_format_of(run_context)
    port = provider.webhooks.port or run_context.run.port("catcher")
    catcher = Catcher(
        port,
        _caught(run_context),
        event_id=lambda headers, body: event_format.received(headers, body).id,
        now=time.time,
    )
    with ExitStack() as stack:
        try:
            stack.enter_context(catcher)
        except OSError as exc:
            _trouble(run_context).write_text(
                f"[provider.webhooks] port {port} is taken: {exc.strerror}", encoding="utf-8"
            )
        else:
            stack.enter_context(_registered(run_context, catcher_url(run_context)))
        yield


@contextmanager
def _registered(run_context: RunContext, url: str) -> Iterator[None]:
    """Tell the provider where to send its webhooks, and at the end that it need not any more."""
    from harness.contract.webhooks.registration import Registration

    provider = run_context.config.provider
    assert provider is not None
    assert provider.webhooks is not None
    with run_context.provider.client() as client:
        registration = Registration(run_context.spec, client, provider.webhooks, keep=run_context.secrets.issued.keep)
        if complaint := registration.begin(url):
            _trouble(run_context).write_text(run_context.vault.redact(complaint), encoding="utf-8")
        yield
        registration.end()


def catcher_url(run_context: RunContext) -> str:
    """Return where the provider is to send its webhooks."""
    assert run_context.config.provider is not None
    settings = run_context.config.provider.webhooks
    assert settings is not None
    return settings.url or f"http://127.0.0.1:{settings.port or run_context.run.port('catcher')}/webhooks"


@pytest.fixture
def sent_webhooks(
    request: pytest.FixtureRequest, run_context: RunContext, spec: Spec, require: Callable[..., None]
) -> Callable[[], list[Finding]]:
    """Wait for the provider's webhooks, and judge those that came; to be called when the workflow has run."""
    require("provider.webhooks", "receiver.signature")
    if run_context.target.production:
        pytest.skip("[target] environment is production, where no webhook is refused on purpose")
    from harness.contract.webhooks.catcher import caught_in
    from harness.contract.webhooks.sent import judge_deliveries, wait_for_deliveries
    from harness.errors import ProbeError

    assert run_context.config.provider is not None
    settings = run_context.config.provider.webhooks
    assert settings is not None
    expected = _expected(run_context, spec, request.getfixturevalue("event_format"))

    def caught() -> Sequence[Caught]:
        return caught_in(_caught(run_context))

    def judged() -> list[Finding]:
        if _trouble(run_context).is_file():
            raise ProbeError(_trouble(run_context).read_text(encoding="utf-8"))
        within, again = settings.within, settings.again_within
        seen = wait_for_deliveries(caught, first_within_s=within, again_within_s=again)
        return judge_deliveries(seen, expected, again_within_s=again)

    return judged


def _expected(run_context: RunContext, spec: Spec, event_format: EventFormat) -> ExpectedDelivery:
    from harness.contract.webhooks.sent import ExpectedDelivery
    from harness.openapi.event_schemas import EventSchemas
    from harness.webhooks.signature_check import signature_complaint

    receiver = run_context.config.receiver
    assert receiver is not None
    assert receiver.signature is not None
    schemas, scheme, reference = EventSchemas(spec), event_format.scheme, receiver.signature.secret

    def received(delivered: Request) -> Event:
        return event_format.received(delivered.headers, delivered.body)

    def signature(delivered: Request, at: float) -> str:
        return signature_complaint(
            scheme,
            delivered.headers,
            delivered.body,
            secret=_signing_secret(run_context, reference),
            event_id=received(delivered).id,
            url=catcher_url(run_context),
            now=at,
        )

    def schema(delivered: Request, _at: float) -> str:
        return "; ".join(schemas.violations(received(delivered)))

    def named(delivered: Request) -> str:
        return schemas.kind(received(delivered))

    return ExpectedDelivery(signature=signature if scheme.symmetric else None, schema=schema, named=named)


def _signing_secret(run_context: RunContext, reference: SecretRef) -> str:
    """Return what the provider signs with: what it handed out, else what the receiver verifies with."""
    handed_out = run_context.secrets.issued.opened()
    return handed_out.reveal() if handed_out else run_context.reveal(reference)


def _caught(run_context: RunContext) -> Path:
    return run_context.run.path / "caught-webhooks"


def _trouble(run_context: RunContext) -> Path:
    return run_context.run.path / "caught-webhooks.trouble"
