// svix in Express, as docs.svix.com shows it under "Consuming webhooks".
import { appendFileSync } from "node:fs";
import express from "express";
import { Webhook } from "svix";

const { EFFECTS, PORT, SECRET } = process.env;
const app = express();
app.post("/hook", express.raw({ type: "application/json" }), (req, res) => {
  const payload = req.body;
  const headers = req.headers;
  const wh = new Webhook(SECRET);
  try {
    wh.verify(payload, headers);
  } catch (err) {
    return res.status(400).json({});
  }
  appendFileSync(EFFECTS, `${headers["svix-id"]}\n`);
  res.json({});
});
app.listen(PORT, "127.0.0.1");
