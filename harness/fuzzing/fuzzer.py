"""Everything that fuzzing needs beside the operation: made once for a process."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from harness.core.cutting import cut
from harness.core.encodable import encodable
from harness.errors import HarnessError, one_line
from harness.fuzzing.budget import Budget, Share
from harness.fuzzing.defect_store import DefectStore
from harness.fuzzing.fuzz_findings import FuzzSubject
from harness.fuzzing.operation_fuzz import FAILED, GENERATED, fuzz
from harness.fuzzing.stateful import run_stateful
from harness.fuzzing.unserved import Router
from harness.http.provider_client import ProviderClient
from harness.model import Finding, Outcome
from harness.openapi.spec_document import Spec

SILENT_OPERATIONS = 5
"""Operations in a row without any answer after which no more are tried: each costs several timeouts."""


class Fuzzer:
    """Sends generated requests to the operations of one provider."""

    def __init__(
        self,
        spec: Spec,
        client: ProviderClient,
        labels: Sequence[str],
        *,
        chained: Sequence[str] | None = None,
        budget: Budget,
        random_seed: int,
        store: DefectStore,
    ) -> None:
        """``labels`` are the operations that are called; ``chained`` those of chains, the same unless given."""
        self._spec = spec
        self.client = client
        self.labels = labels
        self._chained = labels if chained is None else chained
        self._budget = budget
        self._of_one = budget.divided(len(labels))
        self._seed = random_seed
        self._store = store
        self._silent = 0
        self._router = Router(client, labels)

    def share(self, name: str) -> Iterator[str]:
        """Yield the operations of an item, one, all, or ``part 2 of 8`` of them, until the credential is lost."""
        for label in self._share(name):
            yield label
            if self.client.lost:
                return

    def _share(self, name: str) -> list[str]:
        if name == "all":
            return list(self.labels)
        if not name.startswith("part "):
            return [name]
        share = Share.named(name)
        return [label for label in self.labels if zlib.crc32(encodable(label).encode()) % share.of == share.number - 1]

    def fuzz(self, label: str) -> list[Finding]:
        """Send generated requests to one operation, unless the provider has answered none of the last ones."""
        attack = partial(fuzz, label, self._spec, allowed=self.labels, router=self._router)
        return self._heard(label, attack, self._of_one)

    def run_stateful(self, name: str = "all") -> list[Finding]:
        """Walk the links between the operations: all of the chains, or ``part 2 of 5`` of them."""
        share = Share.named(name)
        return self._heard(share.title, partial(run_stateful, self._spec, self._chained, share=share), self._budget)

    def _heard(self, title: str, attack: Callable[..., list[Finding]], budget: Budget) -> list[Finding]:
        subject = FuzzSubject(check=GENERATED, title=title, case=title)
        if self._silent >= SILENT_OPERATIONS:
            reason = f"it answered none of the {SILENT_OPERATIONS} operations before"
            return [subject.error("the provider no longer answers, so nothing was sent", reason)]
        sent, answered = self.client.sent, self.client.answered
        try:
            findings = attack(client=self.client, budget=budget, random_seed=self._seed, store=self._store)
        except HarnessError:
            raise
        except Exception as exc:  # noqa: BLE001 - a fault of ours or of a library costs no other operation
            findings = [subject.error(FAILED, f"{type(exc).__name__}: {cut(one_line(exc), 400)}")]
        if lost := self.client.lost:
            findings = [finding for finding in findings if finding.outcome is not Outcome.PASS]
            findings.append(subject.error("not everything was sent, as the credential stopped working", lost))
        if self._store.trouble:
            findings.append(subject.error("the defects were not stored", self._store.trouble))
        if self.client.sent > sent:
            self._silent = self._silent + 1 if self.client.answered == answered else 0
        return findings
