# mypy: ignore-errors
"""What the provider remembers, and pages of it."""

import base64
import datetime as dt
import itertools
import json
import secrets
import threading

from rules import Refused, stamp


def now():
    """Return the time as the API shows it."""
    return stamp(dt.datetime.now(dt.UTC))


class Table(dict):
    """Rows by id; each has a number that only grows, which names its place in every order."""

    def __init__(self, prefix):
        super().__init__()
        self.prefix, self.numbers = prefix, itertools.count(1)

    def add(self, **members):
        """Add a row and return it."""
        row = {"id": f"{self.prefix}_{secrets.token_hex(6)}", **members, "created_at": now(), "version": 1}
        row["number"] = next(self.numbers)
        self[row["id"]] = row
        return row

    def found(self, key):
        """Return a row; raises 404."""
        if key not in self:
            raise Refused(404, "There is no such thing.")
        return self[key]

    def change(self, row, members):
        """Return a row after a change; what changes nothing leaves its version as it is."""
        if any(row[name] != value for name, value in members.items()):
            row = {**row, **members, "version": row["version"] + 1, "updated_at": now()}
            self[row["id"]] = row
        return row


class Store:
    """All tables, and the lock under which they change."""

    def __init__(self):
        self.lock = threading.RLock()
        self.buildings, self.rooms, self.bookings = Table("bld"), Table("room"), Table("bkg")
        self.exports, self.endpoints = Table("exp"), Table("whe")

    def room_of(self, building_id, room_id):
        """Return a room below its building; raises 404."""
        self.buildings.found(building_id)
        room = self.rooms.found(room_id)
        if room["building_id"] != building_id:
            raise Refused(404, "There is no such thing.")
        return room


def page(rows, *, by, reverse, limit, cursor, belongs_to):
    """Return one page of rows and the cursor of the next one, empty after the last.

    Rows are ordered by a member, then by their number. ``belongs_to`` are the filters and the order of the listing: a
    cursor of others is refused.
    """

    def place(row):
        value = row["number"] if by == "created_at" else row[by]
        return [value.casefold() if isinstance(value, str) else value, row["number"]]

    ordered = sorted(rows, key=place, reverse=reverse)
    if cursor:
        after = _decoded(cursor, belongs_to)
        ordered = [r for r in ordered if (place(r) < after if reverse else place(r) > after)]
    shown = ordered[:limit]
    return shown, _encoded(place(shown[-1]), belongs_to) if len(ordered) > limit else ""


def _encoded(after, belongs_to):
    made = json.dumps([after, belongs_to], separators=(",", ":"))
    return base64.urlsafe_b64encode(made.encode()).decode().rstrip("=")


def _decoded(cursor, belongs_to):
    try:
        after, of = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        text, number = after
    except (ValueError, TypeError):
        raise Refused(400, "The cursor is none.") from None
    if of != belongs_to or not isinstance(number, int):
        raise Refused(400, "The cursor belongs to another listing.")
    return [text, number]


class Keys:
    """Answers by idempotency key, of each operation at each path."""

    def __init__(self):
        self.lock, self.answers = threading.Lock(), {}

    def answered(self, key, digest, make):
        """Return the first answer to a key, or make it; raises 409 while it is made, 422 for another body."""
        with self.lock:
            if key in self.answers:
                known, answer = self.answers[key]
                if known != digest:
                    raise Refused(422, "The key was used with another body.")
                if answer is None:
                    raise Refused(409, "The first call with this key is still being answered.")
                return answer
            self.answers[key] = (digest, None)
        try:
            answer = make()
        except BaseException:
            with self.lock:
                del self.answers[key]
            raise
        with self.lock:
            self.answers[key] = (digest, answer)
        return answer
