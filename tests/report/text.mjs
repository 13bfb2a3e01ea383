/* SPDX-License-Identifier: MIT */
/* text.mjs MODULES CHROMIUM PAGE: what can be read on the page, and complaints of the browser. */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [, , modules, executablePath, file] = process.argv;
const { chromium } = createRequire(modules + "/")("playwright-core");
const browser = await chromium.launch({ executablePath, chromiumSandbox: process.getuid() !== 0 });
const page = await browser.newPage();

page.on("console", (message) => console.log("complaint: " + message.text()));
page.on("pageerror", (error) => console.log("complaint: " + error.message));
await page.goto(pathToFileURL(file).href);
await page.waitForSelector("html[data-ready]");
console.log(await page.locator("body").innerText());
await browser.close();
