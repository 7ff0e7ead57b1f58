"""The team's routing for an Alertmanager of the harness: every notification arrives at the harness, at once."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from harness.errors import ConfigurationError
from harness.telemetry.promql import LabelMatcher
from harness.telemetry.rules.alertmanager_config import AlertmanagerConfig, Inhibition, Route


def harness_config(config: AlertmanagerConfig, hook_url: str) -> str:
    """Return the same routes and inhibitions, with a webhook of the harness in place of every integration, as JSON.

    A receiver without any integration stays without; notifications of the others arrive at ``hook_url``, a slash and
    the receiver's name. Groups wait for nothing, and times of day mute nothing. Nothing else of the file is in the
    result. Raises `ConfigurationError` where Alertmanager would refuse the file.
    """
    if config.route is None or config.faults:
        where = config.faults[0].at(config.name) if config.faults else config.name
        raise ConfigurationError(f"harness.toml: [telemetry.alerts] routes: Alertmanager refuses it. {where}.")
    times = {"group_wait": "0s", "group_interval": "1s", "repeat_interval": "1h"}
    document = {
        "route": _route(config.route) | times,
        "receivers": [_receiver(name, hook_url if notifies else "") for name, notifies in config.receivers.items()],
        "inhibit_rules": [_inhibition(each) for each in config.inhibitions],
    }
    return json.dumps(document, indent=2)


def _route(route: Route) -> dict[str, Any]:
    written: dict[str, Any] = {"receiver": route.receiver, "continue": route.goes_on}
    if route.matchers:
        written["matchers"] = [_matcher(m) for m in route.matchers]
    if route.group_by:
        written["group_by"] = list(route.group_by)
    return written | {"routes": [_route(each) for each in route.routes]}


def _receiver(name: str, hook_url: str) -> dict[str, Any]:
    if not hook_url:
        return {"name": name}
    return {"name": name, "webhook_configs": [{"url": f"{hook_url}/{quote(name, safe='')}", "send_resolved": True}]}


def _inhibition(inhibition: Inhibition) -> dict[str, Any]:
    return {
        "source_matchers": [_matcher(m) for m in inhibition.source],
        "target_matchers": [_matcher(m) for m in inhibition.target],
        "equal": list(inhibition.equal),
    }


def _matcher(matcher: LabelMatcher) -> str:
    """Return a matcher as every Alertmanager since 0.22 reads it; a name beyond ASCII needs quotes, and 0.27."""
    text = str(matcher)
    plain = matcher.label.isascii() and matcher.label.replace("_", "a").isalnum()
    return text if plain else f'"{matcher.label}"{text.removeprefix(matcher.label)}'
