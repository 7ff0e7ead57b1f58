"""Captures incoming deliveries as fixtures: without signatures and secrets, ready to be signed again and replayed."""

from __future__ import annotations

import json
import re
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from harness.core.files import write_atomically
from harness.errors import CassetteError, ConfigurationError
from harness.http.codings import DECODABLE
from harness.http.loopback_server import CommandServer
from harness.http.message import HOP_BY_HOP, Headers, Request, Response
from harness.http.parser import BadMessageError
from harness.secrets.redaction.redactor import MAX_SEARCHED, Redactor
from harness.webhooks.events import any_type
from harness.webhooks.handshake_replies import AnsweredHandshake, Handshakes
from harness.webhooks.handshake_table import HANDSHAKE_REPLIES
from harness.webhooks.header_layout import is_written_again
from harness.webhooks.sender_urls import sender_urls

READ_WITHIN_S = 30.0
GRACE_S = 2.0
METHODS = ("POST", "PUT", "PATCH")
_NAME_CHARS = 60
# Headers that a proxy adds, and those that authorise something.
_DROPPED = re.compile(r"proxy-.*|expect|date|forwarded|x-forwarded-.*|x-real-ip|via|authorization|cookie")

Clean = Callable[[Headers, bytes], tuple[Headers, bytes]]
"""Removes the secrets from headers and body; raises `CassetteError` where they cannot be searched."""


