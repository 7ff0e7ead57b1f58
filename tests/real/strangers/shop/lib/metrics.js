// What Prometheus scrapes. The checkout is another program, so what it counts comes from the database.
import client from "prom-client";

export function metrics(db, { bornAtFailure = false } = {}) {
  const registry = new client.Registry();
  const counter = (name, help, labelNames = []) =>
    new client.Counter({ name, help, labelNames, registers: [registry] });
  const deliveries = counter("shop_webhook_deliveries_total", "Webhooks by what became of them", ["outcome"]);
  const deadLetters = counter("shop_webhook_dead_letters_total", "Events given up");
  for (const outcome of ["accepted", "rejected", "duplicate"]) deliveries.inc({ outcome }, 0);
  const shared = (name, help, { late = false } = {}) =>
    new client.Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const row = await db.get("SELECT value FROM counters WHERE name = ?", [name]);
        if (row || !late) this.set(row?.value ?? 0);
        else this.remove();
      },
    });
  shared("shop_stripe_retries_total", "Requests to Stripe that were tried again", { late: bornAtFailure });
  shared("shop_stripe_refusals_total", "Requests that Stripe refused because of our key");
  shared("shop_stripe_failures_total", "Checkouts that failed");
  new client.Gauge({
    name: "shop_webhook_oldest_pending_seconds",
    help: "Age of the oldest event that waits",
    registers: [registry],
    async collect() {
      const row = await db.get("SELECT min(received_at) AS oldest FROM events WHERE status = 'pending'");
      this.set(row?.oldest ? Date.now() / 1000 - row.oldest : 0);
    },
  });
  return {
    registry,
    delivered: (outcome) => deliveries.inc({ outcome }),
    deadLetter: () => deadLetters.inc(),
  };
}
