/* SPDX-License-Identifier: MIT */
/*
 * page.mjs MODULES CHROMIUM PAGE EVENTS SHOT: opens a report in headless Chromium, as a person
 * does. MODULES is where npm put playwright-core, EVENTS the same trace as lines of JSON (trace
 * export), which share no code with the page. SHOT becomes a picture. A line "PASS: text" or
 * "FAIL: text" for each thing that is tried.
 */
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [, , modules, executablePath, file, lines, shot] = process.argv;
const { chromium } = createRequire(modules + "/")("playwright-core");
const events = readFileSync(lines, "utf8")
	.trim()
	.split("\n")
	.map((line) => JSON.parse(line));

function check(text, holds, ...about) {
	console.log(`${holds ? "PASS" : "FAIL"}: ${text}`);
	if (!holds) console.log("     ", ...about);
}

const browser = await chromium.launch({ executablePath, chromiumSandbox: process.getuid() !== 0 });
const page = await browser.newPage({
	viewport: { width: 1380, height: 900 },
	colorScheme: "light",
});
const complaints = [],
	requests = [];

page.on("console", (message) => complaints.push(message.text()));
page.on("pageerror", (error) => complaints.push(error.stack));
page.on("dialog", (dialog) => {
	complaints.push("a dialog: " + dialog.message());
	dialog.dismiss();
});
page.on("request", (request) => requests.push(request.url()));

const number = (text) => Number(text.replace(/[^0-9]/g, ""));
const textOf = (selector) => page.locator(selector).first().textContent();
const view = async () =>
	page
		.locator("#timeline")
		.evaluate((canvas) => [Number(canvas.dataset.from), Number(canvas.dataset.to)]);
const width = async () => {
	const [from, to] = await view();
	return to - from;
};
const frame = () =>
	page.evaluate(
		() =>
			new Promise((done) =>
				requestAnimationFrame(() => requestAnimationFrame(done)),
			),
	);
const press = async (...keys) => {
	for (const key of keys) await page.keyboard.press(key);
	await frame();
};
const shown = async () => number((await textOf("#shown")).split(" of ")[0]);
const theme = () =>
	page.evaluate(() =>
		[
			document.documentElement.dataset.theme,
			getComputedStyle(document.body).backgroundColor,
		].join(),
	);

async function counts() {
	const want = new Map([["events", events.length]]);
	const got = new Map();

	for (const { event } of events) want.set(event, (want.get(event) || 0) + 1);
	for (const cell of await page.locator("[data-count]").all())
		got.set(await cell.getAttribute("data-count"), number(await cell.textContent()));
	const differ = [...want].filter(([name, n]) => got.get(name) !== n);

	check(
		`counts of ${want.size - 1} kinds are those of the trace`,
		!differ.length && got.size === want.size,
		differ,
		[...got],
	);
}

