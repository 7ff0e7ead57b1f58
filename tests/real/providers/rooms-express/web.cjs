// What all operations have in common: the credential, problems, entity tags and idempotency keys.

const crypto = require("node:crypto");
const http = require("node:http");
const express = require("express");
const { Refused, checked, documentOf } = require("./rules.cjs");
const { Keys } = require("./store.cjs");

const JSON_TYPE = "application/json";
const MERGE_TYPE = "application/merge-patch+json";
const KEY = crypto.createHash("sha256").update(process.env.API_KEY).digest();
const keys = new Keys();
const app = express();
app.disable("x-powered-by");
app.enable("case sensitive routing");
app.enable("strict routing");
app.set("query parser", "simple");

app.use((request, _response, next) => {
  const [, bearer] = /^bearer (.*)$/i.exec(request.get("authorization") ?? "") ?? [];
  const given = crypto.createHash("sha256").update(bearer ?? request.get("x-api-key") ?? "").digest();
  if (crypto.timingSafeEqual(given, KEY)) return next();
  throw new Refused(401, "Send the API key.", [], { "WWW-Authenticate": 'Bearer realm="rooms"' });
});
app.use(express.raw({ type: () => true, limit: 100_000 }));

// The members in a body; 415, 400 and 422 for what is no such body.
function bodyOf(request, rules, { type = JSON_TYPE, partial = false } = {}) {
  const given = (request.get("content-type") ?? "").split(";")[0].trim().toLowerCase();
  if (given !== type) throw new Refused(415, `Send ${type}.`);
  return checked(documentOf(request.body ?? Buffer.alloc(0)), rules, { partial });
}

const tag = (row) => `"${row.id.slice(-6)}-${row.version}"`;

// An answer as data, so that it can be given again.
const answer = (status, body, headers = {}) => ({ status, body, headers });
const tagged = (row, body, status = 200, headers = {}) => answer(status, body, { ETag: tag(row), ...headers });

function match(request, row, { required = false } = {}) {
  const given = request.get("if-match");
  if (given === undefined && required) throw new Refused(428, "Send If-Match.");
  const named = given?.split(",").map((each) => each.trim());
  if (named && named[0] !== "*" && !named.includes(tag(row))) throw new Refused(412, "It has changed meanwhile.");
}

function once(request, make, { required = false } = {}) {
  const key = request.get("idempotency-key");
  if (key === undefined && !required) return make();
  if (!/^[A-Za-z0-9_-]{8,64}$/.test(key ?? ""))
    throw new Refused(400, "Idempotency-Key is required, and has 8 to 64 letters, digits, _ and -.");
  const digest = crypto.createHash("sha256").update(request.body ?? "").digest("hex");
  return keys.answered(`${request.method} ${request.path} ${key}`, digest, make);
}

// Serves a path; methods without a handler get 405.
function serve(path, handlers) {
  const route = app.route(path);
  for (const [method, handle] of Object.entries(handlers))
    route[method]((request, response) => {
      const { status, body, headers } = handle(request);
      response.status(status).set(headers);
      if (body === undefined) response.end();
      else response.json(body);
    });
  const offered = Object.keys(handlers).map((method) => method.toUpperCase());
  const allow = [...offered, ...(offered.includes("GET") ? ["HEAD"] : [])].sort().join(", ");
  route.all(() => {
    throw new Refused(405, "This method is not offered here.", [], { Allow: allow });
  });
}

function finish() {
  app.use(() => {
    throw new Refused(404, "There is nothing here.");
  });
  app.use((error, _request, response, _next) => {
    const status = error.status ?? 500;
    const detail = error instanceof Refused ? error.detail : http.STATUS_CODES[status];
    const more = error.errors?.length ? { errors: error.errors } : {};
    const problem = { type: "about:blank", title: http.STATUS_CODES[status], status, detail, ...more };
    response.status(status).set(error instanceof Refused ? error.headers : {});
    response.type("application/problem+json").send(JSON.stringify(problem));
  });
  app.listen(Number(process.env.PORT), "127.0.0.1");
}

module.exports = { MERGE_TYPE, answer, bodyOf, finish, match, once, serve, tagged };
