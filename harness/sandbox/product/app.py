"""The Product API as a Starlette application."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from harness.sandbox.defects import Planted
from harness.sandbox.product.admin import Admin
from harness.sandbox.product.faults import Faults
from harness.sandbox.product.flaws import Flaws
from harness.sandbox.product.gatekeeper import Gatekeeper
from harness.sandbox.product.idempotency import Answer
from harness.sandbox.product.keys import Rotating
from harness.sandbox.product.operations import Product
from harness.sandbox.product.problems import ProblemError, reason_phrase
from harness.sandbox.product.sender import WebhookSender
from harness.sandbox.product.store import Store
from harness.sandbox.product.tokens import Tokens

log = structlog.get_logger()


def create_app(
    *, api_key: Rotating, webhook_secret: Rotating, rate_limit: int, planted: Planted, admin_key: str, tokens: Tokens
) -> Starlette:
    """Return the application.

    ``rate_limit`` is in requests per ten seconds. With an ``admin_key`` the switches of `harness.sandbox.product.admin`
    are served too, and with a client secret ``tokens`` are issued at /oauth/token.
    """
    store, faults, flaws = Store(), Faults(), Flaws(planted)
    sender = WebhookSender(store, secret=webhook_secret, planted=planted)
    product = Product(store, sender)
    gatekeeper = Gatekeeper(api_key=api_key, rate_limit=rate_limit, planted=planted, tokens=tokens)
    operations = product.operations()
    names = {f"{method} {path}" for path, handlers in operations.items() for method in handlers}
    admin = Admin(admin_key=admin_key, api_key=api_key, webhook_secret=webhook_secret, faults=faults, operations=names)

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def description(_request: Request) -> Response:
        return PlainTextResponse(product.description.text, media_type="application/yaml")

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        sender.start()
        yield
        await sender.stop()

    paths = (Route(path, _Dispatch(path, handlers, gatekeeper, faults, flaws)) for path, handlers in operations.items())
    return Starlette(
        routes=[
            Route("/healthz", health),
            Route("/openapi.yaml", description),
            *admin.routes(),
            *tokens.routes(),
            *paths,
        ],
        lifespan=lifespan,
        exception_handlers={HTTPException: _not_routed, ProblemError: _problem, Exception: _broken},
    )


class _Dispatch:
    """All methods of one path; any other method gets 405 with Allow (RFC 9110 section 15.5.6)."""

    def __init__(
        self, path: str, handlers: dict[str, Answer], gatekeeper: Gatekeeper, faults: Faults, flaws: Flaws
    ) -> None:
        self._path = path
        self._handlers = handlers
        self._gatekeeper = gatekeeper
        self._faults = faults
        self._flaws = flaws

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive, send)
        operation = f"{request.method} {self._path}"
        try:
            response = await self._answer(request, operation)
        except ProblemError as problem:
            response = problem.response()
        response = self._flaws.spoil(operation, request, response)
        log.info("call", method=request.method, path=request.url.path, status=response.status_code)
        await response(scope, receive, send)

    async def _answer(self, request: Request, operation: str) -> Response:
        handler = self._handlers.get(request.method)
        if handler is None:
            allow = ", ".join(sorted(self._handlers))
            raise ProblemError(405, f"{request.method} is not offered here.", headers={"Allow": allow})

        async def answer(request: Request, body: bytes) -> Response:
            await self._faults.meet(operation)
            return await handler(request, body)

        return await self._gatekeeper.admit(request, answer)


async def _not_routed(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    detail = "There is nothing here." if exc.status_code == 404 else reason_phrase(exc.status_code)
    return ProblemError(exc.status_code, detail, headers=exc.headers).response()


async def _problem(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, ProblemError)
    return exc.response()


async def _broken(_request: Request, _exc: Exception) -> Response:
    return ProblemError(500, "Something went wrong.").response()
