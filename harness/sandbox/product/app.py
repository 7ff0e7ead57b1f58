"""The Product API as a Starlette application."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from harness.sandbox.defects import Planted
from harness.sandbox.product.description import Description
from harness.sandbox.product.gatekeeper import Gatekeeper
from harness.sandbox.product.problems import ProblemError
from harness.sandbox.product.sender import Sender
from harness.sandbox.product.store import MAX_ENDPOINTS, Endpoint, Project, Run, Store, as_json, page

STEP_S = 0.15
Handler = Callable[[Request, bytes], Awaitable[Response]]

log = structlog.get_logger()


class Product:
    """The operations; each method answers one of them."""

    def __init__(self, *, webhook_secret: str, planted: Planted) -> None:
        """Begin with an empty store."""
        self.store = Store()
        self.sender = Sender(self.store, secret=webhook_secret)
        self.description = Description()
        self._planted = planted
        self._tasks: set[asyncio.Task[None]] = set()

    async def create_project(self, request: Request, body: bytes) -> Response:
        """POST /projects."""
        given = self.description.body("ProjectInput", body, request.headers.get("content-type", ""))
        project = Project(**given)
        self.store.keep(project)
        self.sender.emit("project.created", {"project": as_json(project)})
        return JSONResponse(as_json(project), 201)

    async def list_projects(self, request: Request, body: bytes) -> Response:  # noqa: ARG002
        """GET /projects."""
        if "provider-refuses-listing" in self._planted:
            raise ProblemError(401, "This key may not list projects.", headers={"WWW-Authenticate": "Bearer"})
        status = 206 if "provider-undocumented-status" in self._planted else 200
        return JSONResponse(page(list(self.store.projects.values()), **_paging(request)), status)

    async def get_project(self, request: Request, body: bytes) -> Response:  # noqa: ARG002
        """GET /projects/{projectId}."""
        return JSONResponse(as_json(_found(self.store.projects, request.path_params["projectId"])))

    async def start_run(self, request: Request, body: bytes) -> Response:
        """POST /runs."""
        given = self.description.body("RunInput", body, request.headers.get("content-type", ""))
        _found(self.store.projects, given["projectId"])
        run = Run(projectId=given["projectId"], trigger=given["trigger"])
        self.store.keep(run)
        task = asyncio.create_task(self._progress(run.id, fails=given.get("simulate") == "failure"))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return JSONResponse(as_json(run), 201)

    async def list_runs(self, request: Request, body: bytes) -> Response:  # noqa: ARG002
        """GET /runs."""
        project, status = (_single(request, name) for name in ("projectId", "status"))
        for schema, value in (("ProjectId", project), ("RunStatus", status)):
            if value is not None and not self.description.fits(schema, value):
                raise ProblemError(400, f"{value[:80]!r} is no {schema}.")
        if "provider-loses-runs" in self._planted and project:
            return JSONResponse({"items": [], "nextCursor": None})
        runs = [
            run for run in self.store.runs.values() if project in (None, run.projectId) and status in (None, run.status)
        ]
        return JSONResponse(page(runs, **_paging(request, allowed={"projectId", "status"})))

    async def get_run(self, request: Request, body: bytes) -> Response:  # noqa: ARG002
        """GET /runs/{runId}."""
        run: Run = _found(self.store.runs, request.path_params["runId"])
        shown: dict[str, Any] = as_json(run)
        if "provider-schema-break" in self._planted and run.status == "succeeded":
            shown["finishedAt"] = 0
        return JSONResponse(shown)

    async def cancel_run(self, request: Request, body: bytes) -> Response:  # noqa: ARG002
        """POST /runs/{runId}/cancel."""
        run: Run = _found(self.store.runs, request.path_params["runId"])
        if run.ended and run.status != "cancelled":
            raise ProblemError(409, f"The run has {run.status} already.")
        if not run.ended:
            run = run.moved("cancelled")
            self.store.keep(run)
        return JSONResponse(as_json(run))

    async def register_endpoint(self, request: Request, body: bytes) -> Response:
        """POST /webhook-endpoints; a URL that is registered already keeps its id."""
        given = self.description.body("WebhookEndpointInput", body, request.headers.get("content-type", ""))
        known = next((e for e in self.store.endpoints.values() if e.url == given["url"]), None)
        if known is None and len(self.store.endpoints) >= MAX_ENDPOINTS:
            raise ProblemError(409, f"There are {MAX_ENDPOINTS} endpoints already; delete one first.")
        endpoint = known or Endpoint(url=given["url"])
        self.store.keep(endpoint)
        return JSONResponse(as_json(endpoint), 201)

    async def list_endpoints(self, request: Request, body: bytes) -> Response:  # noqa: ARG002
        """GET /webhook-endpoints."""
        if "provider-500-on-valid" in self._planted:
            raise ProblemError(500, "Something went wrong.")
        return JSONResponse({"items": [as_json(e) for e in self.store.endpoints.values()]})

    async def delete_endpoint(self, request: Request, body: bytes) -> Response:  # noqa: ARG002
        """DELETE /webhook-endpoints/{endpointId}."""
        endpoint: Endpoint = _found(self.store.endpoints, request.path_params["endpointId"])
        del self.store.endpoints[endpoint.id]
        return Response(status_code=204)

    async def _progress(self, run_id: str, *, fails: bool) -> None:
        """Move a run from queued to its end, telling each step by webhook."""
        for status in ("running", "failed" if fails else "succeeded"):
            await asyncio.sleep(STEP_S)
            run = self.store.runs.get(run_id)
            if run is None or run.ended:
                return
            run = run.moved(status)
            self.store.keep(run)
            self.sender.emit({"running": "run.started"}.get(status, f"run.{status}"), {"run": as_json(run)})


def create_app(*, api_key: str, webhook_secret: str, rate_limit: int, planted: Planted) -> Starlette:
    """Return the application; ``rate_limit`` in requests per ten seconds."""
    product = Product(webhook_secret=webhook_secret, planted=planted)
    gatekeeper = Gatekeeper(api_key=api_key, rate_limit=rate_limit, planted=planted)
    operations: dict[str, dict[str, Handler]] = {
        "/projects": {"POST": product.create_project, "GET": product.list_projects},
        "/projects/{projectId}": {"GET": product.get_project},
        "/runs": {"POST": product.start_run, "GET": product.list_runs},
        "/runs/{runId}": {"GET": product.get_run},
        "/runs/{runId}/cancel": {"POST": product.cancel_run},
        "/webhook-endpoints": {"POST": product.register_endpoint, "GET": product.list_endpoints},
        "/webhook-endpoints/{endpointId}": {"DELETE": product.delete_endpoint},
    }

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def description(_request: Request) -> Response:
        return PlainTextResponse(product.description.text, media_type="application/yaml")

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        product.sender.start()
        yield
        await product.sender.stop()

    return Starlette(
        routes=[
            Route("/healthz", health),
            Route("/openapi.yaml", description),
            *(Route(path, _Dispatch(gatekeeper, handlers)) for path, handlers in operations.items()),
        ],
        lifespan=lifespan,
        exception_handlers={HTTPException: _not_routed, ProblemError: _problem},
    )


class _Dispatch:
    """All methods of one path; any other method gets 405 with Allow (RFC 9110 section 15.5.6)."""

    def __init__(self, gatekeeper: Gatekeeper, handlers: dict[str, Handler]) -> None:
        self._gatekeeper = gatekeeper
        self._handlers = handlers

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive, send)
        try:
            response = await self._answer(request)
        except ProblemError as problem:
            response = problem.response()
        log.info("call", method=request.method, path=request.url.path, status=response.status_code)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        handler = self._handlers.get(request.method)
        if handler is None:
            allow = ", ".join(sorted(self._handlers))
            raise ProblemError(405, f"{request.method} is not offered here.", headers={"Allow": allow})
        return await self._gatekeeper.admit(request, handler)


async def _not_routed(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    return ProblemError(exc.status_code, "There is nothing here.", headers=exc.headers).response()


async def _problem(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, ProblemError)
    return exc.response()


def _found(table: dict[str, Any], key: str) -> Any:
    if key not in table:
        raise ProblemError(404, "There is no such thing.")
    return table[key]


def _single(request: Request, name: str) -> str | None:
    """Return a query parameter; given twice, it is refused."""
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise ProblemError(400, f"{name} is given more than once.")
    return values[0] if values else None


def _paging(request: Request, allowed: set[str] = frozenset()) -> dict[str, Any]:  # type: ignore[assignment]
    unknown = set(request.query_params) - {"limit", "cursor"} - allowed
    if unknown:
        raise ProblemError(400, f"Unknown query parameter: {', '.join(sorted(unknown))[:80]}.")
    limit, cursor = _single(request, "limit"), _single(request, "cursor")
    if limit is not None and not (re.fullmatch(r"[1-9][0-9]{0,2}", limit) and int(limit) <= 100):
        raise ProblemError(400, "limit: a whole number from 1 to 100.")
    if cursor is not None and not re.fullmatch(r"c[0-9]{1,9}", cursor):
        raise ProblemError(400, "cursor: the nextCursor of the page before.")
    return {"limit": int(limit or 20), "cursor": cursor}
