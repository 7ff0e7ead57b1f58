"""Planted defects that show in an answer: each row spoils the finished answers of one operation."""

from __future__ import annotations

import base64
from itertools import count

from starlette.requests import Request
from starlette.responses import Response

from harness.sandbox.defects import Planted
from harness.sandbox.product.problems import ProblemError
from harness.sandbox.product.refusal_flaws import refusal_flaws
from harness.sandbox.product.remembering_flaws import remembering_flaws
from harness.sandbox.product.rewriting import Flaw, Spoil, json_in, problem_in, rewritten
from harness.sandbox.product.store import Endpoint, as_json


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
        **refusal_flaws(),
        **remembering_flaws(),
        "provider-500-on-valid": Flaw(endpoints, _instead(200, ProblemError(500, "Something went wrong."))),
        "provider-500-on-edge": Flaw("GET /projects", _fails_on_largest_page),
        "provider-500-for-two-reasons": Flaw("GET /projects", _fails_for_two_reasons),
        "provider-undocumented-status": Flaw("GET /projects", _status(200, 206)),
        "provider-wrong-success": Flaw("POST /webhook-endpoints", _status(201, 200)),
        "provider-schema-break": Flaw("GET /runs/{runId}", _finished_as_number),
        "provider-wrong-type": Flaw("GET /projects", _created_as_number),
        "provider-wrong-content-type": Flaw("POST /projects", _problem_as_json),
        "provider-lacks-required-header": Flaw(endpoints, _without("ratelimit", 200)),
        "provider-401-without-challenge": Flaw("*", _without("www-authenticate", 401)),
        "provider-405-without-allow": Flaw("*", _without("allow", 405)),
        "provider-429-without-retry-after": Flaw(endpoints, _limits_every(5)),
        "provider-refuses-listing": Flaw(
            "GET /projects", _instead(200, ProblemError(401, "No listing with this key."))
        ),
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
        "provider-omits-new-endpoints": Flaw(endpoints, _omits_the_newest),
        "provider-listing-differs": Flaw("GET /projects", _lists_short_names),
        "provider-pages-skip": Flaw("GET /projects", _next_page_skips),
        "provider-error-holds-key": Flaw("*", _tells_the_key),
        "provider-repeats-the-key": Flaw("GET /projects", _repeats_the_key),
    }


def _instead(status: int, problem: ProblemError) -> Spoil:
    return lambda _, response: problem_in(response, problem) if response.status_code == status else response


def _status(right: int, wrong: int) -> Spoil:
    return lambda _, response: rewritten(response, status=wrong) if response.status_code == right else response


def _without(header: str, status: int) -> Spoil:
    def spoil(_: Request, response: Response) -> Response:
        if response.status_code == status and header in response.headers:
            del response.headers[header]
        return response

    return spoil


def _limits_every(nth: int) -> Spoil:
    calls = count(1)
    limited = ProblemError(429, "Too many requests.")
    return lambda _, response: problem_in(response, limited) if next(calls) % nth == 0 else response


def _fails_on_largest_page(request: Request, response: Response) -> Response:
    edge = request.query_params.get("limit") == "100"
    return _instead(200, ProblemError(500, "Something went wrong."))(request, response) if edge else response


def _fails_for_two_reasons(request: Request, response: Response) -> Response:
    if request.query_params.get("limit") == "100":
        return _instead(200, ProblemError(500, "IndexError: the page ends before its last entry."))(request, response)
    wrong = ProblemError(500, "ValueError: the size of a page is no number.")
    return problem_in(response, wrong) if response.status_code in (400, 422) else response


def _finished_as_number(_: Request, response: Response) -> Response:
    document = json_in(response)
    return rewritten(response, {**document, "finishedAt": 0}) if document["status"] == "succeeded" else response


def _created_as_number(_: Request, response: Response) -> Response:
    document = json_in(response)
    items = [{**item, "createdAt": 0} for item in document.get("items", ())]
    return rewritten(response, {**document, "items": items}) if items else response


def _problem_as_json(_: Request, response: Response) -> Response:
    if response.status_code >= 400:
        response.headers["content-type"] = "application/json"
    return response


def _lists_nothing(request: Request, response: Response) -> Response:
    lost = response.status_code == 200 and "projectId" in request.query_params
    return rewritten(response, {"items": [], "nextCursor": None}) if lost else response


def _last_page_leads_back(_: Request, response: Response) -> Response:
    document = json_in(response)
    last = response.status_code == 200 and document["items"] and document["nextCursor"] is None
    return rewritten(response, {**document, "nextCursor": "c0"}) if last else response


def _next_page_repeats(_: Request, response: Response) -> Response:
    document = json_in(response)
    cursor = document.get("nextCursor")
    return rewritten(response, {**document, "nextCursor": f"c{int(cursor[1:]) - 1}"}) if cursor else response


def _locates(template: str) -> Spoil:
    def spoil(_: Request, response: Response) -> Response:
        if response.status_code == 201:
            response.headers["location"] = template.format(id=json_in(response)["id"])
        return response

    return spoil


def _locates_the_one_before() -> Spoil:
    before: list[str] = []

    def spoil(_: Request, response: Response) -> Response:
        if response.status_code == 201:
            before.append(f"/projects/{json_in(response)['id']}")
            response.headers["location"] = before[-2:][0]
        return response

    return spoil


def _links_to(path: str) -> Spoil:
    def spoil(_: Request, response: Response) -> Response:
        if response.status_code == 200:
            response.headers["link"] = f'<{path}>; rel="describedby"'
        return response

    return spoil


def _next_page_skips(_: Request, response: Response) -> Response:
    document = json_in(response)
    cursor = document.get("nextCursor")
    return rewritten(response, {**document, "nextCursor": f"c{int(cursor[1:]) + 1}"}) if cursor else response


def _answers_for_deleted(request: Request, response: Response) -> Response:
    gone = response.status_code == 404 and request.path_params["endpointId"].startswith("whe_")
    ghost = as_json(Endpoint(id=request.path_params["endpointId"], url="http://127.0.0.1:9/gone"))
    return rewritten(response, ghost, status=200) if gone else response


def _omits_the_newest(_: Request, response: Response) -> Response:
    if response.status_code != 200:
        return response
    return rewritten(response, {"items": json_in(response)["items"][:-1]})


def _lists_short_names(_: Request, response: Response) -> Response:
    if response.status_code != 200:
        return response
    document = json_in(response)
    items = [{**item, "name": item["name"][:4]} for item in document["items"]]
    return rewritten(response, {**document, "items": items})


def _repeats_the_key(request: Request, response: Response) -> Response:
    response.headers["x-caller"] = request.headers.get("authorization", "")
    return response


def _tells_the_key(request: Request, response: Response) -> Response:
    if response.status_code != 404:
        return response
    document = json_in(response)
    key = base64.b64encode(request.headers.get("authorization", "").encode()).decode()
    return rewritten(response, {**document, "detail": f"{document['detail']} ({key})"})
