"""``[target]`` and ``[process.NAME]``: what is certified, and what the harness starts."""

from __future__ import annotations

import enum
import re

from harness.model.config.base import Duration, Section
from harness.model.skip import DeclaredSkip

_REASON = re.compile(r"[\s\S]*\S[\s\S]*")


class Environment(enum.StrEnum):
    """Where the target runs; ``production`` refuses faults, fuzzing and writes."""

    LOCAL = "local"
    STAGING = "staging"
    PRODUCTION = "production"


class Absent(Section, frozen=True):
    """``[target.absent]``: what the integration does not have, each with the reason."""

    MAY_BE_EMPTY = ("receiver", "client", "telemetry", "webhooks")  # refused below, with the reason
    FORMS = dict.fromkeys(MAY_BE_EMPTY, _REASON)

    receiver: str | None = None
    """Why the integration has no webhook receiver."""
    client: str | None = None
    """Why it has no client."""
    telemetry: str | None = None
    """Why it exports no metrics and no traces."""
    webhooks: str | None = None
    """Why the provider sends it no webhooks."""

    def __post_init__(self) -> None:
        """Raise ValueError for a declaration without a reason."""
        if empty := [
            name
            for name in self.__struct_fields__
            if (given := getattr(self, name)) is not None and not _REASON.fullmatch(given)
        ]:
            raise ValueError(f'`{empty[0]}` is empty: write the reason, such as "we only call"')


class TargetSection(Section, frozen=True):
    """``[target]``: the name, the environment, and where the user's scenarios are."""

    name: str
    """Name of the target in the report."""
    environment: Environment | None = None
    """Required where the provider is not on this machine; there ``local``."""
    scenarios: tuple[str, ...] = ()
    """Folders or files of scenarios that the gate runs, relative to harness.toml."""
    skips: tuple[DeclaredSkip, ...] = ()
    """Scenarios that do not count as missing where they are skipped, or fail as expected."""
    waivers_within: Duration = Duration(366 * 86_400)
    """How far ahead a waiver, or an entry of `skips`, may end."""
    absent: Absent = Absent()
    """What the integration does not have; the items that concern it do not apply."""


class ReadySign(Section, frozen=True):
    """``ready`` of a process that no 2xx of a URL shows: a line of its output, a command, or another status."""

    CALLED = ("url",)
    MAY_BE_EMPTY = ("command",)

    EXACTLY_ONE = ("log", "command", "url")
    BELONGS_TO = {"status": "url"}
    RANGES = {"status": (200, 599)}

    log: str | None = None
    """Text that a line of the output contains once the process is ready."""
    command: tuple[str, ...] = ()
    """Command and arguments; exits with status 0 once it is."""
    url: str | None = None
    """URL that is answered with ``status`` once it is."""
    status: int | None = None
    """Such as 401, where every URL needs a credential; 2xx unless set."""

    def __post_init__(self) -> None:
        """Raise ValueError unless exactly one of the three is given, and for an impossible `status`."""
        if sum(bool(getattr(self, key)) for key in self.EXACTLY_ONE) != 1:
            raise ValueError("give exactly one of `log`, `command` and `url`")
        if self.given_alone():
            raise ValueError("`status` is the status of the answer to `url`, which is missing")
        if self.out_of_range():
            raise ValueError(f"`status` is {self.status}: write one from 200 to 599")


class Process(Section, frozen=True):
    """``[process.NAME]``: a process the harness starts, watches and stops."""

    CALLED = ("ready",)
    MAY_BE_EMPTY = ("command", "prepare")

    command: tuple[str, ...]
    """Command and arguments; no shell."""
    prepare: tuple[str, ...] = ()
    """Command and arguments that run once before it is first started; what they write to ``{run_dir}`` is copied into
    that of each copy of the target."""
    ready: str | ReadySign | None = None
    """URL that answers 2xx once the process is ready, another sign of it, or None: it need only live."""
    ready_within: Duration = Duration(20)
    """How long it may take to become ready."""
    env: dict[str, str] = {}
    """Added to the environment; a value may be a secret reference."""
    cwd: str | None = None
    """Folder in which it runs, relative to that of harness.toml, which is the default."""

    @property
    def ready_url(self) -> str | None:
        """The URL that shows that it is ready; None where something else does."""
        return self.ready.url if isinstance(self.ready, ReadySign) else self.ready

    @property
    def ready_status(self) -> int | None:
        """The status with which that URL is answered; None for any of 2xx."""
        return self.ready.status if isinstance(self.ready, ReadySign) else None
