"""The captured delivery that `harness init` begins with: one of a file, or one that comes now."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from harness.cli.say import say
from harness.cli.surroundings import Surroundings
from harness.context.starting.start_answers import FirstDelivery
from harness.core.foreign_files import read_file
from harness.errors import ConfigurationError
from harness.http.message import Request
from harness.process.ending_signals import until_ended
from harness.webhooks.capture_server import CaptureServer, CaptureStore, cleaning
from harness.webhooks.delivery_plan import revealed_url, secret_behind
from harness.webhooks.discovery.scheme_finder import SchemeSearch, find_scheme
from harness.webhooks.discovery.sender_check import MOST_SEARCHED, SchemeByDelivery
from harness.webhooks.events import TYPE_KEYS, EventFormat
from harness.webhooks.handshake_replies import Handshakes
from harness.webhooks.handshake_table import HANDSHAKE_REPLIES
from harness.webhooks.http_fixture import bytes_of, http_fixture
from harness.webhooks.schemes import Scheme, scheme_named

WAIT_S = 600.0
"""Seconds for a delivery to come."""


def delivery_of(path: Path, *, secret: str, url: str) -> FirstDelivery:
    """Return what a file with a raw request shows; raises `HarnessError` where it shows no scheme."""
    surroundings = Surroundings(Path.cwd())
    request = http_fixture(bytes_of(path), path).request
    reveal = secret_behind(secret, surroundings.vault, "--signing-secret")
    search = find_scheme([request], reveal(), url=_revealed(url, surroundings))
    return _first_delivery([request], search, surroundings, option=f"--delivery {path}")


def delivery_that_comes(port: int, *, secret: str, url: str) -> FirstDelivery:
    """Listen until genuine deliveries show their scheme; raises `HarnessError` where they do not, or none comes."""
    surroundings = Surroundings(Path.cwd())
    reveal = secret_behind(secret, surroundings.vault, "--signing-secret")
    reveal()  # which states what is wrong with the reference before anything waits
    given = _revealed(url, surroundings)
    finder = SchemeByDelivery(reveal, given, reference=secret, announce=lambda _: None)
    genuine: list[Request] = []

    def judge(request: Request) -> str:
        complaint = finder.complaint(request)
        genuine.extend([] if complaint else [request])
        return complaint

    def each(line: str) -> None:
        say(line)
        if len(finder.search.found) == 1:
            server.full.set()

    with tempfile.TemporaryDirectory() as folder:
        store = CaptureStore(Path(folder), cleaning(lambda: surroundings.redactor))
        handshakes = Handshakes(HANDSHAKE_REPLIES, secret=reveal, judge=judge)
        server = CaptureServer(
            port, store, each=each, limit=MOST_SEARCHED, judge=judge, handshakes=handshakes, url=given
        )
        with until_ended(), server:
            say(f"Listening on {server.url}/: let the provider send a delivery there. Ctrl-C gives up.")
            server.full.wait(WAIT_S)
    return _first_delivery(genuine, finder.search, surroundings, option="--capture")


def _revealed(url: str, surroundings: Surroundings) -> str:
    return revealed_url(url, surroundings.vault, "--receiver") if url else ""


def _first_delivery(
    requests: Sequence[Request], search: SchemeSearch, surroundings: Surroundings, *, option: str
) -> FirstDelivery:
    """Return the one scheme that was found, and the deliveries as fixtures, without signatures and secrets."""
    if not search.found:
        raise ConfigurationError(f"{option}: {search.why_not}")
    if len(search.found) > 1:
        raise ConfigurationError(
            f"{option}: {len(search.found)} descriptions fit. What decides: {search.decided_by}. Compare them with "
            f"`harness scheme`, and leave out {option.partition(' ')[0]}."
        )
    with tempfile.TemporaryDirectory() as folder:
        store = CaptureStore(Path(folder), cleaning(lambda: surroundings.redactor))
        paths = [store.add(request.headers, request.body) for request in requests]
        fixtures = {path.name: read_file(path) for path in paths}
    event_type = _type_key(requests, scheme_named(search.found[0].scheme))
    return FirstDelivery(scheme=search.found[0], fixtures=fixtures, event_type=event_type)


def _type_key(requests: Sequence[Request], scheme: Scheme) -> str | None:
    """Return where the deliveries name their type: None where the scheme does, empty where nothing does."""
    if scheme.type_header or not scheme.type_key:
        return None
    for key in (None, *TYPE_KEYS):
        place = EventFormat(scheme=scheme, type_key=key)
        heads = (tuple((name.lower(), value) for name, value in request.headers) for request in requests)
        if all(place.received(head, request.body).type for head, request in zip(heads, requests, strict=True)):
            return key
    return ""
