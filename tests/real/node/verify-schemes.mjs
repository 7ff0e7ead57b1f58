// Asks the vendors' own Node libraries whether deliveries are genuine: a JSON list on stdin, a list of booleans on stdout.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { verify as verifyGithub } from "@octokit/webhooks-methods";
import { Paddle, Environment, LogLevel } from "@paddle/paddle-node-sdk";
import { verifyKey } from "discord-interactions";
import "@shopify/shopify-api/adapters/node";
import { shopifyApi, ApiVersion } from "@shopify/shopify-api";
import Stripe from "stripe";

const require = createRequire(import.meta.url);
const { Webhook: StandardWebhook } = require("standardwebhooks");
const { Webhook: SvixWebhook } = require("svix");
const { EventWebhook } = require("@sendgrid/eventwebhook");
const { verifySlackRequest } = require("@slack/bolt/dist/receivers/verify-request.js");
const { WebhooksHelper } = require("square");
const twilio = require("twilio");

const shopifyHeaders = { "x-shopify-shop-domain": "acme.myshopify.com", "x-shopify-api-version": "2026-10" };

const VERIFIERS = {
  "standard-webhooks": (d) => (new StandardWebhook(d.key).verify(d.text, d.headers), true),
  svix: (d) => (new SvixWebhook(d.key).verify(d.text, d.headers), true),
  stripe: (d) => (new Stripe("unused").webhooks.constructEvent(d.body, d.headers["stripe-signature"], d.key), true),
  github: (d) => verifyGithub(d.key, d.text, d.headers["x-hub-signature-256"]),
  slack: (d) => {
    const timed = { "x-slack-request-timestamp": Number(d.headers["x-slack-request-timestamp"]) }; // as its receiver does
    return verifySlackRequest({ signingSecret: d.key, body: d.text, headers: { ...d.headers, ...timed } }), true;
  },
  shopify: async (d) => {
    const api = shopifyApi({
      apiKey: "unused", apiSecretKey: d.key, apiVersion: ApiVersion.July26 ?? "2026-07", hostName: "acme.example",
      isEmbeddedApp: false, logger: { log: () => {} },
    });
    const rawRequest = { method: d.method, url: d.url, headers: { ...shopifyHeaders, ...d.headers } };
    return (await api.webhooks.validate({ rawBody: d.text, rawRequest })).valid;
  },
  square: (d) => WebhooksHelper.verifySignature({
    requestBody: d.text, signatureHeader: d.headers["x-square-hmacsha256-signature"], signatureKey: d.key,
    notificationUrl: d.url,
  }),
  twilio: (d) => {
    const signature = d.headers["x-twilio-signature"];
    return d.url.includes("bodySHA256")
      ? twilio.validateRequestWithBody(d.key, signature, d.url, d.text)
      : twilio.validateRequest(d.key, signature, d.url, Object.fromEntries(new URLSearchParams(d.text)));
  },
  sendgrid: (d) => {
    const webhook = new EventWebhook();
    const name = "x-twilio-email-event-webhook";
    const key = webhook.convertPublicKeyToECDSA(d.key);
    return webhook.verifySignature(key, d.text, d.headers[`${name}-signature`], d.headers[`${name}-timestamp`]);
  },
  discord: (d) => verifyKey(d.body, d.headers["x-signature-ed25519"], d.headers["x-signature-timestamp"], d.key),
  paddle: (d) => new Paddle("unused", { environment: Environment.sandbox, logLevel: LogLevel.none })
    .webhooks.isSignatureValid(d.text, d.key, d.headers["paddle-signature"]),
};

const accepted = [];
for (const given of JSON.parse(readFileSync(0))) {
  const body = Buffer.from(given.body, "base64");
  const verify = VERIFIERS[given.verifier];
  try {
    accepted.push(Boolean(await verify({ ...given, body, text: body.toString() })));
  } catch (error) {
    const ours = error instanceof ReferenceError || error instanceof TypeError; // a mistake here, no refusal
    if (ours && !process.argv.includes("--hostile")) throw error; // a library may raise anything at garbled deliveries
    console.error(`${given.verifier}: ${error.message}`);
    accepted.push(false);
  }
}
console.log(JSON.stringify(accepted));
