"""Takes the target's secrets out of all that pytest prints, hands to other plugins and writes.

The streams are redacted from before the first conftest is loaded. What pytest makes is redacted where it is made: names
of tests, reports, warnings. So other plugins, the cache, and pytest-xdist, which sends it all, have it without secrets.
"""

from __future__ import annotations

import inspect
import logging
import os
import sys
import warnings
from collections.abc import Callable, Collection, Generator, Iterable
from functools import cache
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from harness.core.encodable import encodable
from harness.core.output import Output, RedactedStream, RedactedStreams
from harness.plugins.stash import context_key

if TYPE_CHECKING:
    from harness.secrets import Vault

_ParameterSet = type(pytest.param())
output_key: pytest.StashKey[Output] = pytest.StashKey()
"""On the configuration: what this process prints."""


def redact_streams(config: pytest.Config, directory: Path) -> None:
    """Redact what this process prints until its pytest has ended, and what pytest prints after that on its failure."""
    asked = config.known_args_namespace
    config.stash[output_key] = output = Output(
        lambda: _secrets_of(directory, asked.harness_target, commands=not asked.collectonly)
    )
    streams = RedactedStreams(output)

    def ended() -> None:
        if sys.exc_info()[0] is None:  # else the text of the exception is still to come
            streams.restore()

    config.add_cleanup(ended)


def _secrets_of(directory: Path, overlay: str | None, *, commands: bool) -> Vault | None:
    """Return the secrets of a target whose pytest fails, or prints, before it has read the target."""
    from harness.context.run_context import RunContext
    from harness.errors import HarnessError
    from harness.process.run import Run

    try:
        none = Run(run_id="", seed="", directory="")
        context = RunContext.load(directory, run=none, overlay=overlay, reports=directory)
    except HarnessError:
        return None  # pytest will report it
    context.secrets.resolve_stored(commands=commands)
    return context.vault


class HiddenSecrets:
    """Redacts what this pytest makes."""

    def __init__(self, config: pytest.Config) -> None:
        self._vault = config.stash[context_key].vault
        output = config.stash.setdefault(output_key, Output())
        output.learn(self._vault)
        self._output = output

    def clean(self, text: str) -> str:
        """Return a text without secrets, and without what no pipe takes."""
        return self._vault.redact(encodable(text))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Redact the file of ``--log-file``."""
        handler = getattr(session.config.pluginmanager.get_plugin("logging-plugin"), "log_file_handler", None)
        if isinstance(handler, logging.FileHandler) and handler.baseFilename != os.devnull and handler.stream:
            handler.setStream(cast(TextIOWrapper, RedactedStream(handler.stream, self._output)))

    @pytest.hookimpl(tryfirst=True)
    def pytest_make_parametrize_id(self, val: object) -> str | None:
        """Name a value after the secret that it is, or holds."""
        text = val.decode("latin-1") if isinstance(val, bytes) else val
        return clean if isinstance(text, str) and (clean := self._vault.redact(text)) != text else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Take the secrets out of the names that ``ids`` and `pytest.param` give, in marks, fixtures and plugins."""
        parametrize, signature = metafunc.parametrize, _signature()

        def with_clean_ids(*args: Any, **kwargs: Any) -> None:
            given = signature.bind(metafunc, *args, **kwargs)
            given.arguments["argvalues"] = _each(given.arguments["argvalues"], self._clean_set)
            given.arguments["ids"] = self._clean_ids(given.arguments.get("ids"))
            parametrize(*given.args[1:], **given.kwargs)

        metafunc.parametrize = with_clean_ids  # type: ignore[method-assign]  # for this function alone

    def _clean_set(self, values: Any) -> Any:
        named = isinstance(values, _ParameterSet) and isinstance(values.id, str)
        return values._replace(id=self._vault.redact(values.id)) if named else values

    def _clean_ids(self, ids: Any) -> Any:
        def clean(given: object) -> object:
            return self._vault.redact(given) if isinstance(given, str) else given

        if callable(ids):
            return lambda value: clean(ids(value))
        return ids if ids is None else _each(ids, clean)

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Redact a warning."""
        message = warning_message.message
        if isinstance(message, Warning):
            message.args = tuple(self.clean(arg) if isinstance(arg, str) else arg for arg in message.args)

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Redact the reason why something was not collected."""
        from harness.plugins.conclusions import clean_texts

        report = yield
        clean_texts(report, self.clean)
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Redact pytest's JUnit file, which has properties of the whole suite and attributes that no report carries."""
        yield
        path = getattr(session.config.option, "xmlpath", None)
        if path and not hasattr(session.config, "workerinput"):
            named = Path(os.path.expandvars(path)).expanduser()
            _redact_file(session.config.invocation_params.dir / named, self._vault.redact)


def _each(given: Iterable[Any], change: Callable[[Any], Any]) -> Iterable[Any]:
    """Apply ``change`` to each; what may not end is not read here."""
    changed = map(change, given)
    return list(changed) if isinstance(given, Collection) else changed


@cache
def _signature() -> inspect.Signature:
    """Return how tests are parametrised, which differs between versions of pytest."""
    return inspect.signature(pytest.Metafunc.parametrize)


def _redact_file(path: Path, redact: Callable[[str], str]) -> None:
    from harness.core.files import write_atomically

    if not path.is_file():
        return
    text = path.read_text(encoding="utf-8")
    if (clean := redact(text)) != text:
        write_atomically(path, clean.encode())
