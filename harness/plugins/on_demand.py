"""Loads the plugins of Schemathesis, AnyIO and pytest-httpserver, which we install, only in runs that use them.

Together they more than double the time in which pytest starts. So a stand-in takes the name of each (site_packages/
sees to it that this module comes first), and the plugin is loaded, as if from the beginning, as soon as
something shows that the run may need it: the command line, the configuration file, an import, an async test, or a
fixture that is looked up. Where that cannot be seen, a plugin is loaded too early, never too late.
"""

from __future__ import annotations

import inspect
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.config.findpaths import load_config_dict_from_file  # settings that no plugin has declared yet
from _pytest.fixtures import FixtureFunctionDefinition

if TYPE_CHECKING:
    from _pytest.fixtures import FixtureDef

HYPOTHESIS = "hypothesispytest"
HYPOTHESIS_OPTIONS = ("hypothesis_profile", "hypothesis_verbosity", "hypothesis_show_statistics", "hypothesis_explain")
LISTINGS = {"-h", "--help", "-V", "-VV", "--version", "--fixtures", "--funcargs", "--fixtures-per-test", "--markers"}
"""Options that list what all plugins offer."""


@dataclass(frozen=True, kw_only=True)
class LatePlugin:
    """A plugin of another package that is loaded on demand."""

    name: str
    """Of its entry point."""
    word: str
    """Is in each of its options, and in what configures it."""
    fixtures: tuple[str, ...] = ()
    """Parts of the names of its fixtures. A fixture that nothing defines loads every plugin."""
    imports: tuple[str, ...] = ()
    """Modules that a test imports which needs the plugin."""
    of_async: bool = False
    """Whether it runs async tests and fixtures."""
    marker: str = ""
    """The line that registers its marker."""


LATE = (
    LatePlugin(
        name="anyio",
        word="anyio",
        fixtures=("anyio", "free_tcp_port", "free_udp_port"),
        imports=("anyio.pytest_plugin",),
        of_async=True,
        marker="anyio: mark the (coroutine function) test to be run asynchronously via anyio.",
    ),
    LatePlugin(
        name="pytest_httpserver",
        word="httpserver",
        fixtures=("httpserver",),
        imports=("pytest_httpserver.pytest_plugin",),
    ),
    LatePlugin(name="schemathesis", word="schemathesis", imports=("schemathesis",)),
)


class StandIn:
    """Takes the name of a plugin that is not loaded yet, so that pytest does not load it."""


