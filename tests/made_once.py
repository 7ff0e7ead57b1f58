"""What takes long and is the same for every test of a run: made by the first worker that asks, for all of them."""

from __future__ import annotations

import fcntl
import os
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], T]) -> T:
    """Return what ``make`` returns, called once in a run, however many workers of pytest-xdist ask for ``name``.

    It gets a folder that lasts as long as the run. What it returns is stored with pickle. Others wait until it is done;
    where it fails, the next one tries again.
    """
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"made-once-{name}"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stored = folder / "made"
        if not stored.exists():
            stored.write_bytes(pickle.dumps(make(Path(tempfile.mkdtemp(dir=folder)))))
        made: T = pickle.loads(stored.read_bytes())
    return made
