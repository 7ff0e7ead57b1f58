# mypy: ignore-errors
"""Bookings, exports and webhook endpoints."""

import datetime as dt
import decimal

from flask import Response, jsonify, request
from rules import BOOKING, ENDPOINT, EXPORT, Refused, number, one_of, query, stamp, text, without
from store import now, page
from web import MERGE, app, body_of, match, once, read, sender, store, tagged

MAX_ENDPOINTS = 50
EXPORT_TAKES_S = 0.3


def booking_shown(row):
    room = store.rooms[row["room_id"]]
    starts = dt.datetime.fromisoformat(row["starts_at"])
    amount = decimal.Decimal(room["hourly_rate"]) * row["minutes"] / 60
    price = str(amount.quantize(decimal.Decimal("0.01"), decimal.ROUND_HALF_UP))
    names = ("id", *BOOKING, "status", "created_at", "cancelled_at")
    return {name: row[name] for name in names if row.get(name) is not None} | {
        "ends_at": stamp(starts + dt.timedelta(minutes=row["minutes"])),
        "price": {"amount": price, "currency": "EUR"},
        "links": {
            "self": f"/v1/bookings/{row['id']}",
            "room": f"/v1/buildings/{room['building_id']}/rooms/{room['id']}",
        },
    }


@app.get("/v1/bookings")
def list_bookings():
    asked = query(
        request.args,
        limit=(number(1, 50), 10),
        cursor=(text(1, 400, "[A-Za-z0-9_-]+"), ""),
        room_id=(text(17, 17, "room_[0-9a-f]{12}"), None),
        status=(one_of("confirmed", "cancelled"), None),
        sort_by=(one_of("created_at", "starts_at", "title"), "created_at"),
        order=(one_of("asc", "desc"), "desc"),
    )
    filters = {name: asked[name] for name in ("room_id", "status") if asked[name] is not None}
    with store.lock:
        rows = [r for r in store.bookings.values() if all(r[n] == v for n, v in filters.items())]
        shown, cursor = page(
            rows,
            by=asked["sort_by"],
            reverse=asked["order"] == "desc",
            limit=asked["limit"],
            cursor=asked["cursor"],
            belongs_to=[asked["sort_by"], asked["order"], filters],
        )
        data = [booking_shown(r) for r in shown]
    return jsonify({"data": data, "has_more": bool(cursor)} | ({"next_cursor": cursor} if cursor else {}))


@app.post("/v1/bookings")
def create_booking():
    def make():
        members = body_of(BOOKING)
        with store.lock:
            if members["room_id"] not in store.rooms:
                raise Refused(422, "There is no such room.", [{"pointer": "/room_id", "detail": "names no room"}])
            row = store.bookings.add(**members, status="confirmed")
            shown = booking_shown(row)
        sender.emit("booking.created", row["created_at"], shown)
        return tagged(row, shown, 201, Location=f"/v1/bookings/{row['id']}")

    return once(make, required=True)


@app.get("/v1/bookings/<key>")
def get_booking(key):
    with store.lock:
        row = store.bookings.found(key)
        return read(row, booking_shown(row))


@app.patch("/v1/bookings/<key>")
def change_booking(key):
    with store.lock:
        row = store.bookings.found(key)
        change = body_of(without(BOOKING, "room_id"), MERGE, partial=True)
        match(row, required=True)
        if row["status"] == "cancelled":
            raise Refused(409, "It is cancelled.")
        row = store.bookings.change(row, change)
        return tagged(row, booking_shown(row))


@app.post("/v1/bookings/<key>/cancellation")
def cancel_booking(key):
    def make():
        with store.lock:
            row = store.bookings.found(key)
            if row["status"] == "cancelled":
                raise Refused(409, "It is cancelled.")
            row = store.bookings.change({"cancelled_at": None, **row}, {"status": "cancelled", "cancelled_at": now()})
            shown = booking_shown(row)
        sender.emit("booking.cancelled", row["cancelled_at"], shown)
        return tagged(row, shown)

    return once(make)


def export_shown(row):
    age = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(row["created_at"])
    status = "done" if age.total_seconds() > EXPORT_TAKES_S else "running"
    return {name: row[name] for name in ("id", *EXPORT, "created_at")} | {"status": status}


@app.post("/v1/exports")
def start_export():
    row = store.exports.add(**body_of(EXPORT))
    return jsonify(export_shown(row)), 202, {"Location": f"/v1/exports/{row['id']}"}


@app.get("/v1/exports/<key>")
def get_export(key):
    return jsonify(export_shown(store.exports.found(key)))


def endpoint_shown(row):
    return {name: row[name] for name in ("id", "url", "created_at")}


@app.get("/v1/webhook-endpoints")
def list_endpoints():
    return jsonify(data=[endpoint_shown(row) for row in list(store.endpoints.values())])


@app.post("/v1/webhook-endpoints")
def create_endpoint():
    members = body_of(ENDPOINT)
    with store.lock:
        if len(store.endpoints) >= MAX_ENDPOINTS:
            raise Refused(409, "There are too many endpoints.")
        row = store.endpoints.add(**members, secret=sender.secret())
    shown = endpoint_shown(row) | {"secret": row["secret"]}
    return jsonify(shown), 201, {"Location": f"/v1/webhook-endpoints/{row['id']}"}


@app.get("/v1/webhook-endpoints/<key>")
def get_endpoint(key):
    return jsonify(endpoint_shown(store.endpoints.found(key)))


@app.delete("/v1/webhook-endpoints/<key>")
def delete_endpoint(key):
    with store.lock:
        store.endpoints.found(key)
        del store.endpoints[key]
    return Response(status=204)
