"""Malformed credentials: the provider refuses each, and none ends in an error of the server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from harness.contract.credential_forms import Credential
from harness.http.provider_client import NoAnswer, SendResult
from harness.model import Check, Finding, FixedBy, Level, Outcome
from harness.model.cause import NO_ANSWER, SERVER_ERROR, UNCHECKED

MOST_OPERATIONS = 5
"""Operations that are called with each malformed credential: what reads credentials is one part of a server."""
_HUGE = 7000
"""Characters of the longest one: servers refuse header fields above 8 KiB before the application sees them."""
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
"""The case of which means nothing (RFC 9562 section 4)."""
_BARE = "the right one without its scheme"
MALFORMED = Check(
    id="malformed",
    item="auth.rejects",
    fixed_by=FixedBy.PROVIDER,
    summary="malformed credentials",
    passed="Refused malformed credentials",
    failed="Did not refuse a malformed credential",
    expected="HTTP 401 or another 4xx; 503 is accepted too, and a closed connection after a huge value",
    source="RFC 9110 section 11.6.2; RFC 6750 section 3.1",
    fix="Parse the header before you use it, and answer 401 to whatever is not a credential of yours.",
)
_WHOLE = "Compare the whole credential character by character, in its own case, and answer 401 where it differs."
_SCHEME = "Take a credential only behind the scheme that the spec names, and answer 401 to one without it."


class MalformedForm(NamedTuple):
    """One way to be malformed."""

    name: str
    value: Callable[[str, str], str]
    """Returns the header's value for the scheme, which may be empty, and a made-up secret."""
    needs_scheme: bool = False


FORMS: tuple[MalformedForm, ...] = (
    MalformedForm("the scheme alone", lambda scheme, _: scheme, needs_scheme=True),
    MalformedForm("no scheme", lambda _, secret: secret, needs_scheme=True),
    MalformedForm("three words", lambda scheme, secret: f"{scheme} {secret} {secret[::-1]}".lstrip()),
    MalformedForm("another scheme", lambda scheme, secret: f"{'Basic' if scheme != 'Basic' else 'Bearer'} {secret}"),
    MalformedForm("an empty value", lambda _scheme, _secret: ""),
    MalformedForm("a huge value", lambda scheme, secret: _after(scheme, (secret * _HUGE)[:_HUGE])),
    MalformedForm("letters beyond ASCII", lambda scheme, secret: _after(scheme, f"é\xff{secret}")),
    MalformedForm("empty segments", lambda scheme, _: _after(scheme, "..")),
    MalformedForm("no base64", lambda scheme, _: _after(scheme, "%%%=")),
    MalformedForm("base64 of bytes that are no text", lambda scheme, _: _after(scheme, "/////w==")),
)


def _in_other_case(secret: str) -> str:
    """Return a secret whose letters are in the other case; in a UUID it does not matter (RFC 9562 section 4)."""
    return secret if _UUID.fullmatch(secret) else secret.swapcase()


class NearMiss(NamedTuple):
    """One change of the right credential after which it is another."""

    name: str
    secret: Callable[[str], str]
    """Returns the changed secret."""


NEAR_MISSES: tuple[NearMiss, ...] = (
    NearMiss("the right one with one character more", lambda secret: f"{secret}0"),
    NearMiss("the right one in the other case", _in_other_case),
)


class MalformedCall(NamedTuple):
    """One call with a malformed credential."""

    label: str
    form: str
    """Its name."""
    result: SendResult
    alone: str = ""
    """The one of several credentials that was malformed; empty where there is one in all."""

    @property
    def described(self) -> str:
        """The form, and which credential had it."""
        return f"{self.form} ({self.alone})" if self.alone else self.form

    @property
    def is_accepted(self) -> bool:
        """Whether it was answered as the right one is, or sent elsewhere."""
        return self.result.last is not None and self.result.last.status_code < 400


def forms_for(credential: Credential) -> list[tuple[str, dict[str, str]]]:
    """Return the malformed credentials with their headers: made-up ones, and the right one in another form."""
    word, secret = credential.word, credential.wrong()
    bare = secret.removeprefix(word).lstrip() if word else secret
    forms = (form for form in FORMS if word or not form.needs_scheme)
    made = [(form.name, form.value(word, bare)) for form in forms]
    real = credential.secret()
    changed = [(near.name, near.secret(real)) for near in NEAR_MISSES]
    made += [(name, credential.written(secret)) for name, secret in changed if secret != real]
    if word and credential.written(real) == f"{word} {real}":
        made.append((_BARE, real))
    return [(name, {credential.header: value}) for name, value in made]


def judge_malformed(calls: Sequence[MalformedCall], *, of: int) -> list[Finding]:
    """Return one finding for each operation that does not refuse, or one for all; ``of`` operations are secured."""
    labels = list(dict.fromkeys(call.label for call in calls))
    found = [finding for label in labels for finding in _offences(label, [c for c in calls if c.label == label])]
    if found:
        return found
    unheard = [f"{c.label} with {c.form}: no answer ({c.result.reason})" for c in calls if c.result.last is None]
    forms = len({call.form for call in calls})
    observed = f"{forms} malformed credentials at {len(labels)} of {of} secured operations"
    if len(unheard) == len(calls):
        return [MALFORMED.finding(Outcome.ERROR, "; ".join(unheard[:3]))]
    return [MALFORMED.finding(Outcome.PASS, observed)]


def _offences(label: str, calls: Sequence[MalformedCall]) -> Iterator[Finding]:
    """Yield what is wrong with one operation, a finding for each kind of answer."""
    causes: dict[str, list[MalformedCall]] = {}
    for call in calls:
        if cause := _cause(call):
            causes.setdefault(cause, []).append(call)
    for cause, offending in causes.items():
        names = ", ".join(call.described for call in offending)
        observed = f"{label} {cause}: {names}"
        found = MALFORMED.finding(Outcome.FAIL, observed).named(label, MALFORMED.id, cause)
        forms = {call.form for call in offending}
        level = Level.SHOULD if forms == {_BARE} else found.level
        fix = _fix(forms, is_accepted=offending[0].is_accepted) or found.fix
        yield msgspec.structs.replace(found, cause=_shared(offending[0], cause), level=level, fix=fix)


def _fix(forms: set[str], *, is_accepted: bool) -> str:
    """Return what to do where only forms of the right credential were accepted; empty for anything else."""
    if not is_accepted:
        return ""
    if forms == {_BARE}:
        return _SCHEME
    return _WHOLE if forms <= {near.name for near in NEAR_MISSES} else ""


def _shared(call: MalformedCall, cause: str) -> str:
    """Return the cause that other operations and other wrong credentials have in common with it."""
    last = call.result.last
    if last is None:
        return NO_ANSWER.of(" to a malformed credential")
    if last.is_server_error:
        return SERVER_ERROR.of(f"{last.status_code} to a malformed credential")
    return UNCHECKED[-1] if call.form != _BARE else f"{cause} to the credential without its scheme"


def _cause(call: MalformedCall) -> str:
    """Return what is wrong with an answer; empty for a refusal."""
    last = call.result.last
    if last is None:
        closed = call.result.reason is NoAnswer.CLOSED and call.form != "a huge value"
        return "closed the connection without an answer" if closed else ""
    if call.is_accepted or (last.is_server_error and last.status_code != 503):
        return f"answered {last.status_code}"
    return ""


def _after(scheme: str, text: str) -> str:
    return f"{scheme} {text}".lstrip()
