// The one database of the shop: events that Stripe sent, the ledger, payments, and counters that two programs share.
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import sqlite from "node-sqlite3-wasm";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS events (
    id TEXT PRIMARY KEY, type TEXT NOT NULL, body TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'pending',
    attempts INTEGER NOT NULL DEFAULT 0, reason TEXT, received_at REAL NOT NULL, due_at REAL NOT NULL DEFAULT 0,
    traceparent TEXT
  );
  CREATE TABLE IF NOT EXISTS ledger (entry INTEGER PRIMARY KEY, event_id TEXT NOT NULL, object_id TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS payments (id TEXT PRIMARY KEY, status TEXT NOT NULL, rank INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS checkouts (name TEXT PRIMARY KEY, customer_id TEXT, payment_id TEXT);
  CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
`;

const PATIENCE_MS = 1500;

export async function open(path, { alone = false } = {}) {
  // The driver locks with a folder, which a killed process leaves behind.
  if (alone) rmSync(`${path}.lock`, { recursive: true, force: true });
  const db = new sqlite.Database(path);

  async function patient(work) {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        return work();
      } catch (error) {
        if (!/locked|busy/i.test(error.message)) throw error;
        if (Date.now() > deadline) throw Object.assign(error, { status: 503 });
        await sleep(5 + Math.random() * 20);
      }
    }
  }

  await patient(() => db.exec(SCHEMA));
  return {
    run: (sql, values) => patient(() => db.run(sql, values)),
    get: (sql, values) => patient(() => db.get(sql, values)),
    all: (sql, values) => patient(() => db.all(sql, values)),
    // `work` gets a function that runs one statement. It is synchronous: nothing else may enter the transaction.
    transaction: (work) =>
      patient(() => {
        db.exec("BEGIN IMMEDIATE");
        try {
          work((sql, values) => db.run(sql, values));
          db.exec("COMMIT");
        } catch (error) {
          if (db.inTransaction) db.exec("ROLLBACK");
          throw error;
        }
      }),
    count(name) {
      const sql = "INSERT INTO counters VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1";
      return patient(() => db.run(sql, [name]));
    },
    close: () => db.close(),
  };
}
