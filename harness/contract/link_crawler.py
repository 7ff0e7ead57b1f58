"""Creates what can be created, reads what can be read, and follows every link of the answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.contract.answer_links import AnswerLink, answer_links
from harness.contract.caller import Caller
from harness.contract.created_resources import GONE
from harness.contract.documented_links import DocumentedLink, asked, documented_links
from harness.contract.invariants import STILL_ANSWERS
from harness.contract.runtime_expressions import UnresolvedError, evaluated
from harness.contract.sample import Sample
from harness.contract.sendable_bodies import first_accepted, sendable_bodies
from harness.errors import ProbeError, SpecError
from harness.http.message import is_json
from harness.openapi.operation import Operation

MAX_CALLS = 200
MAX_DEPTH = 3
FIX_LINK = "Serve what a link leads to, or correct the link in the answer or in the spec."
_ORDER = {"GET": 0, "HEAD": 0}


def beginnings(caller: Caller) -> list[Operation]:
    """Return the operations that create something without needing another, and those that read without a parameter."""
    plain = [o for o in caller.operations.values() if "{" not in o.path]
    return [o for o in plain if o.method == "POST"] + [o for o in plain if _is_readable(o)]


class LinkCrawler:
    """Makes the calls; what is wrong with a link is noted with the caller."""

    def __init__(self, caller: Caller, *, random_seed: int) -> None:
        """``random_seed`` decides the bodies of operations without an example."""
        self.caller = caller
        self.random_seed = random_seed
        self.samples: list[Sample] = []
        """The calls that succeeded, in order."""
        self.refused: dict[str, str] = {}
        """By operation that could not be called: the answer, in words."""
        self.links = 0
        """How many links were followed."""
        self._tried: dict[str, list[Any]] = {}
        """By method and path: the bodies that were sent."""
        self._got: set[str] = set()
        """URLs that were read."""
        self._deletions: dict[str, tuple[Sample, DocumentedLink]] = {}
        """By operation that deletes: one link to it, for the end."""

    def run(self) -> list[Sample]:
        """Walk from every operation that creates something, then from those that read; delete at the end.

        Returns the calls that succeeded.
        """
        for operation in self._creating():
            if self._has_calls and (made := self._made(operation, self.caller.resources.filled(operation.path))):
                self._follow(made, MAX_DEPTH)
        for operation in self.caller.operations.values():
            if self._has_calls and _is_readable(operation) and not self._was_called(operation):
                self._read(operation)
        for sample, link in list(self._deletions.values()):
            if self._has_calls:
                self._delete(sample, link)
        return self.samples

    def _made(self, operation: Operation, path: str | None) -> Sample | None:
        """Call an operation at a path with the first valid body that it takes; None where it refuses all."""
        if path is None or not self.caller.permits(operation.method, path):
            return None
        sample = first_accepted(self._untried(operation, path), lambda body: self._call(operation, path, body))
        return sample if sample is not None and sample.response.is_success else None

    def _untried(self, operation: Operation, path: str) -> Iterator[Any]:
        """Yield the bodies that were not sent there yet: later also those that name what was made since."""
        tried = self._tried.setdefault(f"{operation.method} {path}", [])
        for body in sendable_bodies(self.caller, operation, random_seed=self.random_seed):
            if body not in tried and self._has_calls:
                tried.append(body)
                yield body

    @property
    def _has_calls(self) -> bool:
        return self.caller.calls < MAX_CALLS

    def _creating(self) -> Iterator[Operation]:
        """Yield what creates: without parameters, again what those that came later may be needed for, then below them.

        All of that twice, since what was refused may need what was made below: a booking needs a room of a building.
        Others that write change what was made, and are called through links alone.
        """
        writing = [o for o in self.caller.operations.values() if o.method == "POST"]
        plain = [o for o in writing if "{" not in o.path]
        below = sorted((o for o in writing if "{" in o.path), key=lambda o: o.path.count("{"))
        yield from plain
        for _ in range(2):
            yield from [o for o in plain if o.label in self.refused and len(writing) > 1]
            yield from (o for o in below if self.caller.resources.adds(o) and not self._was_called(o))

    def _was_called(self, operation: Operation) -> bool:
        return any(sample.operation.label == operation.label for sample in self.samples)

    def _read(self, operation: Operation) -> None:
        path = self.caller.resources.filled(operation.path)
        if path is None or not self.caller.permits("GET", path):
            return
        sample = self._call(operation, path, None)
        if sample is not None and sample.response.is_success:
            self._follow(sample, MAX_DEPTH)

    def _call(
        self, operation: Operation, path: str, body: Any, headers: Mapping[str, str] | None = None
    ) -> Sample | None:
        """Make one call; None where no answer came."""
        try:
            sample = self.caller.call(operation, path, body, headers=headers)
        except ProbeError as exc:
            self.refused.setdefault(operation.label, str(exc))
            return None
        if operation.method == "GET":
            self._got.add(str(sample.response.request.url))
        if sample.response.is_success:
            self.samples.append(sample)
            self.refused.pop(operation.label, None)
        elif sample.response.is_error and operation.label in self.caller.operations and not self._was_called(operation):
            self.refused[operation.label] = sample.answer
        return sample

    def _follow(self, sample: Sample, depth: int) -> None:
        """Follow the links of an answer: those that it has itself, then the documented ones, reads first."""
        for own in list(answer_links(self.caller.spec, sample)):
            if self._has_calls:
                self._follow_own(sample, own, depth)
        found = []
        for link in documented_links(self.caller.spec, sample):
            if link.target is None:
                status = sample.response.status_code
                cause = f"the link {link.name!r} of its {status} names {link.named!r}, which is no operation"
                self.caller.complain(sample.operation.label, cause, "the document", fix=FIX_LINK)
            elif link.target.method == "DELETE":
                self._deletions.setdefault(link.target.label, (sample, link))
            else:
                found.append((link, link.target))
        for link, target in sorted(found, key=lambda each: _ORDER.get(each[1].method, 1)):
            if self._has_calls:
                self._follow_documented(sample, link, target, depth)

    def _follow_documented(self, sample: Sample, link: DocumentedLink, target: Operation, depth: int) -> None:
        which = f"the link {link.name!r} of its {sample.response.status_code}"
        try:
            path, headers = asked(target, link.link, sample)
            body = evaluated(link.link.get("requestBody"), sample)
        except UnresolvedError as exc:
            cause = f"{which} needs {exc}, which the answer lacks"
            self.caller.complain(sample.operation.label, cause, sample.in_words, fix=FIX_LINK)
            return
        if "{" in path or not self.caller.permits(target.method, path):
            return  # a parameter that the link leaves open, or a call that is not allowed
        self.links += 1
        reached = self._call(target, path, body, headers)
        if reached is None:
            return
        if reached.response.status_code in GONE:
            where = f"{target.method} {path} answered {reached.response.status_code}"
            self.caller.complain(sample.operation.label, f"{which} leads nowhere", where, fix=FIX_LINK)
        elif reached.response.is_success and target.method == "DELETE":
            self._look_for_deleted(target, path)
        elif reached.response.is_success and depth > 1:
            self._follow(reached, depth - 1)

    def _delete(self, sample: Sample, link: DocumentedLink) -> None:
        """Follow a link that deletes, from a resource made for that; what was made before stays, for other checks."""
        again = None
        if sample.operation.method == "POST" and self.caller.permits("POST", sample.path):
            again = self._call(sample.operation, sample.path, sample.body)
        if link.target is not None:
            made = again if again is not None and again.response.is_success else sample
            self._follow_documented(made, link, link.target, 1)

    def _look_for_deleted(self, deletion: Operation, path: str) -> None:
        reading = self.caller.operations.get(f"GET {deletion.path}")
        if reading is None or not self.caller.permits("GET", path):
            return
        after = self._call(reading, path, None)
        if after is not None and after.response.is_success:
            where = f"GET {path} answered {after.response.status_code} after DELETE {path} had succeeded"
            self.caller.complain(reading.label, STILL_ANSWERS.cause, where, fix=STILL_ANSWERS.fix)

    def _follow_own(self, sample: Sample, link: AnswerLink, depth: int) -> None:
        """Read what an answer links to, whether or not the document describes that path."""
        url = str(link.url)
        reading = self._reading_at(link)
        if reading is None or url in self._got or not self.caller.permits("GET", url):
            return
        self.links += 1
        reached = self._call(reading, url, None)
        if reached is None:
            return
        if cause := self._fault(sample, link, reached):
            status = sample.response.status_code
            which = f"the Location of its {status}" if link.place == "Location" else f"{link.place} of its {status}"
            self.caller.complain(sample.operation.label, f"{which} {cause}", reached.in_words, fix=FIX_LINK)
        elif reached.response.is_success and depth > 1:
            self._follow(reached, depth - 1)

    def _reading_at(self, link: AnswerLink) -> Operation | None:
        """Return what reads at a link, an undescribed operation too; None where a GET is no fair question."""
        spec = self.caller.spec
        try:
            reading = spec.find("GET", link.url)
            if reading is not None:
                return reading if _is_readable(reading) else None
            offered = [method for method in spec.methods - {"GET", "*"} if spec.find(method, link.url)]
        except SpecError:
            return None  # which the checks of the document report
        return None if offered else Operation(spec, "GET", link.url.path, "/")

    def _fault(self, sample: Sample, link: AnswerLink, reached: Sample) -> str:
        """Return what is wrong with where a link leads, empty where nothing is."""
        if reached.response.status_code in GONE:
            return "" if self._was_only_then(sample, link) or self._is_below_base(link, reached) else "leads nowhere"
        return "leads to another resource" if _is_another(link.owner, reached) else ""

    def _is_below_base(self, link: AnswerLink, reached: Sample) -> bool:
        """Whether a path in a body is meant below the base URL, as some APIs write them."""
        if link.place == "Location" or link.place.startswith("Link;"):
            return False  # which are references by their definition (RFC 3986 section 5)
        below = self._call(reached.operation, link.url.raw_path.decode(), None)
        return below is not None and below.response.status_code not in GONE

    def _was_only_then(self, sample: Sample, link: AnswerLink) -> bool:
        """Whether what was read has another link by now, or none, because what it led to has gone since."""
        if sample.operation.method != "GET":
            return False
        again = self._call(sample.operation, sample.path, None)
        return again is not None and all(link.url != each.url for each in answer_links(self.caller.spec, again))


def _is_readable(operation: Operation) -> bool:
    """Whether an operation reads one document, and no stream or file."""
    if operation.method != "GET":
        return False
    kinds = operation.response_to(200).get("content") or {}
    return not kinds or any(is_json(kind) for kind in kinds)


def _is_another(owner: Any, reached: Sample) -> bool:
    """Whether what was read is certainly not the object that links to itself: same members, another id."""
    found = reached.document
    if not (reached.response.is_success and isinstance(owner, dict) and isinstance(found, dict)):
        return False
    return "id" in owner and owner.keys() == found.keys() and owner["id"] != found["id"]
