"""The product as a process of its own, with values made at run time."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from harness.process.managed import ManagedProcess
from harness.process.ready import UrlAnswers
from tests.ports import free_port


@dataclass
class Product:
    """A running product, and who knows its credentials."""

    url: str
    key: str = field(default_factory=lambda: f"key_{secrets.token_hex(16)}")
    secret: str = field(default_factory=lambda: f"hook_{secrets.token_hex(16)}")
    admin_key: str = field(default_factory=lambda: f"admin_{secrets.token_hex(16)}")
    client_secret: str = field(default_factory=lambda: f"client_{secrets.token_hex(16)} /+%")

    def client(self, key: str | None = None) -> httpx.Client:
        """Return a client with the right key, or another."""
        return httpx.Client(
            base_url=self.url, headers={"authorization": f"Bearer {key or self.key}"}, trust_env=False, timeout=10
        )

    def admin(self) -> httpx.Client:
        """Return a client for the switches."""
        return self.client(self.admin_key)


Start = Callable[..., Product]


def started(stack: ExitStack, folder: Path, *words: str, defects: Sequence[str] = (), admin: bool = True) -> Product:
    port = free_port()
    product = Product(f"http://127.0.0.1:{port}")
    env = {"PRODUCT_API_KEY": product.key, "PRODUCT_WEBHOOK_SECRET": product.secret}
    env |= {"PRODUCT_CLIENT_SECRET": product.client_secret}
    env |= {"SANDBOX_DEFECTS": ",".join(defects), "PRODUCT_ADMIN_KEY": product.admin_key if admin else ""}
    process = ManagedProcess(
        "product",
        command=(sys.executable, "-m", "harness.sandbox", "product", "--port", str(port), *words),
        ready=UrlAnswers(f"{product.url}/healthz", _answers),
        ready_within_s=60,
        cwd=Path.cwd(),
        env=env,
        log=folder / f"product-{os.getpid()}-{port}.log",
    )
    stack.callback(process.stop)
    process.start()
    return product


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=2).is_success
    except httpx.TransportError:
        return False


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a product: ``start("--rate-limit", "5", defects=[…], admin=False)``."""
    with ExitStack() as stack:
        yield lambda *words, **named: started(stack, tmp_path, *words, **named)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One product for all tests of a module that leave it as they found it."""
    with ExitStack() as stack:
        yield started(stack, tmp_path_factory.mktemp("product"))


@pytest.fixture
def api(product: Product) -> Iterator[httpx.Client]:
    """A client with the right key."""
    with product.client() as client:
        yield client


@pytest.fixture
def admin(product: Product) -> Iterator[httpx.Client]:
    """A client with the admin key; the faults it sets end with the test."""
    with product.admin() as client:
        yield client
        client.put("/_sandbox/faults", json=[])
