// Lets Chromium log in at a site and write down everything as an HTTP archive: har.mjs URL ARCHIVE
import { launch } from "./browser.mjs";

const [url, archive] = process.argv.slice(2);
const browser = await launch();
const context = await browser.newContext({ recordHar: { path: archive, mode: "full" } });
const page = await context.newPage();
await page.goto(url);
await page.fill("[name=password]", process.env.THE_PASSWORD);
await Promise.all([page.waitForNavigation(), page.click("button")]);
await page.evaluate(() => fetch("/api/me").then((answer) => answer.json()));
await context.close();
await browser.close();
