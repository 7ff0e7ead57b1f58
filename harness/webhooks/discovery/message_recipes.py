"""The space of messages that a provider may sign: body, timestamp, id, URL and method in some order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, combinations, permutations, product
from typing import NamedTuple

from harness.webhooks.discovery.signature_words import Ingredient

SEPARATORS = (".", ":", "", "|", "\n", "-", ",", "_", " ", "&", ";", "/", "+")
"""Between the parts of a message."""
_OPTIONAL = ("timestamp", "id", "url", "method")
_GAPS_OF_DIFFERENT_SEPARATORS = 2
"""A message with more gaps has the same separator in all."""


class Recipe(NamedTuple):
    """One message, and what it is made of."""

    template: str
    """As ``signature.template`` of harness.toml."""
    used: Mapping[str, Ingredient]
    """What stands for the placeholders."""
    before: bytes
    """What the message has before the body."""
    after: bytes


class _Form(NamedTuple):
    """The parts of a message in one order, with their separators; for the ``%`` of bytes."""

    template: str
    before: bytes
    after: bytes


def recipes(
    given: Mapping[str, Sequence[Ingredient]], labels: Sequence[str], *, around: int | None = None
) -> Iterator[Recipe]:
    """Yield every message, the likeliest first.

    ``given`` has the values that each placeholder but ``body`` may stand for; ``labels`` the words that a message may
    begin with, such as ``v0``. With ``around``, only messages that have that many bytes beside the body, or nearly.
    """
    most = 1 + max(map(len, labels), default=0)
    for number in range(len(_OPTIONAL) + 1):
        for mixed in (False, True):
            for names in combinations(_OPTIONAL, number):
                forms = [form for label in ("", *labels) for form in _forms(label, names, mixed=mixed)]
                for chosen in product(*(given.get(name, ()) for name in names)) if forms else ():
                    texts = [each.text.encode() for each in chosen]
                    if around is not None and not 0 <= around - sum(map(len, texts)) <= number + most:
                        continue
                    values = {name.encode(): text for name, text in zip(names, texts, strict=True)}
                    used = dict(zip(names, chosen, strict=True))
                    for template, before, after in forms:
                        yield Recipe(template, used, before % values, after % values)


@cache
def _forms(label: str, names: tuple[str, ...], *, mixed: bool) -> tuple[_Form, ...]:
    orders = sorted(permutations(("body", *names)), key=lambda order: order[-1] != "body")
    gaps = len(names) + bool(label)
    return tuple(_form(label, order, separators) for order in orders for separators in _separators(gaps, mixed=mixed))


@cache
def _separators(gaps: int, *, mixed: bool) -> tuple[tuple[str, ...], ...]:
    uniform = [(separator,) * gaps for separator in (SEPARATORS if gaps else SEPARATORS[:1])]
    if not mixed:
        return tuple(uniform)
    if gaps != _GAPS_OF_DIFFERENT_SEPARATORS:
        return ()
    return tuple(each for each in product(SEPARATORS, repeat=gaps) if each not in uniform)


def _form(label: str, order: Sequence[str], separators: Sequence[str]) -> _Form:
    parts = [label] * bool(label) + [f"{{{name}}}" for name in order]
    template = parts[0] + "".join(chain.from_iterable(zip(separators, parts[1:], strict=True)))
    before, _, after = re.sub(r"{(timestamp|id|url|method)}", r"%(\1)s", template).encode().partition(b"{body}")
    return _Form(template, before, after)
