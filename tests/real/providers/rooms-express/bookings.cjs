// Bookings, exports and webhook endpoints.

const { fitting, given, pick } = require("./buildings.cjs");
const { BOOKING, ENDPOINT, EXPORT, Refused, number, oneOf, query, text, without } = require("./rules.cjs");
const { emit, secret } = require("./sender.cjs");
const { now, page, tables } = require("./store.cjs");
const { MERGE_TYPE, answer, bodyOf, match, once, serve, tagged } = require("./web.cjs");

const MAX_ENDPOINTS = 50;
const EXPORT_TAKES_MS = 300;

function bookingShown(row) {
  const room = tables.rooms.get(row.room_id);
  const cents = Math.round((Number(room.hourly_rate.replace(".", "")) * row.minutes) / 60);
  const names = ["id", ...Object.keys(BOOKING), "status", "created_at", "cancelled_at"];
  return {
    ...pick(row, names.filter((name) => row[name] !== undefined && row[name] !== null)),
    ends_at: new Date(Date.parse(row.starts_at) + row.minutes * 60_000).toISOString(),
    price: { amount: `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`, currency: "EUR" },
    links: { self: `/v1/bookings/${row.id}`, room: `/v1/buildings/${room.building_id}/rooms/${room.id}` },
  };
}

function listBookings(request) {
  const asked = query(request.query, {
    limit: [number(1, 50), 10],
    cursor: [text(1, 400, /^[A-Za-z0-9_-]+$/), ""],
    room_id: [text(17, 17, /^room_[0-9a-f]{12}$/), null],
    status: [oneOf("confirmed", "cancelled"), null],
    sort_by: [oneOf("created_at", "starts_at", "title"), "created_at"],
    order: [oneOf("asc", "desc"), "desc"],
  });
  const filters = given(asked, ["room_id", "status"]);
  const how = { by: asked.sort_by, reverse: asked.order === "desc", limit: asked.limit, cursor: asked.cursor };
  const belongsTo = [asked.sort_by, asked.order, filters];
  const [shown, cursor] = page(fitting([...tables.bookings.values()], filters), { ...how, belongsTo });
  return answer(200, { data: shown.map(bookingShown), has_more: Boolean(cursor), ...(cursor && { next_cursor: cursor }) });
}

function createBooking(request) {
  const make = () => {
    const members = bodyOf(request, BOOKING);
    if (!tables.rooms.has(members.room_id))
      throw new Refused(422, "There is no such room.", [{ pointer: "/room_id", detail: "names no room" }]);
    const row = tables.bookings.add({ ...members, status: "confirmed" });
    emit(tables.endpoints, "booking.created", row.created_at, bookingShown(row));
    return tagged(row, bookingShown(row), 201, { Location: `/v1/bookings/${row.id}` });
  };
  return once(request, make, { required: true });
}

function changeBooking(request) {
  const row = tables.bookings.found(request.params.id);
  const members = bodyOf(request, without(BOOKING, "room_id"), { type: MERGE_TYPE, partial: true });
  match(request, row, { required: true });
  if (row.status === "cancelled") throw new Refused(409, "It is cancelled.");
  const after = tables.bookings.change(row, members);
  return tagged(after, bookingShown(after));
}

function cancelBooking(request) {
  return once(request, () => {
    const row = tables.bookings.found(request.params.id);
    if (row.status === "cancelled") throw new Refused(409, "It is cancelled.");
    const after = tables.bookings.change(row, { status: "cancelled", cancelled_at: now() });
    emit(tables.endpoints, "booking.cancelled", after.cancelled_at, bookingShown(after));
    return tagged(after, bookingShown(after));
  });
}

serve("/v1/bookings", { get: listBookings, post: createBooking });
serve("/v1/bookings/:id", {
  get: (request) => {
    const row = tables.bookings.found(request.params.id);
    return tagged(row, bookingShown(row));
  },
  patch: changeBooking,
});
serve("/v1/bookings/:id/cancellation", { post: cancelBooking });

function exportShown(row) {
  const status = Date.now() - Date.parse(row.created_at) > EXPORT_TAKES_MS ? "done" : "running";
  return { ...pick(row, ["id", "of", "as", "created_at"]), status };
}

serve("/v1/exports", {
  post: (request) => {
    const row = tables.exports.add(bodyOf(request, EXPORT));
    return answer(202, exportShown(row), { Location: `/v1/exports/${row.id}` });
  },
});
serve("/v1/exports/:id", { get: (request) => answer(200, exportShown(tables.exports.found(request.params.id))) });

const endpointShown = (row) => pick(row, ["id", "url", "created_at"]);

serve("/v1/webhook-endpoints", {
  get: () => answer(200, { data: [...tables.endpoints.values()].map(endpointShown) }),
  post: (request) => {
    const members = bodyOf(request, ENDPOINT);
    if (tables.endpoints.size >= MAX_ENDPOINTS) throw new Refused(409, "There are too many endpoints.");
    const row = tables.endpoints.add({ ...members, secret: secret() });
    const body = { ...endpointShown(row), secret: row.secret };
    return answer(201, body, { Location: `/v1/webhook-endpoints/${row.id}` });
  },
});
serve("/v1/webhook-endpoints/:id", {
  get: (request) => answer(200, endpointShown(tables.endpoints.found(request.params.id))),
  delete: (request) => {
    tables.endpoints.delete(tables.endpoints.found(request.params.id).id);
    return answer(204);
  },
});
