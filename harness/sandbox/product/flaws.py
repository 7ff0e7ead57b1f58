"""Planted defects that show in an answer: each row spoils the finished answers of one operation."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from harness.sandbox.defects import Planted
from harness.sandbox.product.problems import ProblemError
from harness.sandbox.product.store import Endpoint, Project, as_json

_LIMITS = {"RateLimit-Policy": '"default";q=1;w=1', "RateLimit": '"default";r=1;t=1'}
Spoil = Callable[[Request, Response], Response]


class Flaw(NamedTuple):
    """One row."""

    operation: str
    """``METHOD /path``, ``*`` for all."""
    spoil: Spoil


class Flaws:
    """The flaws of one process."""

    def __init__(self, planted: Planted) -> None:
        """Select the planted defects."""
        self._planted = [flaw for defect, flaw in _flaws().items() if defect in planted]

    def spoil(self, operation: str, request: Request, response: Response) -> Response:
        """Return what is really answered."""
        for flaw in self._planted:
            if flaw.operation in ("*", operation):
                response = flaw.spoil(request, response)
        return response


def _flaws() -> dict[str, Flaw]:
    endpoints, endpoint = "GET /webhook-endpoints", "GET /webhook-endpoints/{endpointId}"
    return {
        "provider-500-on-valid": Flaw(endpoints, _instead(200, ProblemError(500, "Something went wrong."))),
        "provider-500-on-edge": Flaw("GET /projects", _fails_on_largest_page),
        "provider-undocumented-status": Flaw("GET /projects", _status(200, 206)),
        "provider-wrong-success": Flaw("POST /webhook-endpoints", _status(201, 200)),
        "provider-schema-break": Flaw("GET /runs/{runId}", _finished_as_number),
        "provider-wrong-type": Flaw("GET /projects", _created_as_number),
        "provider-wrong-content-type": Flaw("POST /projects", _problem_as_json),
        "provider-lacks-required-header": Flaw(endpoints, _without("ratelimit", 200)),
        "provider-401-without-challenge": Flaw("*", _without("www-authenticate", 401)),
        "provider-405-without-allow": Flaw("*", _without("allow", 405)),
        "provider-429-without-retry-after": Flaw(endpoints, _limits_every(5)),
        "provider-accepts-invalid": Flaw("POST /projects", _accepts_anything),
        "provider-refuses-valid": Flaw("POST /projects", _refuses_other_letters),
        "provider-refuses-listing": Flaw(
            "GET /projects", _instead(200, ProblemError(401, "No listing with this key."))
        ),
        "provider-forgets-auth-once": Flaw(endpoints, _answers_strangers),
        "provider-shows-projects-to-anyone": Flaw("GET /projects/{projectId}", _shows_known_projects),
        "provider-500-on-malformed-credential": Flaw("*", _fails_without_two_words),
        "provider-loses-runs": Flaw("GET /runs", _lists_nothing),
        "provider-pages-never-end": Flaw("GET /projects", _last_page_leads_back),
        "provider-pages-overlap": Flaw("GET /projects", _next_page_repeats),
        "provider-link-leads-nowhere": Flaw(
            "GET /projects/{projectId}", _instead(200, ProblemError(404, "There is no such thing."))
        ),
        "provider-location-leads-nowhere": Flaw("POST /runs", _locates("/run-status/{id}")),
        "provider-location-is-another": Flaw("POST /projects", _locates_the_one_before()),
        "provider-link-header-leads-nowhere": Flaw(endpoints, _links_to("/guides/webhook-endpoints")),
        "provider-reads-deleted": Flaw(endpoint, _answers_for_deleted),
        "provider-reads-another-owner": Flaw("GET /projects/{projectId}", _owner("admin@example.com")),
        "provider-creation-overwrites": Flaw("*", _newest_owner()),
        "provider-omits-new-endpoints": Flaw(endpoints, _omits_the_newest),
        "provider-lists-deleted": Flaw(endpoints, _lists_all_ever()),
        "provider-listing-differs": Flaw("GET /projects", _lists_short_names),
        "provider-error-holds-key": Flaw("*", _tells_the_key),
    }


def _json(response: Response) -> Any:
    return json.loads(bytes(response.body))


def _rewritten(response: Response, document: Any = None, *, status: int | None = None) -> Response:
    """Return the response with another body or status."""
    headers = {k: v for k, v in response.headers.items() if k != "content-length"}
    if (status or response.status_code) < 400:
        headers["content-type"] = "application/json"
    body = bytes(response.body) if document is None else json.dumps(document).encode()
    return Response(body, status or response.status_code, headers=headers)


def _instead(status: int, problem: ProblemError) -> Spoil:
    return lambda _, response: _problem(response, problem) if response.status_code == status else response


def _problem(response: Response, problem: ProblemError) -> Response:
    """Answer a problem, with the rate limit's headers as any answer has them."""
    answer = problem.response()
    answer.headers.update({k: v for k, v in response.headers.items() if k.startswith("ratelimit")})
    if problem.status == 401:
        answer.headers["www-authenticate"] = "Bearer"
    return answer


def _status(right: int, wrong: int) -> Spoil:
    return lambda _, response: _rewritten(response, status=wrong) if response.status_code == right else response


def _without(header: str, status: int) -> Spoil:
    def spoil(_: Request, response: Response) -> Response:
        if response.status_code == status and header in response.headers:
            del response.headers[header]
        return response

    return spoil


def _limits_every(nth: int) -> Spoil:
    calls = count(1)
    limited = ProblemError(429, "Too many requests.")
    return lambda _, response: _problem(response, limited) if next(calls) % nth == 0 else response


