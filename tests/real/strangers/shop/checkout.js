// The core workflow: find or create the guest, ask for a payment, read it again. Exits 0 if all of that went well.
import { endTracing, traced } from "./lib/tracing.js";
import { randomUUID } from "node:crypto";
import Stripe from "stripe";
import { open } from "./lib/database.js";
import { log } from "./lib/log.js";
import { retryingFetch } from "./lib/retrying-fetch.js";

const ATTEMPTS = 4;
const faults = new Set((process.env.SHOP_FAULTS ?? "").split(","));
const api = new URL(process.env.STRIPE_BASE_URL);
const db = await open(process.env.SHOP_DATABASE);
const count = (name) => db.count(name);
const [readsOnce, unkeyed] = [faults.has("reads-once"), faults.has("unkeyed")];
const stripe = new Stripe(process.env.STRIPE_API_KEY, {
  protocol: api.protocol.slice(0, -1),
  host: api.hostname,
  port: api.port,
  httpClient: Stripe.createFetchHttpClient(retryingFetch({ attempts: ATTEMPTS, count, readsOnce, unkeyed })),
  maxNetworkRetries: 0, // retried in our fetch, where it is counted
  telemetry: false,
});

function whole(object, type) {
  if (object?.object !== type || typeof object.id !== "string") throw new Error(`no ${type} in the answer`);
  return object;
}

async function checkout() {
  const email = `guest-${randomUUID()}@example.com`;
  const known = await stripe.customers.list({ email, limit: 1 });
  if (!Array.isArray(known?.data)) throw new Error("no list in the answer");
  const customer = whole(known.data[0] ?? (await stripe.customers.create({ email })), "customer");
  const order = { amount: 1999, currency: "eur", customer: customer.id, payment_method_types: ["card"] };
  const payment = whole(await stripe.paymentIntents.create(order), "payment_intent");
  const found = whole(await stripe.paymentIntents.retrieve(payment.id), "payment_intent");
  if (found.amount !== order.amount) throw new Error("another amount than asked for");
  log("info", "checkout ended", { payment: found.id, status: found.status });
}

try {
  await traced("checkout", {}, checkout);
} catch (error) {
  await db.count("shop_stripe_failures_total");
  log("error", "checkout failed", { reason: error.message.slice(0, 200), status: error.statusCode ?? null });
  process.exitCode = 1;
} finally {
  db.close();
  await endTracing();
}
