// Holds the whole database locked until it is terminated: for the drill of what happens while the store is away.
import sqlite from "node-sqlite3-wasm";

const db = new sqlite.Database(process.argv[2]);
for (let locked = false; !locked; ) {
  try {
    db.exec("BEGIN EXCLUSIVE");
    locked = true;
  } catch (error) {
    if (!/locked|busy/i.test(error.message)) throw error;
  }
}
console.log("locked");
process.on("SIGTERM", () => {
  db.close();
  process.exit();
});
setInterval(() => {}, 1000);
