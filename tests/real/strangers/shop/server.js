// Receives Stripe's webhooks: verify, store, answer; the worker does the rest.
import { endTracing, traceparent } from "./lib/tracing.js";
import express from "express";
import Stripe from "stripe";
import { open } from "./lib/database.js";
import { log } from "./lib/log.js";
import { metrics } from "./lib/metrics.js";
import { worker } from "./lib/worker.js";

const faults = new Set((process.env.SHOP_FAULTS ?? "").split(","));
const secret = process.env.STRIPE_WEBHOOK_SECRET;
const stripe = new Stripe(process.env.STRIPE_API_KEY);
const db = await open(process.env.SHOP_DATABASE, { alone: true });
const seen = metrics(db, { bornAtFailure: faults.has("late-series") });
const work = worker(db, seen, { overwrites: faults.has("order") });
const app = express();
app.disable("x-powered-by");

app.get("/healthz", (_, response) => response.json({ status: "ok" }));
app.get("/metrics", async (_, response) => {
  response.type(seen.registry.contentType).send(await seen.registry.metrics());
});

const raw = express.raw({ type: () => true, limit: "1mb", inflate: false });
app.post("/webhooks/stripe", raw, async (request, response) => {
  let event;
  try {
    const signature = String(request.headers["stripe-signature"]);
    // The SDK reads the timestamp with parseInt, which also takes "123abc" and "NaN".
    if (!/(^|,)t=\d+(,|$)/.test(signature)) throw new Error("no timestamp in the signature");
    event = stripe.webhooks.constructEvent(request.body, signature, secret);
  } catch (error) {
    seen.delivered("rejected");
    log("warn", "webhook refused", { reason: error.message.split("\n")[0].slice(0, 120) });
    return response.status(400).json({ error: "bad signature or body" });
  }
  if (typeof event?.id !== "string" || typeof event.type !== "string") {
    seen.delivered("rejected");
    log("warn", "webhook refused", { reason: "no id or type" });
    return response.status(400).json({ error: "no event" });
  }
  const stored = await db.run(
    `INSERT INTO events (id, type, body, received_at, traceparent) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (id) DO NOTHING`,
    [event.id, event.type, request.body.toString("utf8"), Date.now() / 1000, traceparent()],
  );
  const outcome = stored.changes ? "accepted" : "duplicate";
  if (stored.changes) work.wake();
  seen.delivered(outcome);
  log("info", `webhook ${outcome}`, { event_id: event.id, type: event.type });
  return response.json({ received: true });
});

// For tests and support: what became of an event, and what is known of a payment.
app.get("/internal/events/:id", async (request, response) => {
  const row = await db.get("SELECT * FROM events WHERE id = ?", [request.params.id]);
  if (!row) return response.status(404).json({ error: "unknown event" });
  const { entries } = await db.get("SELECT count(*) AS entries FROM ledger WHERE event_id = ?", [row.id]);
  const { status, reason, attempts, body } = row;
  return response.json({ effects: entries, status, reason, attempts, body });
});
app.get("/internal/payments/:id", async (request, response) => {
  const row = await db.get("SELECT status FROM payments WHERE id = ?", [request.params.id]);
  return row ? response.json(row) : response.status(404).json({ error: "unknown payment" });
});
app.post("/internal/events/:id/retry", async (request, response) => {
  await db.run("UPDATE events SET status = 'pending', attempts = 0, due_at = 0 WHERE id = ? AND status = 'dead'", [
    request.params.id,
  ]);
  response.json({ retried: true });
});
app.use((error, _, response, __) => {
  const status = error.status ?? 500;
  if (status < 500) seen.delivered("rejected");
  log(status < 500 ? "warn" : "error", "request failed", { reason: error.message, status });
  response.status(status).json({ error: status < 500 ? "bad request" : "failed" });
});

const server = app.listen(Number(process.env.PORT), "127.0.0.1", () => log("info", "listening"));
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, async () => {
    work.stop();
    server.close();
    server.closeAllConnections();
    await endTracing();
    db.close();
    process.exit(0);
  });
}
