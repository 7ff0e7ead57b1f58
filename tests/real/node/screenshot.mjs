// Takes a picture of a report in Chromium, down to the end of its first section: screenshot.mjs PAGE PICTURE
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { launch } from "./browser.mjs";

const [page, picture] = process.argv.slice(2);
const browser = await launch();
const tab = await browser.newPage({ colorScheme: "light", viewport: { width: 960, height: 1200 } });
await tab.goto(pathToFileURL(resolve(page)).href);
const { y, height } = await tab.locator("section").first().boundingBox();
await tab.screenshot({ path: picture, clip: { x: 0, y: 0, width: 960, height: y + height + 24 } });
await browser.close();
