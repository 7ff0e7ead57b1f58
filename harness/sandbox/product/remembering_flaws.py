"""Planted flaws that remember: what an answer shows depends on calls before it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from harness.sandbox.product.problems import ProblemError
from harness.sandbox.product.rewriting import Flaw, Spoil, json_in, problem_in, rewritten


def remembering_flaws() -> dict[str, Flaw]:
    """Return the flaws by the id of their defect."""
    return {
        "provider-reads-another-owner": Flaw("GET /projects/{projectId}", _owner("admin@example.com")),
        "provider-creation-overwrites": Flaw("*", _newest_owner()),
        "provider-cuts-long-names": Flaw("*", _cut_names),
        "provider-keeps-no-emoji": Flaw("*", _keep_no_emoji),
        "provider-states-local-time": Flaw("*", _in_local_time),
        "provider-lists-deleted": Flaw("GET /webhook-endpoints", _lists_all_ever()),
        "provider-ignores-limit": Flaw("*", _lists_all_projects()),
        "provider-ignores-status": Flaw("GET /runs", _ignores("status")),
        "provider-ignores-project": Flaw("GET /runs", _ignores("projectId")),
        "provider-forgets-changes": Flaw("*", _forgets_changes("ownerEmail")),
        "provider-change-clears": Flaw("*", _clears_names()),
        "provider-change-answers-old": Flaw("*", _answers_changes_with_old()),
        "provider-change-takes-one": Flaw("*", _takes_one_change()),
        "provider-change-moves-id": Flaw("*", _moves_id()),
        "provider-change-moves-creation": Flaw("*", _moves_creation()),
        "provider-500-on-second-deletion": Flaw("DELETE /webhook-endpoints/{endpointId}", _deletes_once()),
    }


def _owner(email: str) -> Spoil:
    return lambda _, response: (
        rewritten(response, {**json_in(response), "ownerEmail": email}) if response.status_code == 200 else response
    )


def _projects_shown(response: Response, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Response:
    """Change the projects in an answer, one or a page of them."""
    if response.status_code not in (200, 201):
        return response
    document = json_in(response)
    if "ownerEmail" in document:
        return rewritten(response, change(document))
    items = document.get("items", [])
    shown = [change(item) if "ownerEmail" in item else item for item in items]
    return response if shown == items else rewritten(response, {**document, "items": shown})


def _cut_names(_: Request, response: Response) -> Response:
    return _projects_shown(response, lambda project: {**project, "name": project["name"][:64]})


def _keep_no_emoji(_: Request, response: Response) -> Response:
    def kept(name: str) -> str:
        return "".join(c if ord(c) <= 0xFFFF else "?" for c in name)

    return _projects_shown(response, lambda project: {**project, "name": kept(project["name"])})


def _in_local_time(_: Request, response: Response) -> Response:
    """The time of creation is that of a zone two hours east, and called UTC."""

    def moved(project: dict[str, Any]) -> dict[str, Any]:
        at = dt.datetime.fromisoformat(project["createdAt"]) + dt.timedelta(hours=2)
        return {**project, "createdAt": at.isoformat(timespec="milliseconds").replace("+00:00", "Z")}

    return _projects_shown(response, moved)


def _newest_owner() -> Spoil:
    """A project is read with the owner of the one that was created last, until it is changed."""
    owners: dict[str, str] = {}

    def spoil(request: Request, response: Response) -> Response:
        if not request.url.path.startswith("/projects") or response.status_code not in (200, 201):
            return response
        document = json_in(response)
        if request.method == "POST":
            owners.update(dict.fromkeys([*owners, document["id"]], document["ownerEmail"]))
        elif request.method == "PATCH":
            owners.pop(document["id"], None)
        elif document.get("id") in owners:
            return _owner(owners[document["id"]])(request, response)
        return response

    return spoil


def _lists_all_ever() -> Spoil:
    """An endpoint that was listed once is listed for ever."""
    ever: dict[str, Any] = {}

    def spoil(_: Request, response: Response) -> Response:
        if response.status_code != 200:
            return response
        ever.update({item["id"]: item for item in json_in(response)["items"]})
        return rewritten(response, {"items": list(ever.values())})

    return spoil


def _lists_all_projects() -> Spoil:
    """Each page of projects has all that there are."""
    known: dict[str, Any] = {}

    def spoil(request: Request, response: Response) -> Response:
        if not request.url.path.startswith("/projects") or response.status_code not in (200, 201):
            return response
        if request.method in ("POST", "PATCH"):
            known[json_in(response)["id"]] = json_in(response)
        elif request.url.path == "/projects" and "cursor" not in request.query_params:
            return rewritten(response, {"items": list(known.values())[-100:], "nextCursor": None})
        return response

    return spoil


def _ignores(name: str) -> Spoil:
    """Where that filter is used, what was listed last without it is listed again."""
    listed: dict[str, Any] = {}

    def spoil(request: Request, response: Response) -> Response:
        if response.status_code != 200:
            return response
        if name in request.query_params:
            return rewritten(response, {"items": list(listed.values())[-100:], "nextCursor": None})
        listed.update({item["id"]: item for item in json_in(response)["items"]})
        return response

    return spoil


def _forgets_changes(name: str) -> Spoil:
    """A project is always read with the value that it was created with, whatever the answer to a change shows."""
    created: dict[str, Any] = {}

    def spoil(request: Request, response: Response) -> Response:
        if not request.url.path.startswith("/projects") or response.status_code >= 300:
            return response
        document = json_in(response)
        if request.method == "POST":
            created[document["id"]] = document[name]
        elif request.method == "GET" and document.get("id") in created:
            return rewritten(response, {**document, name: created[document["id"]]})
        return response

    return spoil


def _clears_names() -> Spoil:
    """A project has no name any more after a change that does not give it another."""
    names: dict[str, str] = {}
    cleared: set[str] = set()

    def spoil(request: Request, response: Response) -> Response:
        if not request.url.path.startswith("/projects") or response.status_code not in (200, 201):
            return response
        document = json_in(response)
        if request.method == "PATCH":
            changes_name = names.get(document["id"]) != document["name"]
            cleared.discard(document["id"]) if changes_name else cleared.add(document["id"])
        if request.method != "GET":
            names[document["id"]] = document["name"]
        return rewritten(response, {**document, "name": "-"}) if document.get("id") in cleared else response

    return spoil


def _takes_one_change() -> Spoil:
    """A change of both members of a project changes its name alone."""
    shown: dict[str, dict[str, Any]] = {}
    owners: dict[str, str] = {}

    def spoil(request: Request, response: Response) -> Response:
        if not request.url.path.startswith("/projects") or response.status_code not in (200, 201):
            return response
        document = json_in(response)
        if request.method == "PATCH" and (before := shown.get(document["id"])):
            if all(before[name] != document[name] for name in ("name", "ownerEmail")):
                owners[document["id"]] = before["ownerEmail"]
            else:
                owners.pop(document["id"], None)
        if request.method != "GET":
            shown[document["id"]] = {**document, "ownerEmail": owners.get(document["id"], document["ownerEmail"])}
        return _projects_shown(response, lambda p: {**p, "ownerEmail": owners.get(p["id"], p["ownerEmail"])})

    return spoil


def _moves_id() -> Spoil:
    """A project that was changed is read with another id."""
    changed: set[str] = set()

    def spoil(request: Request, response: Response) -> Response:
        path, _, project = request.url.path.rpartition("/")
        if path != "/projects" or response.status_code != 200:
            return response
        if request.method == "PATCH":
            changed.add(project)
        elif project in changed:
            return rewritten(response, {**json_in(response), "id": f"{project[:-1]}{int(project[-1], 16) ^ 1:x}"})
        return response

    return spoil


def _answers_changes_with_old() -> Spoil:
    """A change is answered with what was shown of the project before."""
    shown: dict[str, Any] = {}

    def spoil(request: Request, response: Response) -> Response:
        if not request.url.path.startswith("/projects") or response.status_code >= 300:
            return response
        document = json_in(response)
        before = shown.get(document.get("id"))
        if request.method in ("GET", "POST") and "id" in document:
            shown[document["id"]] = document
        return rewritten(response, before) if request.method == "PATCH" and before else response

    return spoil


def _moves_creation() -> Spoil:
    """A project that was changed is read as one that was created an hour before."""
    changed: set[str] = set()

    def earlier(project: dict[str, Any]) -> dict[str, Any]:
        if project["id"] not in changed:
            return project
        at = dt.datetime.fromisoformat(project["createdAt"]) - dt.timedelta(hours=1)
        return {**project, "createdAt": at.isoformat(timespec="milliseconds").replace("+00:00", "Z")}

    def spoil(request: Request, response: Response) -> Response:
        if request.method == "PATCH" and response.status_code == 200:
            changed.add(json_in(response)["id"])
        return _projects_shown(response, earlier)

    return spoil


def _deletes_once() -> Spoil:
    """An endpoint that was deleted is a server error when it is deleted again."""
    deleted: set[str] = set()

    def spoil(request: Request, response: Response) -> Response:
        path = request.url.path
        if response.status_code == 404 and path in deleted:
            return problem_in(response, ProblemError(500, "Something went wrong."))
        if response.status_code == 204:
            deleted.add(path)
        return response

    return spoil
