"""How many files and connections the processes of a run may have open."""

from __future__ import annotations

import resource

from harness.errors import ConfigurationError

ENOUGH, NEEDED = 1024, 256
"""How many a run asks for, and without how many it does not begin: a burst has some hundred connections at once."""


def require_open_files(needed: int = NEEDED) -> None:
    """Raise the limit of this process, and of what it starts, to what a run needs.

    Raises `ConfigurationError` where that is not allowed: what then fails would count against the integration.
    """
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if allowed == unlimited or allowed >= max(ENOUGH, needed):
        return
    wanted = max(ENOUGH, needed) if most == unlimited else min(max(ENOUGH, needed), most)
    if wanted > allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
        allowed = wanted
    if allowed < needed:
        raise ConfigurationError(
            f"No more than {allowed} files may be open at once, and a run needs {needed}. "
            f"Raise the limit of the system: ulimit -n {ENOUGH}."
        )
