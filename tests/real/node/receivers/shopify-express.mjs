// @shopify/shopify-api in Express, as its reference shows it under "webhooks.process"; shopify-app-express does the same.
import { appendFileSync } from "node:fs";
import "@shopify/shopify-api/adapters/node";
import { ApiVersion, DeliveryMethod, shopifyApi } from "@shopify/shopify-api";
import express from "express";

const { EFFECTS, PORT, SECRET } = process.env;
const shopify = shopifyApi({
  apiKey: "none",
  apiSecretKey: SECRET,
  apiVersion: ApiVersion.January26 ?? Object.values(ApiVersion).at(-1),
  hostName: `127.0.0.1:${PORT}`,
  isEmbeddedApp: true,
  scopes: [],
});
const handleWebhookRequest = async (topic, shop, webhookRequestBody, webhookId) => {
  JSON.parse(webhookRequestBody);
  appendFileSync(EFFECTS, `${webhookId}\n`);
};
shopify.webhooks.addHandlers({
  ORDERS_CREATE: [{ deliveryMethod: DeliveryMethod.Http, callbackUrl: "/hook", callback: handleWebhookRequest }],
});

const app = express();
app.post("/hook", express.text({ type: "*/*" }), async (req, res) => {
  try {
    await shopify.webhooks.process({ rawBody: req.body, rawRequest: req, rawResponse: res });
  } catch (error) {
    console.log(error.message);
  }
});
app.listen(PORT, "127.0.0.1");