class OnDemand:
    """Loads each plugin that this run needs, at the first sign of it."""

    def __init__(self, manager: pytest.PytestPluginManager, waiting: Sequence[LatePlugin]) -> None:
        """Take the names of the ``waiting`` plugins."""
        self._manager = manager
        self._waiting = list(waiting)
        self._seen: object = None
        for plugin in waiting:
            manager.register(StandIn(), plugin.name)

    def load(self, needed: Callable[[LatePlugin], bool]) -> bool:
        """Load the waiting plugins that are ``needed``; return whether there was one."""
        found = [plugin for plugin in self._waiting if needed(plugin)]
        for plugin in found:
            self._waiting.remove(plugin)
            if self._manager.has_plugin(plugin.name):  # else it was switched off since
                self._manager.unregister(name=plugin.name)
                self._register(plugin.name)
        return bool(found)

    def _register(self, name: str) -> None:
        for entry in entry_points(group="pytest11", name=name):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # those of its import are no concern of the test that needs it
                module = entry.load()
            if not self._manager.is_registered(module):
                with _as_if_first(self._manager):
                    self._manager.register(module, name)

    @pytest.hookimpl(tryfirst=True)
    def pytest_plugin_registered(self, plugin: object) -> None:
        """Load the plugin whose fixtures a conftest or another plugin overrides, so that its own come first."""
        names = () if _overrides_nothing(plugin) else _names_of(plugin)
        self.load(lambda late: any(part in name for part in late.fixtures for name in names))

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Register the markers; the controller of pytest-xdist, which sees no test, loads Schemathesis' plugin."""
        for plugin in self._waiting:
            if plugin.marker:
                config.addinivalue_line("markers", plugin.marker)
        if config.getoption("tx", None) and not hasattr(config, "workerinput"):
            self.load(lambda plugin: not plugin.fixtures)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """See each fixture that is looked up."""
        manager = session._fixturemanager  # noqa: SLF001 - no hook is called before a fixture is looked up
        look_up = manager.getfixturedefs

        def load_and_look_up(argname: str, node: pytest.Item | pytest.Collector) -> Sequence[FixtureDef[Any]] | None:
            self.load(lambda plugin: any(part in argname for part in plugin.fixtures))
            found = look_up(argname, node)
            if found is None and argname != "request" and self.load(lambda _: True):
                found = look_up(argname, node)
            return found

        manager.getfixturedefs = load_and_look_up  # type: ignore[method-assign, assignment]  # for this session alone

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makeitem(self, collector: pytest.Module | pytest.Class, name: str, obj: object) -> Any:
        """Load what the collected module imported or defines; the first item made is then made with it."""
        loaded = self.load(lambda plugin: any(module in sys.modules for module in plugin.imports))
        if collector is not self._seen and self._waiting:
            self._seen = collector
            if any(map(_is_async, vars(collector.obj).values())):
                loaded |= self.load(lambda plugin: plugin.of_async)
        if not loaded:
            return None
        return collector.ihook.pytest_pycollect_makeitem(collector=collector, name=name, obj=obj)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Drop Hypothesis' plugin where nothing used Hypothesis, which its summary would import to find nothing."""
        config = session.config
        shows = any(config.getoption(name, None) for name in HYPOTHESIS_OPTIONS) or config.getoption("tx", None)
        if "hypothesis" not in sys.modules and not shows and self._manager.has_plugin(HYPOTHESIS):
            self._manager.unregister(name=HYPOTHESIS)


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Take the names of the plugins that the command line and the configuration do not mention."""
    config = pluginmanager.get_plugin("pytestconfig")
    assert isinstance(config, pytest.Config)
    words = [*config.invocation_params.args, *config.getini("addopts")]
    words += (os.environ.get("PYTEST_ADDOPTS", ""), os.environ.get("PYTEST_PLUGINS", ""))
    mentioned = "\n".join([*map(str, words), str(_settings(config)), *_options_set(config)])
    waiting = [
        plugin
        for plugin in LATE
        if plugin.word not in mentioned
        and not pluginmanager.has_plugin(plugin.name)
        and not pluginmanager.is_blocked(plugin.name)
    ]
    if not LISTINGS.intersection(" ".join(map(str, words)).split()):
        pluginmanager.register(OnDemand(pluginmanager, waiting), "harness-on-demand-plugins")


def _settings(config: pytest.Config) -> object:
    """Return what the configuration file sets for pytest: what a project depends on loads no plugin."""
    return load_config_dict_from_file(config.inipath) if config.inipath else None


def _options_set(config: pytest.Config) -> list[str]:
    """Return the names of the options that are set: a worker of pytest-xdist has them from its controller."""
    return [name for name, value in vars(config.option).items() if value]


@contextmanager
def _as_if_first(manager: pytest.PytestPluginManager) -> Iterator[None]:
    """Let a plugin that is registered in this block come before all others where fixtures override each other.

    pytest reads the fixtures of plugins in the order in which these were registered, when its session begins.
    """
    history = getattr(manager.hook.pytest_plugin_registered, "_call_history", None) or []
    before = len(history)
    yield
    added = history[before:]
    del history[before:]
    history[:0] = added


def _overrides_nothing(plugin: object) -> bool:
    """Whether a plugin is pytest's own or ours, none of which has a fixture of a plugin that waits."""
    module = plugin.__name__ if inspect.ismodule(plugin) else type(plugin).__module__
    return module.startswith(("_pytest.", "harness."))


def _names_of(plugin: object) -> set[str]:
    """Return the names that a plugin defines, of its fixtures those by which they are requested."""
    values = vars(plugin).values() if inspect.ismodule(plugin) else ()
    renamed = {value.name for value in values if isinstance(value, FixtureFunctionDefinition)}
    return {*dir(plugin), *renamed}


def _is_async(value: object) -> bool:
    """Whether a function of a test module or class, a test of Hypothesis, or all methods of a class are async."""
    inner = getattr(getattr(value, "hypothesis", None), "inner_test", value)
    return inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner)
