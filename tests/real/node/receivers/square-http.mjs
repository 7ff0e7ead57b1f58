// square in Node's own server, as developer.squareup.com shows it under "Verify and validate an event notification".
import { appendFileSync } from "node:fs";
import * as http from "node:http";
import { WebhooksHelper } from "square";

const { EFFECTS, PORT, SECRET } = process.env;
const NOTIFICATION_URL = `http://127.0.0.1:${PORT}/hook`;

async function isFromSquare(signature, body) {
  return await WebhooksHelper.verifySignature({
    requestBody: body,
    signatureHeader: signature,
    signatureKey: SECRET,
    notificationUrl: NOTIFICATION_URL,
  });
}

async function requestHandler(request, response) {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (chunk) => (body += chunk));
  request.on("end", async () => {
    const signature = request.headers["x-square-hmacsha256-signature"];
    if (await isFromSquare(signature, body)) {
      appendFileSync(EFFECTS, `${JSON.parse(body).event_id}\n`);
      response.writeHead(200);
    } else {
      response.writeHead(403);
    }
    response.end();
  });
}

http.createServer(requestHandler).listen(PORT, "127.0.0.1");
