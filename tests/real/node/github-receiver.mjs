// A receiver made of @octokit/webhooks alone: its own Node middleware behind a plain HTTP server.
// Prints its port; GET /received tells how many events of each name were verified. Ends when its stdin does.
import { createServer } from "node:http";
import { Webhooks, createNodeMiddleware } from "@octokit/webhooks";

const received = {};
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const webhooks = new Webhooks({ secret: process.env.GITHUB_WEBHOOK_SECRET, log: silent });
webhooks.onAny(({ name }) => { received[name] = (received[name] ?? 0) + 1; });
const middleware = createNodeMiddleware(webhooks, { path: "/webhooks/github", log: silent });

const server = createServer(async (request, response) => {
  if (request.url === "/received") return response.end(JSON.stringify(received));
  if (!(await middleware(request, response))) response.writeHead(404).end();
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.resume().on("end", () => process.exit());
