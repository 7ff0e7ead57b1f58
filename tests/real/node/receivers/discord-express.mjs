// discord-interactions in Express, as its README shows it under "Interactions Usage".
import { appendFileSync } from "node:fs";
import { InteractionResponseType, InteractionType, verifyKeyMiddleware } from "discord-interactions";
import express from "express";

const { EFFECTS, PORT, SECRET } = process.env;
const app = express();
app.post("/hook", verifyKeyMiddleware(SECRET), (req, res) => {
  const message = req.body;
  if (message.type === InteractionType.APPLICATION_COMMAND) {
    appendFileSync(EFFECTS, `${message.id}\n`);
    res.send({
      type: InteractionResponseType.CHANNEL_MESSAGE_WITH_SOURCE,
      data: { content: "Hello world" },
    });
  }
});
app.listen(PORT, "127.0.0.1");
