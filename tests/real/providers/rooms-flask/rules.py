# mypy: ignore-errors
"""What the bodies and parameters of the API may be, and what is stored of them."""

import datetime as dt
import json
import re
from urllib.parse import urlsplit

MAX_BODY = 100_000


class Refused(Exception):
    """An answer of 4xx."""

    def __init__(self, status, detail, errors=(), headers=None):
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, detail, list(errors), headers or {}


def text(least, most, pattern=""):
    """A text of that many characters."""

    def check(value):
        if not isinstance(value, str):
            raise ValueError("must be a text")
        if not least <= len(value) <= most:
            raise ValueError(f"must have {least} to {most} characters")
        if pattern and not re.fullmatch(pattern, value):
            raise ValueError("has another form")
        return value

    return check


def whole(least, most, step=1):
    """A whole number; 3.0 is one too."""

    def check(value):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError("must be a number")
        if not abs(value) < 1e15 or value != int(value):
            raise ValueError("must be a whole number")
        if not least <= value <= most or int(value) % step:
            raise ValueError(f"must be from {least} to {most}, in steps of {step}")
        return int(value)

    return check


def one_of(*choices):
    """One of some texts."""

    def check(value):
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value

    return check


def truth(value):
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def or_null(check):
    """Null, or what another rule takes."""
    return lambda value: None if value is None else check(value)


def tags(value):
    """Up to eight different texts."""
    if not isinstance(value, list) or len(value) > 8:
        raise ValueError("must be a list of at most 8")
    found = [text(1, 30)(each) for each in value]
    if len(set(found)) != len(found):
        raise ValueError("must have no tag twice")
    return found


def day(value):
    """A date."""
    text(10, 10, r"\d{4}-\d\d-\d\d")(value)
    return dt.date.fromisoformat(value).isoformat()


def moment(value):
    """A time with its zone (RFC 3339), stored in UTC."""
    form = r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)"
    text(20, 60, form)(value)
    try:
        found = dt.datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value.upper()))
        return stamp(found.astimezone(dt.UTC))
    except OverflowError:
        raise ValueError("is too early or too late") from None


def stamp(at):
    """Return a time as the API shows it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def callback(value):
    """A URL on the loopback interface."""
    text(1, 200, r"http://127\.0\.0\.1:[1-5][0-9]{3,4}/[A-Za-z0-9/_-]*")(value)
    return urlsplit(value).geturl()


REQUIRED = object()
BUILDING = {
    "name": (text(1, 80), REQUIRED),
    "city": (text(1, 60), REQUIRED),
    "country": (text(2, 2, "[A-Z]{2}"), REQUIRED),
    "floors": (whole(1, 200), REQUIRED),
    "accessible": (truth, False),
    "tags": (tags, []),
    "access_notes": (or_null(text(0, 500)), None),
    "opened_on": (or_null(day), None),
}
ROOM = {
    "name": (text(1, 80), REQUIRED),
    "floor": (whole(-9, 200), REQUIRED),
    "seats": (whole(1, 1000), REQUIRED),
    "equipment": (one_of("none", "screen", "video", "lab"), "none"),
    "hourly_rate": (text(4, 9, r"[0-9]{1,6}\.[0-9]{2}"), "0.00"),
}
BOOKING = {
    "room_id": (text(17, 17, "room_[0-9a-f]{12}"), REQUIRED),
    "title": (text(1, 80), REQUIRED),
    "starts_at": (moment, REQUIRED),
    "minutes": (whole(15, 1440, 15), REQUIRED),
    "notes": (or_null(text(0, 1000)), None),
    "priority": (one_of("low", "normal", "high"), "normal"),
}
EXPORT = {"of": (one_of("bookings", "rooms"), REQUIRED), "as": (one_of("csv", "json"), "csv")}
ENDPOINT = {"url": (callback, REQUIRED)}


def without(rules, *names):
    """Return the rules of a change."""
    return {name: rule for name, rule in rules.items() if name not in names}


def document_of(raw, kind, expected):
    """Return the JSON object in a body; raises 415, 413, 400 and 422."""
    if kind.partition(";")[0].strip().lower() != expected:
        raise Refused(415, f"Send {expected}.")
    if len(raw) > MAX_BODY:
        raise Refused(413, "The body is too large.")

    def no_constant(name):
        raise ValueError(name)

    try:
        document = json.loads(raw.decode("utf-8"), parse_constant=no_constant)
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Refused(400, "The body is not JSON.") from None
    if not isinstance(document, dict):
        raise Refused(422, "The body does not fit.", [{"pointer": "", "detail": "must be an object"}])
    return document


def checked(document, rules, *, partial=False):
    """Return what is stored of a document; with ``partial`` only what it names."""
    errors, found = [], {}
    errors += [{"pointer": f"/{name}", "detail": "is not known"} for name in document.keys() - rules.keys()]
    for name, (rule, default) in rules.items():
        if name not in document:
            if default is REQUIRED and not partial:
                errors.append({"pointer": f"/{name}", "detail": "is required"})
            elif not partial:
                found[name] = default
            continue
        try:
            found[name] = rule(document[name])
        except ValueError as exc:
            errors.append({"pointer": f"/{name}", "detail": str(exc)})
    if partial and not document:
        errors.append({"pointer": "", "detail": "must change something"})
    if errors:
        raise Refused(422, "The body does not fit.", errors)
    return found


def query(args, **rules):
    """Return the parameters of a query; raises 400 for a wrong one."""
    found = {}
    for name, (rule, default) in rules.items():
        given = args.getlist(name)
        try:
            if len(given) > 1:
                raise ValueError("comes more than once")
            found[name] = rule(given[0]) if given else default
        except ValueError as exc:
            raise Refused(400, f"{name} {exc}.") from None
    return found


def number(least, most):
    """A whole number as text."""

    def check(value):
        if not re.fullmatch(r"-?[0-9]{1,9}", value):
            raise ValueError("must be a whole number")
        return whole(least, most)(int(value))

    return check


def boolean(value):
    """A truth as text."""
    return one_of("true", "false")(value) == "true"
