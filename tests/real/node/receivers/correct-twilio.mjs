// twilio-express.mjs corrected by twilio.com/docs, "Webhooks security" and "Messaging webhooks": it keeps MessageSid, and
// takes only forms with one.
import express from "express";
import twilio from "twilio";
import { Journal, operate } from "./journal.mjs";

const { PORT, STORE, TWILIO_AUTH_TOKEN } = process.env;
if (!TWILIO_AUTH_TOKEN) throw new Error("TWILIO_AUTH_TOKEN is not set");
const journal = new Journal(STORE);

const processMessage = (form) => {
  if (!new URLSearchParams(form.toString()).get("From")) throw new Error("the message has no sender");
};

const app = express();
app.get("/healthz", (req, res) => res.end());
const form = express.urlencoded({ extended: false, inflate: false, verify: (req, res, buffer) => (req.rawBody = buffer) });
const url = `http://127.0.0.1:${PORT}/hook`;
const isForm = (req, res, next) => (req.is("application/x-www-form-urlencoded") && req.rawBody ? next() : res.status(415).end());
app.post("/hook", form, isForm, twilio.webhook(TWILIO_AUTH_TOKEN, { url }), (req, res) => {
  const { Body, MessageSid } = req.body;
  if (typeof MessageSid !== "string" || typeof Body !== "string") return res.status(400).end();
  journal.take(MessageSid, req.rawBody, processMessage);
  const response = new twilio.twiml.MessagingResponse();
  response.message(`Your text to me was ${Body.length} characters long.`);
  res.type("text/xml").send(response.toString());
});
operate(app, journal, processMessage);
app.use((error, req, res, next) => res.status(error.status ?? 500).end());
app.listen(PORT, "127.0.0.1");
