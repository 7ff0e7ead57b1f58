// Opens the pages named as arguments in Chromium, light and dark, and prints what axe-core, a narrow window, the
// network and the page itself have to say, as JSON: [{page, scheme, violations, width, requests, dialogs, opened}].
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { launch } from "./browser.mjs";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const NARROW = { width: 320, height: 800 };  // WCAG 2.2, success criterion 1.4.10
const axe = readFileSync("node_modules/axe-core/axe.min.js", "utf8");

const browser = await launch();
const results = [];
for (const page of process.argv.slice(2)) {
  for (const scheme of ["light", "dark"]) results.push(await inspect(page, scheme));
}
await browser.close();
console.log(JSON.stringify(results));

async function inspect(page, scheme) {
  const context = await browser.newContext({ colorScheme: scheme, viewport: { width: 1100, height: 800 } });
  const tab = await context.newPage();
  const requests = [], dialogs = [];
  tab.on("request", (request) => requests.push(request.url()));
  tab.on("dialog", (dialog) => { dialogs.push(dialog.message()); dialog.dismiss(); });
  await tab.goto(pathToFileURL(page).href);
  const closed = await tab.locator("main a").last().getAttribute("href");
  await tab.locator("main a").last().click();
  const opened = await tab.locator(`[id="${closed.slice(1)}"]`).isVisible();
  await tab.evaluate(() => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
  await tab.evaluate(axe);
  const { violations } = await tab.evaluate((rules) => window.axe.run(document, { runOnly: rules }), RULES);
  await tab.setViewportSize(NARROW);
  const width = await tab.evaluate(() => document.documentElement.scrollWidth);
  await context.close();
  const told = violations.map((v) => `${v.id} (${v.impact}): ${v.nodes.map((n) => n.html).join(" ").slice(0, 500)}`);
  return { page, scheme, violations: told, width, requests: requests.slice(1), dialogs, opened };
}
