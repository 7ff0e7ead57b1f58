"""The course of one kind of resource: what is judged while two resources are created, changed and deleted, in order."""

from __future__ import annotations

from collections.abc import Sequence

from harness.contract.change_chain import ChangeChain
from harness.contract.creation_defaults import judge_creation
from harness.contract.deletion_rules import judge_head, judge_precondition
from harness.contract.further_creations import judge_hard_values
from harness.contract.invariants import CURRENT_TAG, REPEATED_CRASHES, TAG_STAYS
from harness.contract.lifecycle import Lifecycle
from harness.contract.other_ways import OtherWays
from harness.contract.resource_changes import Thing
from harness.contract.resource_kinds import place_of
from harness.contract.sample import Sample
from harness.contract.server_members import ServerMembers
from harness.contract.writes_elsewhere import judge_left_below, judge_writes_elsewhere
from harness.openapi.operation import Operation


class LifeCourse:
    """What happens to the resources of one chain once they are there."""

    def __init__(self, life: Lifecycle, first: Thing, second: Thing | None) -> None:
        """``second`` is left alone by all that is done to ``first``; None where there is none."""
        self.life, self._first, self._second = life, first, second
        self._ways = OtherWays(life, first)

    def change(self) -> None:
        """Change the first in every way, and look at both by every way."""
        self._judge_current_tag()
        judge_head(self.life, self._first, is_gone=False)
        self._ways.judge()
        for operation in self.life.kind.changes:
            before = ServerMembers(self.life, self._first)
            ChangeChain(self.life, operation, self._first).run()
            before.judge_times(operation)
            if self._second is not None:
                self.life.judge_untouched(self._second, operation)
        if self._second is not None:
            ServerMembers(self.life, self._first).judge_sent_with_change(self._second)
        if self.life.kind.changes:
            self._ways.judge()

    def end(self, others: Sequence[Lifecycle]) -> None:
        """Delete what was created, where that is permitted, and look for it; ``others`` are of all kinds."""
        life, second = self.life, self._second
        members = ServerMembers(life, self._first)
        if second is not None and not judge_writes_elsewhere(life, second):
            second = None
        if judge_precondition(life, self._first) and life.end(self._first, second):
            self._ways.judge_deleted()
            judge_head(life, self._first, is_gone=True)
            assert life.kind.deletion is not None
            self._repeat(life.kind.deletion, self._first.path)
        judge_creation(life, self._first)
        judge_hard_values(life, self._first)
        if second is not None:
            members.judge_sent_with_creation(second)
            self._create_again(second)
            if not judge_left_below(life, second, others):
                life.remove(second.path)

    def _judge_current_tag(self) -> None:
        """Read the first under the ETag that it has, where the document describes that nothing is then sent again."""
        life, thing = self.life, self._first
        reading, tag = life.kind.reading, thing.tag
        if not tag.startswith('"') or "304" not in reading.responses or life.is_broken(reading, TAG_STAYS):
            return
        answer = life.reader.read(thing.path, {"If-None-Match": tag}).response
        if answer.status_code == 200 and answer.headers.get("etag") == tag:
            life.complain(reading, CURRENT_TAG, f"GET {thing.path} with If-None-Match: {tag} answered 200")

    def _create_again(self, thing: Thing) -> None:
        """Ask once more for what was created: what must be unique is refused."""
        life, creation = self.life, self.life.kind.creation
        made = self._repeat(creation, thing.created.path, thing.created.body)
        place = place_of(life.kind, made)[0] if made is not None and made.response.is_success else ""
        if place not in ("", thing.path, self._first.path):
            life.remove(place)

    def _repeat(self, operation: Operation, path: str, body: object = None) -> Sample | None:
        made = self.life.caller.attempt(operation, path, body)
        if made is not None and made.response.is_server_error:
            self.life.complain(operation, REPEATED_CRASHES, f"{made.in_words} to the second of two equal calls")
        return made
