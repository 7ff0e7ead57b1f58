// @slack/bolt with its own server, as its README shows it; `authorize` keeps it from calling Slack.
import { appendFileSync } from "node:fs";
import bolt from "@slack/bolt";

const { EFFECTS, PORT, SECRET } = process.env;
const authorize = async () => ({ botToken: "none", botId: "B1", botUserId: "U1" });
const app = new bolt.App({ signingSecret: SECRET, authorize, endpoints: "/hook" });
app.event("app_mention", async ({ body }) => appendFileSync(EFFECTS, `${body.event_id}\n`));
await app.start({ port: Number(PORT), host: "127.0.0.1" });
