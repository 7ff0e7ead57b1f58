// @paddle/paddle-node-sdk in Express, as its README shows it under "Webhook signature verification".
import { appendFileSync } from "node:fs";
import { EventName, Paddle } from "@paddle/paddle-node-sdk";
import express from "express";

const { EFFECTS, PORT, SECRET } = process.env;
const paddle = new Paddle("none");
const app = express();
app.post("/hook", express.raw({ type: "application/json" }), async (req, res) => {
  const signature = req.headers["paddle-signature"] || "";
  const rawRequestBody = req.body.toString();
  try {
    if (signature && rawRequestBody) {
      const eventData = await paddle.webhooks.unmarshal(rawRequestBody, SECRET, signature);
      switch (eventData.eventType) {
        case EventName.ProductUpdated:
          appendFileSync(EFFECTS, `${eventData.eventId}\n`);
          break;
        default:
          console.log(eventData.eventType);
      }
    } else {
      console.log("Signature missing in header");
    }
  } catch (e) {
    console.log(e.message);
  }
  res.send("Processed webhook event");
});
app.listen(PORT, "127.0.0.1");
