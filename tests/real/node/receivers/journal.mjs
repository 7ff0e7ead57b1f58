// What the correct receivers store: one line of JSON for each change of an event, on the disk before the answer.
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";

export class Journal {
  constructor(path) {
    this.events = new Map();
    if (existsSync(path)) for (const line of readFileSync(path, "utf8").split("\n")) this.#read(line);
    this.file = openSync(path, "a");
    writeSync(this.file, "\n"); // so that a line that a kill cut short ends here
  }

  #read(line) {
    try {
      const event = JSON.parse(line);
      this.events.set(event.id, event);
    } catch {
      // empty, or cut short by a kill, before the answer
    }
  }

  #write(event) {
    writeSync(this.file, `${JSON.stringify(event)}\n`);
    fsyncSync(this.file);
    this.events.set(event.id, event);
  }

  // Processes an event that is new; what cannot be processed becomes a dead letter.
  take(id, body, process) {
    if (!this.events.has(id)) this.#attempt({ id, attempts: 0, effects: 0, body: body.toString("base64") }, process);
  }

  again(id, process) {
    const event = this.events.get(id);
    if (event?.status === "dead") this.#attempt(event, process);
    return Boolean(event);
  }

  #attempt(event, process) {
    const tried = { ...event, attempts: event.attempts + 1 };
    try {
      process(Buffer.from(event.body, "base64"));
      this.#write({ ...tried, status: "done", effects: 1 });
    } catch (error) {
      this.#write({ ...tried, status: "dead", reason: error.message });
    }
  }

  close() {
    closeSync(this.file);
  }
}

// What a person who operates the receiver can ask of it; in production behind a login.
export function operate(app, journal, process) {
  app.get("/events/:id", (req, res) => {
    const event = journal.events.get(req.params.id);
    return event ? res.json(event) : res.status(404).end();
  });
  app.post("/events/:id/retry", (req, res) => res.status(journal.again(req.params.id, process) ? 200 : 404).end());
}
