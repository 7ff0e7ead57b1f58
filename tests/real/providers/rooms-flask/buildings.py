# mypy: ignore-errors
"""Buildings and their rooms."""

from urllib.parse import urlencode

from flask import Response, jsonify, request
from rules import BUILDING, ROOM, Refused, boolean, number, one_of, query, text, without
from store import page
from web import MERGE, app, body_of, match, once, read, sender, store, tagged


def building_shown(row):
    own = f"/v1/buildings/{row['id']}"
    names = ("id", *BUILDING, "created_at", "updated_at")
    return {name: row[name] for name in names} | {"links": {"self": own, "rooms": f"{own}/rooms"}}


def room_shown(row):
    return {name: row[name] for name in ("id", "building_id", *ROOM, "created_at")}


@app.get("/v1/buildings")
def list_buildings():
    orders = [sign + name for name in ("created_at", "name", "floors") for sign in ("", "-")]
    asked = query(
        request.args,
        limit=(number(1, 50), 10),
        cursor=(text(1, 400, "[A-Za-z0-9_-]+"), ""),
        city=(text(0, 60), None),
        accessible=(boolean, None),
        sort=(one_of(*orders), "created_at"),
    )
    filters = {name: asked[name] for name in ("city", "accessible") if asked[name] is not None}
    with store.lock:
        rows = [r for r in store.buildings.values() if all(r[n] == v for n, v in filters.items())]
    order = asked["sort"].removeprefix("-")
    belongs_to = [asked["sort"], filters]
    shown, cursor = page(
        rows,
        by=order,
        reverse=asked["sort"] != order,
        limit=asked["limit"],
        cursor=asked["cursor"],
        belongs_to=belongs_to,
    )
    given = request.args.to_dict() | {"limit": asked["limit"], "cursor": cursor}
    following = f"/v1/buildings?{urlencode(given)}" if cursor else None
    return jsonify(items=[building_shown(r) for r in shown], next=following, total=len(rows))


@app.post("/v1/buildings")
def create_building():
    def make():
        members = body_of(BUILDING)
        with store.lock:
            row = store.buildings.add(**members)
            row["updated_at"] = row["created_at"]
        sender.emit("building.created", row["created_at"], building_shown(row))
        return tagged(row, building_shown(row), 201, Location=f"/v1/buildings/{row['id']}")

    return once(make)


@app.get("/v1/buildings/<key>")
def get_building(key):
    row = store.buildings.found(key)
    return read(row, building_shown(row))


@app.put("/v1/buildings/<key>")
def replace_building(key):
    return changed_building(key, lambda: body_of(BUILDING))


@app.patch("/v1/buildings/<key>")
def change_building(key):
    return changed_building(key, lambda: body_of(BUILDING, MERGE, partial=True))


def changed_building(key, members):
    with store.lock:
        row = store.buildings.found(key)
        change = members()
        match(row)
        row = store.buildings.change(row, change)
        return tagged(row, building_shown(row))


@app.delete("/v1/buildings/<key>")
def delete_building(key):
    with store.lock:
        store.buildings.found(key)
        if any(room["building_id"] == key for room in store.rooms.values()):
            raise Refused(409, "It still has rooms.")
        del store.buildings[key]
    return Response(status=204)


@app.get("/v1/buildings/<key>/rooms")
def list_rooms(key):
    store.buildings.found(key)
    kinds = ("none", "screen", "video", "lab")
    asked = query(
        request.args,
        page=(number(1, 100_000), 1),
        per_page=(number(1, 50), 10),
        equipment=(one_of(*kinds), None),
        floor=(number(-9, 200), None),
    )
    filters = {name: asked[name] for name in ("equipment", "floor") if asked[name] is not None}
    with store.lock:
        rows = [r for r in store.rooms.values() if r["building_id"] == key]
    rows = [r for r in rows if all(r[n] == v for n, v in filters.items())]
    at, size = asked["page"], asked["per_page"]
    pages = max(1, -(-len(rows) // size))
    numbers = {"first": 1, "last": pages} | ({"next": at + 1} if at < pages else {})
    base = {**filters, "per_page": size}
    links = [f'</v1/buildings/{key}/rooms?{urlencode({**base, "page": n})}>; rel="{rel}"' for rel, n in numbers.items()]
    answer = jsonify([room_shown(r) for r in rows[(at - 1) * size : at * size]])
    answer.headers.update({"Link": ", ".join(links), "X-Total-Count": str(len(rows))})
    return answer


@app.post("/v1/buildings/<key>/rooms")
def create_room(key):
    store.buildings.found(key)
    members = body_of(ROOM)
    with store.lock:
        store.buildings.found(key)
        row = store.rooms.add(building_id=key, **members)
    return jsonify(room_shown(row)), 201, {"Location": f"/v1/buildings/{key}/rooms/{row['id']}"}


@app.get("/v1/buildings/<key>/rooms/<room_id>")
def get_room(key, room_id):
    return jsonify(room_shown(store.room_of(key, room_id)))


@app.patch("/v1/buildings/<key>/rooms/<room_id>")
def change_room(key, room_id):
    with store.lock:
        row = store.room_of(key, room_id)
        return jsonify(room_shown(store.rooms.change(row, body_of(without(ROOM, "floor"), partial=True))))


@app.delete("/v1/buildings/<key>/rooms/<room_id>")
def delete_room(key, room_id):
    with store.lock:
        store.room_of(key, room_id)
        for booking in [b for b in store.bookings.values() if b["room_id"] == room_id]:
            del store.bookings[booking["id"]]
        del store.rooms[room_id]
    return Response(status=204)
