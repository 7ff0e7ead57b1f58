// standardwebhooks in Express, as its README shows it.
import { appendFileSync } from "node:fs";
import express from "express";
import { Webhook } from "standardwebhooks";

const { EFFECTS, PORT, SECRET } = process.env;
const app = express();
app.post("/hook", express.raw({ type: () => true }), (req, res) => {
  const webhook = new Webhook(SECRET);
  try {
    webhook.verify(req.body, req.headers);
  } catch (err) {
    if (err.name === "WebhookVerificationError") return res.status(400).json({});
    throw err;
  }
  appendFileSync(EFFECTS, `${req.headers["webhook-id"]}\n`);
  res.json({});
});
app.listen(PORT, "127.0.0.1");
