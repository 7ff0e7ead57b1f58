// Processes stored events one after another; an event that fails three times becomes a dead letter.
import { setTimeout as sleep } from "node:timers/promises";
import { SpanKind } from "@opentelemetry/api";
import { log } from "./log.js";
import { traced } from "./tracing.js";

const RANK = {
  requires_payment_method: 0,
  requires_confirmation: 1,
  requires_action: 2,
  processing: 3,
  succeeded: 4,
  canceled: 4,
};
const ATTEMPTS = 3;
const BOOKED_MS = 2000;
const LOOK_MS = 100;

export function worker(db, metrics, { overwrites = false } = {}) {
  const busy = new Set();

  function apply(row, run) {
    const event = JSON.parse(row.body);
    const object = event.data?.object;
    if (typeof object?.id !== "string") throw new Error("the event has no object");
    if (event.type.startsWith("payment_intent.")) {
      if (!(object.status in RANK)) throw new Error(`unknown status ${object.status}`);
      if (!Number.isInteger(object.amount)) throw new Error("the amount is no integer");
      const newer = overwrites ? "" : "WHERE excluded.rank > payments.rank";
      run(
        `INSERT INTO payments VALUES (?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET status = excluded.status, rank = excluded.rank ${newer}`,
        [object.id, object.status, RANK[object.status]],
      );
    }
    run("INSERT INTO ledger (event_id, object_id) VALUES (?, ?)", [event.id, object.id]);
  }

  async function step(row) {
    busy.add(row.id);
    const span = { kind: SpanKind.CONSUMER, parent: row.traceparent, attributes: { "messaging.message.id": row.id } };
    try {
      await traced(`process ${row.type}`, span, async () => {
        if (row.type === "charge.refunded") await sleep(BOOKED_MS); // the bookkeeping takes its time
        await db.transaction((run) => {
          const done = "UPDATE events SET status = 'done', attempts = attempts + 1 WHERE id = ? AND status = 'pending'";
          if (run(done, [row.id]).changes) apply(row, run);
        });
      });
      log("info", "event processed", { event_id: row.id, type: row.type });
    } catch (error) {
      await failed(row, error);
    } finally {
      busy.delete(row.id);
    }
  }

  async function failed(row, error) {
    const attempts = row.attempts + 1;
    const status = attempts >= ATTEMPTS ? "dead" : "pending";
    const sql = "UPDATE events SET status = ?, attempts = ?, reason = ?, due_at = ? WHERE id = ?";
    await db.run(sql, [status, attempts, error.message, Date.now() / 1000 + 0.2 * 2 ** attempts, row.id]);
    if (status === "dead") metrics.deadLetter();
    const message = status === "dead" ? "event given up" : "event failed";
    log("error", message, { event_id: row.id, type: row.type, attempts, reason: error.message });
  }

  const due = "SELECT * FROM events WHERE status = 'pending' AND due_at <= ? ORDER BY received_at LIMIT 20";
  const trouble = (error) => log("error", "worker failed", { reason: error.message });
  async function look() {
    for (const row of await db.all(due, [Date.now() / 1000])) if (!busy.has(row.id)) step(row).catch(trouble);
  }
  const wake = () => look().catch(trouble);
  const timer = setInterval(wake, LOOK_MS);
  return { wake, stop: () => clearInterval(timer) };
}