/* Each value as the NDJSON has it: the page's own decoder must lose no bit of it. */
async function fields(n) {
	const differ = [];

	await page.locator("#timeline").focus();
	await press("Home");
	for (let i = 0; i < n; i++) {
		const got = Object.fromEntries(
			await page
				.locator("#fields dd")
				.evaluateAll((list) =>
					list.map((dd) => [dd.dataset.field, dd.textContent]),
				),
		);
		const { event, ticket, fields: values } = events[i];

		if (got.event !== event || number(got.ticket) !== ticket)
			differ.push([i, got.event, got.ticket]);
		for (const [name, value] of Object.entries(values))
			if (got[name].replace(/[(<].*/, "") !== String(value))
				differ.push([ticket, name, got[name], value]);
		await page.keyboard.press("ArrowRight");
	}
	check(
		`the arrow goes through ${n} events, with all their fields`,
		!differ.length,
		differ.slice(0, 5),
	);
}

async function zooms() {
	const canvas = page.locator("#timeline");

	await press("0");
	const all = await width();

	await press("+");
	check("+ zooms in", Math.abs((await width()) / all - 0.5) < 0.1, await width(), all);
	await press("-");
	check("- zooms out", Math.abs((await width()) - all) < 1, await width(), all);
	await canvas.hover({ position: { x: 700, y: 100 } });
	await page.mouse.wheel(0, -600);
	await frame();
	const [from, to] = await view();

	check("the wheel zooms in", to - from < all * 0.7, to - from, all);
	await page.mouse.down();
	await page.mouse.move(900, 400, { steps: 4 });
	await page.mouse.up();
	await frame();
	const moved = await view();

	check(
		"a drag moves the picture",
		moved[0] !== from && Math.abs(moved[1] - moved[0] - (to - from)) < 1,
		moved,
		from,
		to,
	);
	await page.locator("#zoom-all").click();
	await frame();
	check("all is shown again", Math.abs((await width()) - all) < 1, await width(), all);
}

async function hovers() {
	const canvas = page.locator("#timeline"),
		box = await canvas.boundingBox();
	let seen = "";

	await press("0");
	for (let y = 20; y < box.height && !seen; y += 5) {
		await canvas.hover({ position: { x: 400, y } });
		if (await page.locator("#hover").isVisible()) seen = await textOf("#hover");
	}
	check("an event under the pointer says what it is", /ticket/.test(seen), seen);
}

async function filters() {
	const bySite = events.filter(({ site }) => site.includes("pt.map")).length;

	await page.locator("#site").fill("PT.map");
	check("the filter by site", (await shown()) === bySite, await shown(), bySite);
	await page.locator("#reset").click();
	check("no filter", (await shown()) === events.length, await shown(), events.length);
	const flushes = events.filter(({ event }) => /^(tlb_flush|root_load)$/.test(event)).length;

	await page.locator("#kinds label", { hasText: "flushes" }).click();
	check(
		"a kind that is left out",
		(await shown()) === events.length - flushes,
		await shown(),
	);
	await page.locator("#reset").click();
	const cpu = events.filter((event) => event.cpu === 1).length;

	await page.locator("#cpus label", { hasText: "CPU 1" }).click();
	check(
		"a CPU that is left out",
		(await shown()) === events.length - cpu,
		await shown(),
		cpu,
	);
	await page.locator("#reset").click();
}

async function findings() {
	const list = page.locator("[data-finding]"),
		ticket = /ticket ([0-9,]+)/;

	check("there are findings", (await list.count()) > 0);
	if (!(await list.count())) return;
	const want = number(ticket.exec(await list.first().textContent())[1]);

	await list.first().click();
	await frame();
	const here = page.locator("#around tr.here"),
		[from, to] = await view();

	check(
		"a click on a finding shows its event",
		number(await here.getAttribute("data-ticket")) === want,
	);
	check("and those around it", (await page.locator("#around tbody tr").count()) > 10);
	check("and the timeline goes there", from < want && want < to && to - from < 200, from, to);
	const other = page.locator("[data-other]").first(),
		otherTicket = await other.getAttribute("data-other");

	check(
		"its other side has a place in the sources",
		/\([a-z_]+\.c:[0-9]+\)/.test(await other.textContent()),
		await other.textContent(),
	);
	await other.click();
	await frame();
	check(
		"a click on the other side shows that",
		(await page.locator("#around tr.here").getAttribute("data-ticket")) === otherTicket,
	);
	const next = page.locator("#around tr.here + tr"),
		nextTicket = await next.getAttribute("data-ticket");

	await next.locator("button").focus();
	await press("Enter");
	check(
		"Enter in the table goes to that event",
		(await page.locator("#around tr.here").getAttribute("data-ticket")) ===
			nextTicket &&
			(await page.locator("#around tr.here button:focus").count()) === 1,
	);
	await press("Escape");
	check("Esc selects nothing", (await page.locator("#around tr").count()) === 0);
	await press("]");
	check("] goes to a finding", (await page.locator("#around tr.here").count()) === 1);
}

/* WCAG 2: 4.5 for text. */
async function contrasts(name) {
	const low = await page.evaluate(() => {
		const style = getComputedStyle(document.documentElement);
		const light = (name) => {
			const hex = style
				.getPropertyValue("--" + name)
				.trim()
				.slice(1);
			const [r, g, b] = [0, 2, 4]
				.map((k) => parseInt(hex.slice(k, k + 2), 16) / 255)
				.map((v) =>
					v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4,
				);

			return 0.2126 * r + 0.7152 * g + 0.0722 * b;
		};
		const ratio = (a, b) =>
			(Math.max(light(a), light(b)) + 0.05) /
			(Math.min(light(a), light(b)) + 0.05);
		const pairs = [
			["ink", "panel"],
			["quiet", "panel"],
			["quiet", "paper"],
			["quiet", "soft"],
			["ink", "soft"],
			["bad", "panel"],
			["good", "panel"],
			["warn", "warn-soft"],
			["bad", "bad-soft"],
			["on-strong", "strong"],
			["paper", "ink"],
		];

		return pairs.map(([a, b]) => [a, b, ratio(a, b)]).filter(([, , r]) => r < 4.5);
	});

	check(`${name}: all text has contrast`, !low.length, low);
}

async function themes() {
	const light = await theme();

	await contrasts("light");
	await page.emulateMedia({ colorScheme: "dark" });
	await frame();
	const dark = await theme();

	check(
		"the system's dark mode is followed",
		/^dark/.test(dark) && /^light/.test(light),
		light,
		dark,
	);
	await contrasts("dark");
	await press("d");
	check("d makes it light", (await theme()) === light, await theme());
	await page.emulateMedia({ colorScheme: "light" });
}

async function help() {
	await press("?");
	check("? opens the help", await page.locator("#help").isVisible());
	await press("Escape");
	check("Esc closes it", !(await page.locator("#help").isVisible()));
}

/* The instruction of a fault in the kernel, of a run of the image that is in this program. */
async function code() {
	const faults = events.filter(({ event }) => /^fault_/.test(event));
	const at = faults.findIndex(
		({ event, fields }) =>
			event === "fault_enter" && !fields.user && Number(fields.rip) >= 0xc0000000,
	);

	check("the trace has a fault in the kernel", at >= 0);
	for (const label of await page.locator("#kinds label").all())
		if (!(await label.textContent()).includes("faults")) await label.click();
	await page.locator("#timeline").focus();
	await press("Home");
	for (let i = 0; i < at; i++) await page.keyboard.press("ArrowRight");
	const text = await textOf("#code .at");

	check("a fault shows its instruction", text.includes(faults[at].fields.rip + "  "), text);
	check("and its symbol", /^[a-z_0-9]+\+0x/.test(await textOf("#code pre")));
	await page.locator("#reset").click();
}

/* Names that are markup are there as text. */
async function hostile() {
	const sites = [...new Set(events.map(({ site }) => site))].filter((site) =>
		site.includes("<"),
	);
	const nodes = await page.locator("main img, main script, main b b").count();

	check("the trace has names that are markup", sites.length > 0);
	await page.locator("#by-site").click();
	await page.locator("#timeline").focus();
	for (const site of sites) {
		const at = events.findIndex((event) => event.site === site);

		await press("Home");
		for (let i = 0; i < at; i++) await page.keyboard.press("ArrowRight");
		const text = await textOf("#fields dd[data-field=site]");

		check(`the site ${site} is text`, text.startsWith(site), text);
	}
	check("and makes no element", nodes === 0, nodes);
	await page.locator("#by-cpu").click();
}

await page.goto(pathToFileURL(file).href);
await page.waitForSelector("html[data-ready]");
await frame();
await counts();
await fields(Math.min(events.length, 150));
await zooms();
await hovers();
await filters();
if (events.some(({ site }) => site.includes("<"))) {
	await findings();
	await hostile();
}
if (!(await page.getByText("no instructions are shown").count())) await code();
await help();
await themes();
await press("0");
await page.evaluate(() => scrollTo(0, 0));
await page.screenshot({ path: shot });
check("a picture of it", statSync(shot).size > 20000);
check(
	"every button and field has a name",
	await page.evaluate(() =>
		[...document.querySelectorAll("button, input, select")].every(
			(node) =>
				node.textContent.trim() ||
				node.getAttribute("aria-label") ||
				node.closest("label"),
		),
	),
);
check(
	"curves are there",
	(await page.locator("#curves canvas").count()) === 2 ||
		(await page.getByText("built without uPlot").count()) === 1,
);
check("nothing is loaded from elsewhere", requests.length === 1, requests);
check("the browser has no complaint", !complaints.length, complaints.slice(0, 5));
await browser.close();
