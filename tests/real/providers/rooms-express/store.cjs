// What the provider remembers, and pages of it.

const crypto = require("node:crypto");
const { Refused } = require("./rules.cjs");

const now = () => new Date().toISOString();

// Rows by id; each has a number that only grows, which names its place in every order.
class Table extends Map {
  constructor(prefix) {
    super();
    this.prefix = prefix;
    this.last = 0;
  }

  add(members) {
    const row = { id: `${this.prefix}_${crypto.randomBytes(6).toString("hex")}`, ...members, created_at: now() };
    Object.assign(row, { version: 1, number: ++this.last });
    this.set(row.id, row);
    return row;
  }

  found(id) {
    if (!this.has(id)) throw new Refused(404, "There is no such thing.");
    return this.get(id);
  }

  // The row after a change; what changes nothing leaves its version as it is.
  change(row, members) {
    const differs = Object.entries(members).some(([n, v]) => JSON.stringify(row[n]) !== JSON.stringify(v));
    if (!differs) return row;
    const after = { ...row, ...members, version: row.version + 1, updated_at: now() };
    this.set(row.id, after);
    return after;
  }
}

const tables = {
  buildings: new Table("bld"),
  rooms: new Table("room"),
  bookings: new Table("bkg"),
  exports: new Table("exp"),
  endpoints: new Table("whe"),
};

function roomOf(buildingId, roomId) {
  tables.buildings.found(buildingId);
  const room = tables.rooms.found(roomId);
  if (room.building_id !== buildingId) throw new Refused(404, "There is no such thing.");
  return room;
}

// One page of rows, ordered by a member and then by their number, and the cursor of the next one. `belongsTo` are the
// filters and the order of the listing: a cursor of others is refused.
function page(rows, { by, reverse, limit, cursor, belongsTo }) {
  const place = (row) => {
    const value = by === "created_at" ? row.number : row[by];
    return [typeof value === "string" ? value.toLowerCase() : value, row.number];
  };
  const sign = reverse ? -1 : 1;
  const compare = ([a, m], [b, n]) => sign * (a < b ? -1 : a > b ? 1 : m - n);
  let ordered = rows.map((row) => [place(row), row]).sort(([a], [b]) => compare(a, b));
  if (cursor) {
    const after = decoded(cursor, belongsTo);
    ordered = ordered.filter(([at]) => compare(at, after) > 0);
  }
  const shown = ordered.slice(0, limit);
  const next = ordered.length > limit ? encoded(shown.at(-1)[0], belongsTo) : "";
  return [shown.map(([, row]) => row), next];
}

const encoded = (after, belongsTo) => Buffer.from(JSON.stringify([after, belongsTo])).toString("base64url");

function decoded(cursor, belongsTo) {
  try {
    const [after, of] = JSON.parse(Buffer.from(cursor, "base64url").toString());
    if (JSON.stringify(of) === JSON.stringify(belongsTo) && Number.isInteger(after[1])) return after;
  } catch {
    // refused below
  }
  throw new Refused(400, "The cursor is none of this listing.");
}

// Answers by operation, path and idempotency key. Here an answer is made in one go, so no key is ever in progress.
class Keys {
  answers = new Map();

  answered(key, digest, make) {
    const known = this.answers.get(key);
    if (known && known.digest !== digest) throw new Refused(422, "The key was used with another body.");
    if (known) return known.answer;
    const answer = make();
    this.answers.set(key, { digest, answer });
    return answer;
  }
}

module.exports = { Keys, now, page, roomOf, tables };
