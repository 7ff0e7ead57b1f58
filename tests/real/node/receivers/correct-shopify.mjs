// shopify-express.mjs corrected by shopify.dev, "Ignore duplicates" and "Verify webhook deliveries": it keeps the event id,
// refuses what is no text before the library decodes it, answers in every case, and stores what it cannot process.
import { isUtf8 } from "node:buffer";
import "@shopify/shopify-api/adapters/node";
import { ApiVersion, shopifyApi } from "@shopify/shopify-api";
import express from "express";
import { Journal, operate } from "./journal.mjs";

const { PORT, SECRET, STORE } = process.env;
const shopify = shopifyApi({
  apiKey: "none",
  apiSecretKey: SECRET,
  apiVersion: ApiVersion.January26,
  hostName: `127.0.0.1:${PORT}`,
  isEmbeddedApp: true,
  scopes: [],
});
const journal = new Journal(STORE);

const processOrder = (body) => {
  const order = JSON.parse(body);
  if (!Array.isArray(order.line_items) || order.line_items.some((item) => !(item?.quantity > 0)))
    throw new Error("the order has no line items that can be shipped");
};

const isObject = (text) => {
  try {
    const value = JSON.parse(text);
    return value !== null && typeof value === "object" && !Array.isArray(value) && typeof value.id === "number";
  } catch {
    return false;
  }
};

const app = express();
const raw = express.raw({ type: () => true, limit: "1mb", inflate: false });
app.get("/healthz", (req, res) => res.end());
app.post("/hook", raw, async (req, res) => {
  if (!Buffer.isBuffer(req.body) || !isUtf8(req.body)) return res.status(400).end();
  const check = await shopify.webhooks.validate({ rawBody: req.body.toString(), rawRequest: req, rawResponse: res });
  const id = req.get("x-shopify-event-id");
  if (!check.valid || !id) return res.status(401).end();
  if (!isObject(req.body.toString())) return res.status(400).end();
  if (check.topic === "ORDERS_CREATE") journal.take(id, req.body, processOrder);
  res.end();
});
operate(app, journal, processOrder);
app.use((error, req, res, next) => res.status(error.status ?? 500).end());
app.listen(PORT, "127.0.0.1");