def cleaning(redactor: Callable[[], Redactor]) -> Clean:
    """Return what removes the secrets that the redactor knows when a delivery comes."""

    def clean(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        now, named = redactor(), dict(headers)
        lines = ((name, now.headers({name: value}, received=True)[name]) for name, value in headers)
        media, coding = named.get("content-type", ""), named.get("content-encoding", "")
        content = now.body(body, media_type=media, coding=coding, received=True, limit=MAX_SEARCHED)
        return tuple(lines), content

    return clean


class CaptureStore:
    """A folder of captured deliveries; each file is written whole or not at all."""

    def __init__(self, folder: Path, clean: Clean) -> None:
        """Create the folder if needed; raises `ConfigurationError` where nothing can be written there."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
                file.write(b"\0")
        except OSError as exc:
            raise ConfigurationError(f"--into {folder}: {exc.strerror}. Name a folder that you can write to.") from None
        self.folder = folder
        self._clean = clean
        self._lock = threading.Lock()
        self._number = max((int(p.name[:4]) for p in folder.glob("[0-9][0-9][0-9][0-9]-*.http")), default=0)

    def add(self, headers: Headers, body: bytes) -> Path:
        """Write one delivery and return its file; raises OSError when it cannot be written, and what `Clean` does."""
        shared = tuple(
            (n.lower(), v) for n, v in headers if not _is_dropped(n.lower()) and not is_written_again(n.lower())
        )
        stored, content = self._clean(shared, body)
        kind = _type_of(tuple((name.lower(), value) for name, value in headers), body)
        lines = _lines(headers, stored)
        head = "".join(f"{line}\r\n" for line in lines).encode("latin-1", "replace")
        with self._lock:
            self._number += 1
            path = self.folder / f"{self._number:04}-{kind}.http"
        write_atomically(path, head + b"\r\n" + content)
        return path


class CaptureServer(CommandServer):
    """Answers 200 to every delivery that it stores, and reports ``each`` of them in one line."""

    def __init__(
        self,
        port: int,
        store: CaptureStore,
        *,
        each: Callable[[str], None],
        limit: int,
        judge: Callable[[Request], str] | None = None,
        handshakes: Handshakes | None = None,
        url: str = "",
        follow_up: Callable[[AnsweredHandshake], str] = lambda _: "",
    ) -> None:
        """``judge`` returns why a request is not genuine; after ``limit`` deliveries `full` is set.

        ``url`` is the address that the provider has, where it is known. ``follow_up`` does what an answered handshake
        requires beyond its answer, and returns the end of its line on the terminal.
        """
        super().__init__("capture", port=port, max_body=MAX_SEARCHED, idle_s=READ_WITHIN_S, grace_s=GRACE_S)
        self.store = store
        self.counts: Counter[str] = Counter()
        self.full = threading.Event()
        """Set once enough deliveries are captured."""
        self._judge = judge
        self._handshakes = handshakes or Handshakes(HANDSHAKE_REPLIES)
        self._url = url
        self._follow_up = follow_up
        self._each = each
        self._limit = limit
        self._reporting = threading.Lock()

    @property
    def summary(self) -> str:
        """How many deliveries were captured, in one line."""
        refused = f", {self.counts['refused']} refused" if self.counts["refused"] else ""
        answered = f", {self.counts['answered']} handshakes answered" if self.counts["answered"] else ""
        return f"{self.counts['captured']} captured into {self.store.folder}{refused}{answered}"

    def respond(self, request: Request) -> Response:
        """Store a delivery, or answer a handshake."""
        if handshake := self._handshakes.answered(request, url=self._url or next(sender_urls(request))):
            return self._welcome(handshake)
        if request.method not in METHODS:
            return Response(status=405, headers=(("allow", ", ".join((*METHODS, "GET", "HEAD", "OPTIONS"))),))
        verdict = self._verdict(request)
        try:
            path = self.one_at_a_time(self.store.add, request.headers, request.body)
        except OSError as exc:
            why = f"not stored in {self.store.folder}: {exc.strerror}"
            self._report("refused", f"{why}. Answered 503, so the sender tries again.")
            return _message(503, "not stored")
        except CassetteError:
            most = f"over {MAX_SEARCHED >> 20} MiB unpacked, or in a coding other than {DECODABLE}"
            self._report("refused", f"not stored: its body cannot be searched for secrets: it is {most}")
            return _message(415, f"a body {most}")
        self._report("captured", f"{path.name}: {len(request.body):,} bytes{verdict}")
        return _message(200, "captured")

    def refuse(self, error: BadMessageError) -> Response:
        """Report a request that could not be read, and answer its sender."""
        self._report("refused", f"refused: {error}")
        return _message(error.status, str(error))

    def _report(self, outcome: str, line: str) -> None:
        with self._reporting:
            self.counts[outcome] += 1
            self._each(line)
        if self.counts["captured"] >= self._limit:
            self.full.set()

    def _welcome(self, handshake: AnsweredHandshake) -> Response:
        name = handshake.reply.name
        if handshake.refused:
            self._report("refused", f"refused {name}: {handshake.refused}")
        else:
            self._report("answered", f"answered {name}; it is no event{self._follow_up(handshake)}")
        return handshake.response

    def _verdict(self, request: Request) -> str:
        if self._judge is None:
            return ""
        complaint = self._judge(request)
        return f", not genuine: {complaint}" if complaint else ", genuine"


def _message(status: int, text: str) -> Response:
    content = json.dumps({"message": text}).encode()
    return Response(status=status, headers=(("content-type", "application/json"),), body=content)


def _is_dropped(name: str) -> bool:
    hop_by_hop = (
        name in HOP_BY_HOP and name != "connection"
    )  # senders differ in it, and a replay has its own connection
    return hop_by_hop or _DROPPED.fullmatch(name) is not None


def _lines(headers: Headers, stored: Headers) -> Iterator[str]:
    """Yield the lines of a fixture, as they were spelled; what each delivery writes again is there without a value."""
    values: dict[str, list[str]] = {}
    for name, value in stored:
        values.setdefault(name, []).append(value)
    for name, _ in headers:
        if left := values.get(name.lower()):
            yield f"{name}: {left.pop(0)}"
        elif is_written_again(name.lower()):
            yield f"{name}:"


def _type_of(headers: Headers, body: bytes) -> str:
    """Return the event's type as part of a file's name."""
    return re.sub(r"[^\w.-]+", "-", any_type(headers, body)).strip(".-")[:_NAME_CHARS] or "event"
