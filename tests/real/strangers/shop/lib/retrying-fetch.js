// The SDK's fetch, with a deadline for the whole response, and with retries that are counted and logged.
import { setTimeout as sleep } from "node:timers/promises";
import { log } from "./log.js";

const DEADLINE_MS = 3000;
const LONGEST_WAIT_MS = 5000;

function wait(response, attempt) {
  const asked = response?.headers.get("retry-after");
  const own = 100 * 2 ** attempt * (0.5 + Math.random());
  if (!asked) return own;
  const ms = /^\d+$/.test(asked) ? Number(asked) * 1000 : Date.parse(asked) - Date.now();
  return Math.max(own, ms || 0);
}

export function retryingFetch({ attempts, count, readsOnce = false, unkeyed = false }) {
  const repeatable = ({ method, headers }, response) => {
    if (response?.status === 429) return true; // Stripe did nothing
    return method === "GET" ? !readsOnce : headers.has("idempotency-key");
  };
  return async (url, { signal, ...options }) => {
    options.headers = new Headers(options.headers);
    if (unkeyed) options.headers.delete("idempotency-key");
    for (let attempt = 1; ; attempt += 1) {
      let response;
      let reason;
      try {
        response = await fetch(url, { ...options, redirect: "manual", signal: AbortSignal.timeout(DEADLINE_MS) });
        const { status, headers } = response;
        const body = await response.text();
        if (status < 300) JSON.parse(body);
        response = new Response(body, { status, headers });
        reason = `HTTP ${status}`;
      } catch (error) {
        response = undefined;
        const late = error.name === "TimeoutError";
        reason = late ? "no answer in time" : `broken answer: ${error.cause?.code ?? error.name}`;
        if (attempt >= attempts || !repeatable(options)) throw error;
      }
      if (response?.status === 401 || response?.status === 403) {
        await count("shop_stripe_refusals_total");
        log("error", "stripe refuses our key", { path: new URL(url).pathname, reason });
      }
      if (response && response.status !== 429 && response.status < 500) return response;
      const ms = wait(response, attempt);
      if (response && (attempt >= attempts || ms > LONGEST_WAIT_MS || !repeatable(options, response))) return response;
      await count("shop_stripe_retries_total");
      log("warn", "stripe is asked again", { path: new URL(url).pathname, attempt, reason });
      await sleep(ms);
    }
  };
}
