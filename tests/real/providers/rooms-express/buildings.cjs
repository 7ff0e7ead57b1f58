// Buildings and their rooms.

const { BUILDING, ROOM, Refused, boolean, number, oneOf, query, text, without } = require("./rules.cjs");
const { emit } = require("./sender.cjs");
const { page, roomOf, tables } = require("./store.cjs");
const { MERGE_TYPE, answer, bodyOf, match, once, serve, tagged } = require("./web.cjs");

const pick = (row, names) => Object.fromEntries(names.map((name) => [name, row[name]]));
const given = (asked, names) => Object.fromEntries(names.filter((n) => asked[n] !== null).map((n) => [n, asked[n]]));
const fitting = (rows, filters) => rows.filter((row) => Object.entries(filters).every(([n, v]) => row[n] === v));

function buildingShown(row) {
  const self = `/v1/buildings/${row.id}`;
  const names = ["id", ...Object.keys(BUILDING), "created_at", "updated_at"];
  return { ...pick(row, names), links: { self, rooms: `${self}/rooms` } };
}

const roomShown = (row) => pick(row, ["id", "building_id", ...Object.keys(ROOM), "created_at"]);

const orders = ["created_at", "name", "floors"].flatMap((name) => [name, `-${name}`]);

function listBuildings(request) {
  const asked = query(request.query, {
    limit: [number(1, 50), 10],
    cursor: [text(1, 400, /^[A-Za-z0-9_-]+$/), ""],
    city: [text(0, 60), null],
    accessible: [boolean, null],
    sort: [oneOf(...orders), "created_at"],
  });
  const filters = given(asked, ["city", "accessible"]);
  const rows = fitting([...tables.buildings.values()], filters);
  const by = asked.sort.replace(/^-/, "");
  const how = { by, reverse: by !== asked.sort, limit: asked.limit, cursor: asked.cursor, belongsTo: [asked.sort, filters] };
  const [shown, cursor] = page(rows, how);
  const following = new URLSearchParams({ ...request.query, limit: asked.limit, cursor });
  const next = cursor ? `/v1/buildings?${following}` : null;
  return answer(200, { items: shown.map(buildingShown), next, total: rows.length });
}

function createBuilding(request) {
  return once(request, () => {
    const row = tables.buildings.add(bodyOf(request, BUILDING));
    row.updated_at = row.created_at;
    emit(tables.endpoints, "building.created", row.created_at, buildingShown(row));
    return tagged(row, buildingShown(row), 201, { Location: `/v1/buildings/${row.id}` });
  });
}

function changed(request, how) {
  const row = tables.buildings.found(request.params.id);
  const members = bodyOf(request, BUILDING, how);
  match(request, row);
  const after = tables.buildings.change(row, members);
  return tagged(after, buildingShown(after));
}

serve("/v1/buildings", { get: listBuildings, post: createBuilding });
serve("/v1/buildings/:id", {
  get: (request) => {
    const row = tables.buildings.found(request.params.id);
    return tagged(row, buildingShown(row));
  },
  put: (request) => changed(request, {}),
  patch: (request) => changed(request, { type: MERGE_TYPE, partial: true }),
  delete: (request) => {
    const { id } = tables.buildings.found(request.params.id);
    if ([...tables.rooms.values()].some((room) => room.building_id === id)) throw new Refused(409, "It still has rooms.");
    tables.buildings.delete(id);
    return answer(204);
  },
});

function listRooms(request) {
  const { id } = tables.buildings.found(request.params.id);
  const asked = query(request.query, {
    page: [number(1, 100_000), 1],
    per_page: [number(1, 50), 10],
    equipment: [oneOf("none", "screen", "video", "lab"), null],
    floor: [number(-9, 200), null],
  });
  const filters = given(asked, ["equipment", "floor"]);
  const rows = fitting([...tables.rooms.values()], { building_id: id, ...filters });
  const { page: at, per_page: size } = asked;
  const pages = Math.max(1, Math.ceil(rows.length / size));
  const numbers = { first: 1, last: pages, ...(at < pages ? { next: at + 1 } : {}) };
  const url = (n) => `/v1/buildings/${id}/rooms?${new URLSearchParams({ ...filters, per_page: size, page: n })}`;
  const links = Object.entries(numbers).map(([rel, n]) => `<${url(n)}>; rel="${rel}"`);
  const shown = rows.slice((at - 1) * size, at * size).map(roomShown);
  return answer(200, shown, { Link: links.join(", "), "X-Total-Count": String(rows.length) });
}

serve("/v1/buildings/:id/rooms", {
  get: listRooms,
  post: (request) => {
    const { id } = tables.buildings.found(request.params.id);
    const row = tables.rooms.add({ building_id: id, ...bodyOf(request, ROOM) });
    return answer(201, roomShown(row), { Location: `/v1/buildings/${id}/rooms/${row.id}` });
  },
});
serve("/v1/buildings/:id/rooms/:room", {
  get: (request) => answer(200, roomShown(roomOf(request.params.id, request.params.room))),
  patch: (request) => {
    const row = roomOf(request.params.id, request.params.room);
    const members = bodyOf(request, without(ROOM, "floor"), { partial: true });
    return answer(200, roomShown(tables.rooms.change(row, members)));
  },
  delete: (request) => {
    const { id } = roomOf(request.params.id, request.params.room);
    for (const booking of tables.bookings.values()) if (booking.room_id === id) tables.bookings.delete(booking.id);
    tables.rooms.delete(id);
    return answer(204);
  },
});

module.exports = { fitting, given, pick };
