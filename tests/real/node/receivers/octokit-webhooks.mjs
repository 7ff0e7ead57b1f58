// @octokit/webhooks with its own middleware, as its README shows it.
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";
import { Webhooks, createNodeMiddleware } from "@octokit/webhooks";

const { EFFECTS, PORT, SECRET } = process.env;
const webhooks = new Webhooks({ secret: SECRET });
webhooks.onAny(({ id }) => appendFileSync(EFFECTS, `${id}\n`));
createServer(createNodeMiddleware(webhooks, { path: "/hook" })).listen(PORT, "127.0.0.1");
