// twilio in Express, as twilio.com/docs shows it under "Secure your Express app by validating incoming Twilio requests".
import { appendFileSync } from "node:fs";
import express from "express";
import twilio from "twilio";

const { EFFECTS, PORT } = process.env; // and TWILIO_AUTH_TOKEN, which the middleware reads
const app = express();
app.use(express.urlencoded({ extended: false }));
app.post("/hook", twilio.webhook({ protocol: "http" }), (req, res) => {
  const response = new twilio.twiml.MessagingResponse();
  appendFileSync(EFFECTS, `${req.body.MessageSid}\n`);
  response.message(`Your text to me was ${req.body.Body.length} characters long.`);
  res.type("text/xml").send(response.toString());
});
app.listen(PORT, "127.0.0.1");
