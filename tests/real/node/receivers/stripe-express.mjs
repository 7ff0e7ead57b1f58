// stripe in Express, as its README shows it under "Webhook signing".
import { appendFileSync } from "node:fs";
import express from "express";
import Stripe from "stripe";

const { EFFECTS, PORT, SECRET } = process.env;
const stripe = new Stripe("sk_none");
const app = express();
app.post("/hook", express.raw({ type: "application/json" }), (req, res) => {
  let event;
  try {
    event = stripe.webhooks.constructEvent(req.body, req.headers["stripe-signature"], SECRET);
  } catch (err) {
    return res.status(400).send("Webhook Error");
  }
  appendFileSync(EFFECTS, `${event.id}\n`);
  res.json({ received: true });
});
app.listen(PORT, "127.0.0.1");