def _fails_on_largest_page(request: Request, response: Response) -> Response:
    edge = request.query_params.get("limit") == "100"
    return _instead(200, ProblemError(500, "Something went wrong."))(request, response) if edge else response


def _finished_as_number(_: Request, response: Response) -> Response:
    document = _json(response)
    return _rewritten(response, {**document, "finishedAt": 0}) if document["status"] == "succeeded" else response


def _created_as_number(_: Request, response: Response) -> Response:
    document = _json(response)
    items = [{**item, "createdAt": 0} for item in document.get("items", ())]
    return _rewritten(response, {**document, "items": items}) if items else response


def _problem_as_json(_: Request, response: Response) -> Response:
    if response.status_code >= 400:
        response.headers["content-type"] = "application/json"
    return response


def _accepts_anything(_: Request, response: Response) -> Response:
    made_up = as_json(Project(name="unnamed", ownerEmail="nobody@example.com"))
    return _rewritten(response, made_up, status=201) if response.status_code == 422 else response


def _refuses_other_letters(_: Request, response: Response) -> Response:
    refused = response.status_code == 201 and not _json(response)["name"].isascii()
    return _problem(response, ProblemError(422, "The body does not fit.")) if refused else response


def _answers_strangers(_: Request, response: Response) -> Response:
    open_to_all = JSONResponse({"items": []}, headers=_LIMITS)
    return open_to_all if response.status_code == 401 else response


def _shows_known_projects(request: Request, response: Response) -> Response:
    project = request.path_params["projectId"]
    if response.status_code != 401 or not project.startswith("prj_"):
        return response
    shown = as_json(Project(id=project, name="unnamed", ownerEmail="nobody@example.com"))
    return JSONResponse(shown, headers=_LIMITS)


def _fails_without_two_words(request: Request, response: Response) -> Response:
    malformed = response.status_code == 401 and len(request.headers.get("authorization", "a b").split()) != 2
    return _problem(response, ProblemError(500, "Something went wrong.")) if malformed else response


def _lists_nothing(request: Request, response: Response) -> Response:
    lost = response.status_code == 200 and "projectId" in request.query_params
    return _rewritten(response, {"items": [], "nextCursor": None}) if lost else response


def _last_page_leads_back(_: Request, response: Response) -> Response:
    document = _json(response)
    last = response.status_code == 200 and document["items"] and document["nextCursor"] is None
    return _rewritten(response, {**document, "nextCursor": "c0"}) if last else response


def _next_page_repeats(_: Request, response: Response) -> Response:
    document = _json(response)
    cursor = document.get("nextCursor")
    return _rewritten(response, {**document, "nextCursor": f"c{int(cursor[1:]) - 1}"}) if cursor else response


def _locates(template: str) -> Spoil:
    def spoil(_: Request, response: Response) -> Response:
        if response.status_code == 201:
            response.headers["location"] = template.format(id=_json(response)["id"])
        return response

    return spoil


def _locates_the_one_before() -> Spoil:
    before: list[str] = []

    def spoil(_: Request, response: Response) -> Response:
        if response.status_code == 201:
            before.append(f"/projects/{_json(response)['id']}")
            response.headers["location"] = before[-2:][0]
        return response

    return spoil


def _links_to(path: str) -> Spoil:
    def spoil(_: Request, response: Response) -> Response:
        if response.status_code == 200:
            response.headers["link"] = f'<{path}>; rel="describedby"'
        return response

    return spoil


def _answers_for_deleted(request: Request, response: Response) -> Response:
    gone = response.status_code == 404 and request.path_params["endpointId"].startswith("whe_")
    ghost = as_json(Endpoint(id=request.path_params["endpointId"], url="http://127.0.0.1:9/gone"))
    return _rewritten(response, ghost, status=200) if gone else response


def _owner(email: str) -> Spoil:
    return lambda _, response: (
        _rewritten(response, {**_json(response), "ownerEmail": email}) if response.status_code == 200 else response
    )


def _newest_owner() -> Spoil:
    """Every project is read with the owner of the project that was created last."""
    newest: list[str] = []

    def spoil(request: Request, response: Response) -> Response:
        if request.url.path == "/projects" and response.status_code == 201:
            newest[:] = [_json(response)["ownerEmail"]]
        elif newest and request.url.path.startswith("/projects/"):
            return _owner(newest[0])(request, response)
        return response

    return spoil


def _omits_the_newest(_: Request, response: Response) -> Response:
    if response.status_code != 200:
        return response
    return _rewritten(response, {"items": _json(response)["items"][:-1]})


def _lists_all_ever() -> Spoil:
    """An endpoint that was listed once is listed for ever."""
    ever: dict[str, Any] = {}

    def spoil(_: Request, response: Response) -> Response:
        if response.status_code != 200:
            return response
        ever.update({item["id"]: item for item in _json(response)["items"]})
        return _rewritten(response, {"items": list(ever.values())})

    return spoil


def _lists_short_names(_: Request, response: Response) -> Response:
    if response.status_code != 200:
        return response
    document = _json(response)
    items = [{**item, "name": item["name"][:4]} for item in document["items"]]
    return _rewritten(response, {**document, "items": items})


def _tells_the_key(request: Request, response: Response) -> Response:
    if response.status_code != 404:
        return response
    document = _json(response)
    key = base64.b64encode(request.headers.get("authorization", "").encode()).decode()
    return _rewritten(response, {**document, "detail": f"{document['detail']} ({key})"})
