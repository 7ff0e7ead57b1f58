// What the bodies and parameters of the API may be, and what is stored of them.

class Refused extends Error {
  constructor(status, detail, errors = [], headers = {}) {
    super(detail);
    Object.assign(this, { status, detail, errors, headers });
  }
}

const wrong = (text) => {
  throw new Error(text);
};

const text = (least, most, pattern = /^[^]*$/) => (value) => {
  if (typeof value !== "string") wrong("must be a text");
  const characters = [...value].length;
  if (characters < least || characters > most) wrong(`must have ${least} to ${most} characters`);
  return pattern.test(value) ? value : wrong("has another form");
};

const whole = (least, most, step = 1) => (value) => {
  if (!Number.isInteger(value)) wrong("must be a whole number");
  return value < least || value > most || value % step ? wrong(`must be from ${least} to ${most}, in steps of ${step}`) : value;
};

const oneOf = (...choices) => (value) => (choices.includes(value) ? value : wrong(`must be one of ${choices.join(", ")}`));
const truth = (value) => (typeof value === "boolean" ? value : wrong("must be true or false"));
const orNull = (check) => (value) => (value === null ? null : check(value));

function tags(value) {
  if (!Array.isArray(value) || value.length > 8) wrong("must be a list of at most 8");
  const found = value.map(text(1, 30));
  return new Set(found).size === found.length ? found : wrong("must have no tag twice");
}

function day(value) {
  const [, year, month, date] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text(10, 10)(value)) ?? wrong("must be a date");
  const days = new Date(Date.UTC(2000 + (Number(year) % 400), Number(month), 0)).getUTCDate();
  return Number(month) >= 1 && Number(month) <= 12 && Number(date) >= 1 && Number(date) <= days ? value : wrong("must be a date");
}

// A time with its zone (RFC 3339), stored in UTC.
function moment(value) {
  const form = /^(\d{4}-\d\d-\d\d)[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
  day((form.exec(text(20, 60)(value)) ?? wrong("must be a time with a zone"))[1]);
  const at = new Date(value.toUpperCase().replace(/(\.\d{3})\d+/, "$1"));
  return at.getUTCFullYear() >= 1 && at.getUTCFullYear() <= 9998 ? at.toISOString() : wrong("is too early or too late");
}

const callback = text(1, 200, /^http:\/\/127\.0\.0\.1:[1-5][0-9]{3,4}\/[A-Za-z0-9/_-]*$/);

const REQUIRED = Symbol("required");
const BUILDING = {
  name: [text(1, 80), REQUIRED],
  city: [text(1, 60), REQUIRED],
  country: [text(2, 2, /^[A-Z]{2}$/), REQUIRED],
  floors: [whole(1, 200), REQUIRED],
  accessible: [truth, false],
  tags: [tags, []],
  access_notes: [orNull(text(0, 500)), null],
  opened_on: [orNull(day), null],
};
const ROOM = {
  name: [text(1, 80), REQUIRED],
  floor: [whole(-9, 200), REQUIRED],
  seats: [whole(1, 1000), REQUIRED],
  equipment: [oneOf("none", "screen", "video", "lab"), "none"],
  hourly_rate: [text(4, 9, /^[0-9]{1,6}\.[0-9]{2}$/), "0.00"],
};
const BOOKING = {
  room_id: [text(17, 17, /^room_[0-9a-f]{12}$/), REQUIRED],
  title: [text(1, 80), REQUIRED],
  starts_at: [moment, REQUIRED],
  minutes: [whole(15, 1440, 15), REQUIRED],
  notes: [orNull(text(0, 1000)), null],
  priority: [oneOf("low", "normal", "high"), "normal"],
};
const EXPORT = { of: [oneOf("bookings", "rooms"), REQUIRED], as: [oneOf("csv", "json"), "csv"] };
const ENDPOINT = { url: [callback, REQUIRED] };

const without = (rules, name) => Object.fromEntries(Object.entries(rules).filter(([own]) => own !== name));

const allWellFormed = (value) =>
  typeof value === "string"
    ? value.isWellFormed()
    : value === null || typeof value !== "object" || Object.entries(value).every((pair) => pair.every(allWellFormed));

// The JSON object in a body; 400 and 422 for any other.
function documentOf(raw) {
  let document;
  try {
    document = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw));
    if (!allWellFormed(document)) wrong("half a surrogate pair");
  } catch {
    throw new Refused(400, "The body is not JSON.");
  }
  if (document === null || typeof document !== "object" || Array.isArray(document))
    throw new Refused(422, "The body does not fit.", [{ pointer: "", detail: "must be an object" }]);
  return document;
}

// What is stored of a document; `partial` is for a change, which holds only what it names.
function checked(document, rules, { partial = false } = {}) {
  const unknown = Object.keys(document).filter((name) => !Object.hasOwn(rules, name));
  const errors = unknown.map((name) => ({ pointer: `/${name}`, detail: "is not known" }));
  const found = {};
  for (const [name, [rule, fallback]] of Object.entries(rules)) {
    if (!Object.hasOwn(document, name)) {
      if (partial) continue;
      if (fallback === REQUIRED) errors.push({ pointer: `/${name}`, detail: "is required" });
      else found[name] = fallback;
      continue;
    }
    try {
      found[name] = rule(document[name]);
    } catch (error) {
      errors.push({ pointer: `/${name}`, detail: error.message });
    }
  }
  if (partial && !Object.keys(document).length) errors.push({ pointer: "", detail: "must change something" });
  if (errors.length) throw new Refused(422, "The body does not fit.", errors);
  return found;
}

// The parameters of a query; 400 for a wrong one.
function query(given, rules) {
  const found = {};
  for (const [name, [rule, fallback]] of Object.entries(rules)) {
    try {
      if (Array.isArray(given[name])) wrong("comes more than once");
      found[name] = given[name] === undefined ? fallback : rule(given[name]);
    } catch (error) {
      throw new Refused(400, `${name} ${error.message}.`);
    }
  }
  return found;
}

const number = (least, most) => (value) =>
  /^-?[0-9]{1,9}$/.test(value) ? whole(least, most)(Number(value)) : wrong("must be a whole number");
const boolean = (value) => oneOf("true", "false")(value) === "true";

module.exports = {
  ...{ BOOKING, BUILDING, ENDPOINT, EXPORT, ROOM, Refused },
  ...{ boolean, checked, documentOf, number, oneOf, query, text, without },
};
