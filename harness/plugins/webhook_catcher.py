"""The provider's own webhooks: caught by the controller while all tests run, judged by the test that asks for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.plugins.core import runs_suite, world_key

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.contract.webhooks.catcher import Caught
    from harness.contract.webhooks.sent import ExpectedDelivery
    from harness.model import Finding, SecretRef
    from harness.openapi.spec_document import Spec
    from harness.webhooks.events import EventFormat


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Listen for the provider's webhooks while tests run; the controller does it for all workers."""
    config = session.config
    world = config.stash.get(world_key, None)
    provider = world.config.provider if world else None
    idle = hasattr(config, "workerinput") or config.option.collectonly or not runs_suite(config)
    if idle or world is None or provider is None or provider.webhooks is None or world.target.production:
        return (yield)
    if world.config.receiver is None or world.config.receiver.signature is None:
        return (yield)
    with _listening(world):
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Learn the secret that the controller was handed out, so that nothing this process says holds it."""
    world = item.config.stash.get(world_key, None)
    provider = world.config.provider if world else None
    if world and provider and provider.webhooks and provider.webhooks.secret_at:
        world.handed_out.opened()


@contextmanager
def _listening(world: RunContext) -> Iterator[None]:
    from harness.contract.webhooks.catcher import Catcher
    from harness.webhooks.schemes import scheme_for
    from harness.webhooks.signature_check import event_id_in

    provider, receiver = world.config.provider, world.config.receiver
    assert provider is not None
    assert provider.webhooks is not None
    assert receiver is not None
    assert receiver.signature is not None
    scheme, key = scheme_for(receiver.signature), receiver.event_id
    port = provider.webhooks.port or world.run.port("catcher")
    try:
        catcher = Catcher(
            port, _caught(world), event_id=lambda headers, body: event_id_in(scheme, key, headers, body), now=time.time
        )
    except OSError as exc:
        _trouble(world).write_text(f"[provider.webhooks] port {port} is taken: {exc.strerror}", encoding="utf-8")
        yield
        return
    with catcher, _registered(world, catcher_url(world)):
        yield


@contextmanager
def _registered(world: RunContext, url: str) -> Iterator[None]:
    """Tell the provider where to send its webhooks, and at the end that it need not any more."""
    from harness.contract.webhooks.registration import Registration

    provider = world.config.provider
    assert provider is not None
    assert provider.webhooks is not None
    headers = world.credential.headers() if world.credential else {}
    with world.network.client(base_url=provider.base_url, headers=headers) as client:
        registration = Registration(world.spec, client, provider.webhooks, keep=world.handed_out.keep)
        if complaint := registration.begin(url):
            _trouble(world).write_text(world.vault.redact(complaint), encoding="utf-8")
        yield
        registration.end()


def catcher_url(world: RunContext) -> str:
    """Return where the provider is to send its webhooks."""
    assert world.config.provider is not None
    settings = world.config.provider.webhooks
    assert settings is not None
    return settings.url or f"http://127.0.0.1:{settings.port or world.run.port('catcher')}/webhooks"


@pytest.fixture
def sent_webhooks(
    request: pytest.FixtureRequest, world: RunContext, spec: Spec, require: Callable[..., None]
) -> Callable[[], list[Finding]]:
    """Wait for the provider's webhooks, and judge those that came; to be called when the workflow has run."""
    require("provider.webhooks", "receiver.signature")
    if world.target.production:
        pytest.skip("[target] environment is production, where no webhook is refused on purpose")
    from harness.contract.webhooks.catcher import caught_in
    from harness.contract.webhooks.sent import judge_deliveries, wait_for_deliveries
    from harness.errors import ProbeError

    assert world.config.provider is not None
    settings = world.config.provider.webhooks
    assert settings is not None
    expected = _expected(world, spec, request.getfixturevalue("event_format"))

    def caught() -> Sequence[Caught]:
        return caught_in(_caught(world))

    def judged() -> list[Finding]:
        if _trouble(world).is_file():
            raise ProbeError(_trouble(world).read_text(encoding="utf-8"))
        within, again = settings.within, settings.again_within
        seen = wait_for_deliveries(caught, first_within_s=within, again_within_s=again)
        return judge_deliveries(seen, expected, again_within_s=again)

    return judged


def _expected(world: RunContext, spec: Spec, event_format: EventFormat) -> ExpectedDelivery:
    from harness.contract.webhooks.sent import ExpectedDelivery
    from harness.openapi.event_schemas import EventSchemas
    from harness.webhooks.signature_check import event_id_in, signature_complaint

    receiver = world.config.receiver
    assert receiver is not None
    assert receiver.signature is not None
    schemas, scheme, reference = EventSchemas(spec), event_format.scheme, receiver.signature.secret
    type_key = receiver.event_type or scheme.type_key

    def signature(headers: tuple[tuple[str, str], ...], body: bytes, at: float) -> str:
        return signature_complaint(
            scheme,
            headers,
            body,
            secret=_signing_secret(world, reference),
            event_id=event_id_in(scheme, receiver.event_id, headers, body),
            url=catcher_url(world),
            now=at,
        )

    def schema(headers: tuple[tuple[str, str], ...], body: bytes, _at: float) -> str:
        return "; ".join(schemas.violations_of(dict(headers).get(scheme.type_header, ""), body, type_key))

    def named(headers: tuple[tuple[str, str], ...], body: bytes) -> str:
        return schemas.kind_of(dict(headers).get(scheme.type_header, ""), body, type_key)

    return ExpectedDelivery(signature=signature if scheme.symmetric else None, schema=schema, named=named)


def _signing_secret(world: RunContext, reference: SecretRef) -> str:
    """Return what the provider signs with: what it handed out, else what the receiver verifies with."""
    handed_out = world.handed_out.opened()
    return handed_out.reveal() if handed_out else world.reveal(reference)


def _caught(world: RunContext) -> Path:
    return world.run.path / "caught-webhooks"


def _trouble(world: RunContext) -> Path:
    return world.run.path / "caught-webhooks.trouble"
