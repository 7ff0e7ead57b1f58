"""``[target]`` and ``[process.NAME]``: what is certified, and what the harness starts."""

from __future__ import annotations

import enum

from harness.model.config.base import Duration, Section
from harness.model.skip import DeclaredSkip


class Environment(enum.StrEnum):
    """Where the target runs; ``production`` refuses faults, fuzzing and writes."""

    LOCAL = "local"
    STAGING = "staging"
    PRODUCTION = "production"


class Absent(Section, frozen=True):
    """``[target.absent]``: what the integration does not have, each with the reason."""

    MAY_BE_EMPTY = ("receiver", "client", "telemetry", "webhooks")  # refused below, with the reason

    receiver: str | None = None
    client: str | None = None
    telemetry: str | None = None
    webhooks: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a declaration without a reason."""
        if empty := [
            name for name in self.__struct_fields__ if (given := getattr(self, name)) is not None and not given.strip()
        ]:
            raise ValueError(f'`{empty[0]}` is empty: write the reason, such as "we only call"')


class TargetSection(Section, frozen=True):
    """``[target]``: the name, the environment, and where the user's scenarios are."""

    name: str
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
        if sum(map(bool, (self.log, self.command, self.url))) != 1:
            raise ValueError("give exactly one of `log`, `command` and `url`")
        if self.status is not None and not self.url:
            raise ValueError("`status` is the status of the answer to `url`, which is missing")
        if self.status is not None and not 200 <= self.status < 600:
            raise ValueError(f"`status` is {self.status}: write one from 200 to 599")


class Process(Section, frozen=True):
    """``[process.NAME]``: a process the harness starts, watches and stops."""

    CALLED = ("ready",)
    MAY_BE_EMPTY = ("command", "prepare")

    command: tuple[str, ...]
    prepare: tuple[str, ...] = ()
    """Command and arguments that run once before it is first started; what they write to ``{run_dir}`` is copied into
    that of each copy of the target."""
    ready: str | ReadySign | None = None
    """URL that answers 2xx once the process is ready, another sign of it, or None: it need only live."""
    ready_within: Duration = Duration(20)
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
