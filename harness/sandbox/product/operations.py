"""The operations of the Product API."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from harness.sandbox.product.description import Description
from harness.sandbox.product.idempotency import Answer
from harness.sandbox.product.problems import ProblemError
from harness.sandbox.product.sender import WebhookSender
from harness.sandbox.product.store import MAX_ENDPOINTS, Endpoint, Identified, Project, Store, StoredRun, Table, as_json

STEP_S = 0.1
T = TypeVar("T", bound=Identified)


class Product:
    """The operations; each method answers one of them, which its docstring names."""

    def __init__(self, store: Store, sender: WebhookSender) -> None:
        """Work on ``store``, send events through ``sender``."""
        self._store = store
        self._sender = sender
        self.description = Description()
        self._tasks: set[asyncio.Task[None]] = set()

    def operations(self) -> dict[str, dict[str, Answer]]:
        """Return the operations by path and method, as the description names them."""
        return {
            "/projects": {"POST": self.create_project, "GET": self.list_projects},
            "/projects/{projectId}": {"GET": self.get_project, "PATCH": self.change_project},
            "/runs": {"POST": self.start_run, "GET": self.list_runs},
            "/runs/{runId}": {"GET": self.get_run},
            "/runs/{runId}/cancel": {"POST": self.cancel_run},
            "/webhook-endpoints": {"POST": self.register_endpoint, "GET": self.list_endpoints},
            "/webhook-endpoints/{endpointId}": {"GET": self.get_endpoint, "DELETE": self.delete_endpoint},
        }

    async def create_project(self, request: Request, body: bytes) -> Response:
        """POST /projects."""
        project = Project(**self._given("ProjectInput", request, body))
        self._store.projects.keep(project)
        self._sender.emit("project.created", {"project": as_json(project)})
        return JSONResponse(as_json(project), 201)

    async def list_projects(self, request: Request, body: bytes) -> Response:  # noqa: ARG002
        """GET /projects."""
        return JSONResponse(self._store.projects.page(**_paging(request)))

    async def get_project(self, request: Request, body: bytes) -> Response:  # noqa: ARG002
        """GET /projects/{projectId}."""
        return JSONResponse(as_json(_found(self._store.projects, request.path_params["projectId"])))

    async def change_project(self, request: Request, body: bytes) -> Response:
        """PATCH /projects/{projectId}."""
        project = _found(self._store.projects, request.path_params["projectId"])
        project = replace(project, **self._given("ProjectChange", request, body))
        self._store.projects.keep(project)
        return JSONResponse(as_json(project))

    async def start_run(self, request: Request, body: bytes) -> Response:
        """POST /runs."""
        given = self._given("RunInput", request, body)
        _found(self._store.projects, given["projectId"])
        run = StoredRun(projectId=given["projectId"], trigger=given["trigger"])
        self._store.runs.keep(run)
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
        page = self._store.runs.page(
            **_paging(request, allowed={"projectId", "status"}),
            wanted=lambda run: project in (None, run.projectId) and status in (None, run.status),
        )
        return JSONResponse(page)

    async def get_run(self, request: Request, body: bytes) -> Response:  # noqa: ARG002
        """GET /runs/{runId}."""
        return JSONResponse(as_json(_found(self._store.runs, request.path_params["runId"])))

    async def cancel_run(self, request: Request, body: bytes) -> Response:  # noqa: ARG002
        """POST /runs/{runId}/cancel."""
        run = _found(self._store.runs, request.path_params["runId"])
        if run.ended and run.status != "cancelled":
            raise ProblemError(409, f"The run has {run.status} already.")
        if not run.ended:
            run = run.moved("cancelled")
            self._store.runs.keep(run)
        return JSONResponse(as_json(run))

    async def register_endpoint(self, request: Request, body: bytes) -> Response:
        """POST /webhook-endpoints; a URL that is already registered has the same id."""
        url = self._given("WebhookEndpointInput", request, body)["url"]
        known = next((e for e in self._store.endpoints if e.url == url), None)
        if known is None and len(self._store.endpoints) >= MAX_ENDPOINTS:
            raise ProblemError(409, f"There are {MAX_ENDPOINTS} endpoints already; delete one first.")
        endpoint = known or Endpoint(url=url)
        self._store.endpoints.keep(endpoint)
        return JSONResponse(as_json(endpoint), 201)

    async def list_endpoints(self, request: Request, body: bytes) -> Response:  # noqa: ARG002
        """GET /webhook-endpoints."""
        return JSONResponse({"items": [as_json(e) for e in self._store.endpoints]})

    async def get_endpoint(self, request: Request, body: bytes) -> Response:  # noqa: ARG002
        """GET /webhook-endpoints/{endpointId}."""
        return JSONResponse(as_json(_found(self._store.endpoints, request.path_params["endpointId"])))

    async def delete_endpoint(self, request: Request, body: bytes) -> Response:  # noqa: ARG002
        """DELETE /webhook-endpoints/{endpointId}."""
        endpoint = _found(self._store.endpoints, request.path_params["endpointId"])
        self._store.endpoints.remove(endpoint.id)
        return Response(status_code=204)

    async def _progress(self, run_id: str, *, fails: bool) -> None:
        """Move a run from queued to its end, with a webhook for each step."""
        for status, event in (
            ("running", "run.started"),
            ("failed", "run.failed") if fails else ("succeeded", "run.succeeded"),
        ):
            await asyncio.sleep(STEP_S)
            run = self._store.runs.get(run_id)
            if run is None or run.ended:
                return
            run = run.moved(status)
            self._store.runs.keep(run)
            self._sender.emit(event, {"run": as_json(run)})

    def _given(self, schema: str, request: Request, body: bytes) -> dict[str, Any]:
        given: dict[str, Any] = self.description.body(schema, body, request.headers.get("content-type", ""))
        return given


def _found(table: Table[T], key: str) -> T:
    thing = table.get(key)
    if thing is None:
        raise ProblemError(404, "There is no such thing.")
    return thing


def _single(request: Request, name: str) -> str | None:
    """Return a query parameter; given twice, it is refused."""
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise ProblemError(400, f"{name} is given more than once.")
    return values[0] if values else None


def _paging(request: Request, allowed: AbstractSet[str] = frozenset()) -> dict[str, Any]:
    unknown = set(request.query_params) - {"limit", "cursor"} - allowed
    if unknown:
        raise ProblemError(400, f"Unknown query parameter: {', '.join(sorted(unknown))[:80]}.")
    limit, cursor = _single(request, "limit"), _single(request, "cursor")
    if limit is not None and not (re.fullmatch(r"[1-9][0-9]{0,2}", limit) and int(limit) <= 100):
        raise ProblemError(400, "limit: a whole number from 1 to 100.")
    if cursor is not None and not re.fullmatch(r"c[0-9]{1,9}", cursor):
        raise ProblemError(400, "cursor: the nextCursor of the page before.")
    return {"limit": int(limit or 20), "cursor": cursor}
