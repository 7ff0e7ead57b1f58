"""Planted defects of what must be refused: strangers let in, and input that is accepted or breaks the server."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from harness.sandbox.product.problems import ProblemError
from harness.sandbox.product.rewriting import Flaw, json_in, problem_in, rewritten
from harness.sandbox.product.store import Endpoint, Project, StoredRun, as_json

_LIMITS = {"RateLimit-Policy": '"default";q=1;w=1', "RateLimit": '"default";r=1;t=1'}


def refusal_flaws() -> dict[str, Flaw]:
    """Return the rows by defect."""
    return {
        "provider-shows-projects-to-anyone": Flaw("GET /projects/{projectId}", _shows_known_projects),
        "provider-500-on-malformed-credential": Flaw("*", _fails_without_two_words),
        "provider-takes-numbers-for-names": Flaw("POST /projects", _takes_numbers_for_names),
        "provider-takes-any-key-for-real-runs": Flaw("POST /runs/{runId}/cancel", _cancels_under_any_key),
        "provider-500-on-deep-bodies": Flaw("POST /projects", _fails_on_large_malformed),
        "provider-accepts-what-is-not-json": Flaw("POST /webhook-endpoints", _registers_what_is_not_json),
        "provider-head-needs-no-key": Flaw("*", _answers_head),
        "provider-500-on-head": Flaw("*", _fails_at_head),
        "provider-forgets-auth-once": Flaw("GET /webhook-endpoints", _answers_strangers),
        "provider-accepts-invalid": Flaw("POST /projects", _accepts_anything),
        "provider-refuses-valid": Flaw("POST /projects", _refuses_other_letters),
    }


def _shows_known_projects(request: Request, response: Response) -> Response:
    project = request.path_params["projectId"]
    if response.status_code != 401 or not project.startswith("prj_"):
        return response
    shown = as_json(Project(id=project, name="unnamed", ownerEmail="nobody@example.com"))
    return JSONResponse(shown, headers=_LIMITS)


def _answers_head(request: Request, response: Response) -> Response:
    """HEAD is answered to anyone at each path of projects, which are never deleted."""
    is_open = request.method == "HEAD" and "/projects" in request.url.path
    return Response(headers=_LIMITS) if is_open else response


def _fails_at_head(request: Request, response: Response) -> Response:
    return problem_in(response, ProblemError(500, "Something went wrong.")) if request.method == "HEAD" else response


def _fails_without_two_words(request: Request, response: Response) -> Response:
    malformed = response.status_code == 401 and len(request.headers.get("authorization", "a b").split()) != 2
    return problem_in(response, ProblemError(500, "Something went wrong.")) if malformed else response


def _takes_numbers_for_names(_: Request, response: Response) -> Response:
    errors = json_in(response).get("errors", []) if response.status_code == 422 else []
    wrong = [(error["pointer"], error["detail"][:1].isdigit()) for error in errors]
    made_up = as_json(Project(name="17", ownerEmail="nobody@example.com"))
    return rewritten(response, made_up, status=201) if wrong == [("/name", True)] else response


def _cancels_under_any_key(request: Request, response: Response) -> Response:
    run_id = request.path_params["runId"]
    if response.status_code != 400 or not run_id.startswith("run_"):
        return response
    run = StoredRun(id=run_id, projectId="prj_0000000000000000", trigger="manual").moved("cancelled")
    return rewritten(response, as_json(run), status=200)


def _fails_on_large_malformed(request: Request, response: Response) -> Response:
    deep = response.status_code in (400, 422) and int(request.headers.get("content-length", 0)) > 20_000
    return problem_in(response, ProblemError(500, "Something went wrong.")) if deep else response


def _registers_what_is_not_json(_: Request, response: Response) -> Response:
    malformed = response.status_code == 400 and json_in(response)["detail"] == "The body is not JSON."
    made_up = as_json(Endpoint(url="http://127.0.0.1:9/unread"))
    return rewritten(response, made_up, status=201) if malformed else response


def _answers_strangers(_: Request, response: Response) -> Response:
    open_to_all = JSONResponse({"items": []}, headers=_LIMITS)
    return open_to_all if response.status_code == 401 else response


def _accepts_anything(_: Request, response: Response) -> Response:
    made_up = as_json(Project(name="unnamed", ownerEmail="nobody@example.com"))
    return rewritten(response, made_up, status=201) if response.status_code == 422 else response


def _refuses_other_letters(_: Request, response: Response) -> Response:
    refused = response.status_code == 201 and not json_in(response)["name"].isascii()
    return problem_in(response, ProblemError(422, "The body does not fit.")) if refused else response
