// Events to the registered endpoints, as standardwebhooks.com describes: signed, and sent again after a failure.

const crypto = require("node:crypto");
const { Webhook } = require("standardwebhooks");

const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 300;

const secret = () => `whsec_${crypto.randomBytes(24).toString("base64")}`;

function emit(endpoints, type, timestamp, data) {
  const id = `msg_${crypto.randomBytes(8).toString("hex")}`;
  const body = JSON.stringify({ type, timestamp, data });
  for (const endpoint of endpoints.values()) deliver(endpoints, endpoint, id, body, 1);
}

async function deliver(endpoints, endpoint, id, body, attempt) {
  if (!endpoints.has(endpoint.id) || (await isTaken(endpoint, id, body)) || attempt >= ATTEMPTS) return;
  setTimeout(() => deliver(endpoints, endpoint, id, body, attempt + 1), FIRST_PAUSE_MS * 2 ** (attempt - 1)).unref();
}

async function isTaken(endpoint, id, body) {
  const at = new Date(Math.floor(Date.now() / 1000) * 1000);
  const headers = {
    "content-type": "application/json",
    "user-agent": "Rooms-Webhooks/1.4",
    "webhook-id": id,
    "webhook-timestamp": String(at.getTime() / 1000),
    "webhook-signature": new Webhook(endpoint.secret).sign(id, at, body),
  };
  try {
    const signal = AbortSignal.timeout(3000);
    return (await fetch(endpoint.url, { method: "POST", headers, body, signal, redirect: "manual" })).ok;
  } catch {
    return false;
  }
}

module.exports = { emit, secret };
