/* SPDX-License-Identifier: MIT */
/*
 * page.mjs MODULES CHROMIUM PAGE EVENTS SHOT LAYOUT…: opens a report in headless Chromium, as a person
 * does. MODULES is where npm put playwright-core, EVENTS the same trace as lines of JSON (trace
 * export), which share no code with the page. SHOT becomes a picture. LAYOUT is an object of kvalab
 * layout for each map that the page must have. A line "PASS: text" or
 * "FAIL: text" for each thing that is tried.
 */
import { readFileSync, statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { check, contrasts, nextFrame, number, open, palettes, themesOf } from "./browser.mjs";

const [, , modules, executablePath, file, lines, shot, ...layoutFiles] = process.argv;
const events = readFileSync(lines, "utf8")
	.trim()
	.split("\n")
	.map((line) => JSON.parse(line));

const { browser, page, complaints, requests } = await open(modules, executablePath);
const textOf = (selector) => page.locator(selector).first().textContent();
const view = async () =>
	page
		.locator("#timeline")
		.evaluate((canvas) => [Number(canvas.dataset.from), Number(canvas.dataset.to)]);
const width = async () => {
	const [from, to] = await view();
	return to - from;
};
const frame = () => nextFrame(page);
const press = async (...keys) => {
	for (const key of keys) await page.keyboard.press(key);
	await frame();
};
const shown = async () => number((await textOf("#shown")).split(" of ")[0]);
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

/* What the run counts as well, and where a click on it leads. */
async function cards() {
	const of = (name) => events.filter(({ event }) => event === name);
	const byGuest = of("pt_set").filter(({ cpu }) => cpu !== "vmm").length,
		byVmm = of("pt_set").length - byGuest;
	const entries = await textOf('[data-card="Entries set"]');

	check(
		"the card of entries has the guest's, and says how many are the VMM's",
		number(await textOf('[data-card="Entries set"] b')) === byGuest &&
			entries.endsWith(`+${byVmm} by the VMM`),
		entries,
		byGuest,
		byVmm,
	);
	check(
		"the card of flushes has those that are flushes",
		number(await textOf('[data-card="Flushes"] b')) === of("tlb_flush").length,
	);
	const cards = page.locator("#cards a");
	let reached = 0;

	for (const card of await cards.all()) {
		const panel = page.locator(await card.getAttribute("href"));

		await card.click();
		await frame();
		const { top, bottom } = await panel.evaluate((node) =>
			node.getBoundingClientRect(),
		);

		reached += top < 800 && bottom > 0;
	}
	check("each card leads to a panel", reached === 8, reached);
	await page.evaluate(() => scrollTo(0, 0));
}

/* [[title and name, shown, all], …] */
const lanes = async () =>
	(await page.locator("#timeline").getAttribute("aria-description"))
		.split(/ events(?:; |$)/)
		.filter((text) => text)
		.map((text) => /^(.*): ([0-9,]+)(?: \/ ([0-9,]+))?$/s.exec(text))
		.map(([, name, shown, all]) => [name, number(shown), number(all || shown)]);
const total = (list, column) => list.reduce((sum, lane) => sum + lane[column], 0);

async function everyEventHasALane() {
	check(
		"by CPU, each event is in a lane",
		total(await lanes(), 2) === events.length,
		await lanes(),
	);
	await page.locator("#by-site").click();
	const list = await lanes(),
		setters = new Set(
			events.filter(({ event }) => event === "pt_set").map(({ site }) => site),
		);

	check("by site, too", total(list, 2) === events.length, list);
	const dots = await page
		.locator("#legend div:first-child i")
		.evaluateAll((nodes) =>
			nodes.map((node) => getComputedStyle(node).backgroundColor),
		);

	check(
		"no two sites have one colour",
		dots.length > 0 && new Set(dots).size === dots.length,
		dots,
	);
	if (setters.size > 12)
		check(
			"what has no lane of its own is among other sites",
			list.some(([name, n]) => name === "Page tables, other sites" && n > 0),
			list,
		);
	const named = await page
		.locator("[data-other]")
		.evaluateAll((nodes) => nodes.map((node) => Number(node.dataset.other)));
	const lost = events
		.filter(({ ticket, event }) => event === "pt_set" && named.includes(ticket))
		.filter(({ site }) => site !== "-")
		.filter(({ site }) => !list.some(([name]) => name === "Page tables, " + site));

	check("a site that a finding names has a lane", !lost.length, lost);
	await page.locator("#by-cpu").click();
}

/* Names of marks: an unknown one is a number in hex, and none lies over another. */
async function marks() {
	await press("0");
	const names = JSON.parse(await page.locator("#axis").getAttribute("data-marks"));
	const overlap = await page.evaluate((list) => {
		const context = document.createElement("canvas").getContext("2d");

		context.font = '11px system-ui, "DejaVu Sans", sans-serif';
		return list.filter(
			([text, left], k) =>
				k + 1 < list.length &&
				left + context.measureText(text).width > list[k + 1][1],
		);
	}, names);
	const unknown = events.filter(({ event, fields }) => event === "mark" && fields.mark > 99);

	check("names of marks do not overlap", names.length > 0 && !overlap.length, names);
	if (unknown.length)
		check(
			"an unknown mark is in hex",
			names.some(([text]) => text === "0x6d7574"),
			names,
		);
}

await page.goto(pathToFileURL(file).href);
await page.waitForSelector("html[data-ready]");
await frame();

/* "event.field" of all fields whose values have words: a number that has none is in hex there. */
const withWords = new Set(
	await page
		.locator("#schema")
		.evaluate((node) =>
			JSON.parse(node.textContent).events.flatMap(([, event, list]) =>
				list
					.filter(([, , words]) => Object.keys(words).length)
					.map(([field]) => `${event}.${field}`),
			),
		),
);
const textFor = (event, field, value) =>
	withWords.has(`${event}.${field}`) && Number.isInteger(value)
		? "0x" + value.toString(16)
		: String(value);

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
			if (got[name].replace(/[(<].*/, "") !== textFor(event, name, value))
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

	await press("Escape");
	const strip = await picture("#overview");

	await page.locator("#site").fill("PT.map");
	check("the filter by site", (await shown()) === bySite, await shown(), bySite);
	const list = await lanes();

	check(
		"lanes say how many of theirs are shown",
		total(list, 1) === bySite && total(list, 2) === events.length,
		list,
	);
	check("the strip shows those alone", (await picture("#overview")) !== strip);
	const tickets = events.filter(({ site }) => site.includes("pt.map"));

	await press("Escape");
	check("Esc in the field clears it", (await shown()) === events.length, await shown());
	await page.locator("#site").fill("no such site");
	check("no match", (await textOf("#shown")).startsWith("no match"));
	await page.locator("#site").fill("pt.map");
	const seen = [];

	for (let k = 0; k < Math.min(3, bySite); k++) {
		await press("Enter");
		seen.push(number(await textOf("#fields dd[data-field=ticket]")));
	}
	check(
		"Enter goes from match to match",
		seen.every((ticket, k) => ticket === tickets[k].ticket),
		seen,
		tickets.slice(0, 3),
	);
	await press("Escape", "Escape");
	await press("Escape");
	check("Esc selects nothing, then", (await page.locator("#around tr").count()) === 0);
	await page.locator("#kinds label").first().click();
	await page.locator("#timeline").focus();
	await press("Escape");
	check("and filters nothing", (await shown()) === events.length, await shown());
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

const picture = (selector) => page.locator(selector).evaluate((canvas) => canvas.toDataURL());
/* How much of an element is on the screen, of 1. */
const visible = (selector) =>
	page.locator(selector).evaluate((node) => {
		const { top, bottom, height } = node.getBoundingClientRect();

		return (Math.min(bottom, innerHeight) - Math.max(top, 0)) / height;
	});
const scrolled = () => page.evaluate(() => scrollY);

/* After a click on a finding, at 1280 x 800. */
async function onOneScreen() {
	const parts = ["#lanes", "#axis", "#overview", "#event", "#spoken"];
	const seen = await Promise.all(parts.map(visible));

	check("timeline and event are on the screen together", Math.min(...seen) > 0.99, seen);
	const at = await scrolled();

	await press("Home", "ArrowRight", "ArrowDown", "ArrowUp", "ArrowLeft", "End");
	check("Home, End and arrows do not move the page", (await scrolled()) === at, at);
	await page.locator("#zoom-in").click();
	await press("ArrowLeft", "ArrowDown", "Home");
	check("nor do they when a button of the timeline was used", (await scrolled()) === at, at);
}

async function findings() {
	const list = page.locator("[data-finding]"),
		ticket = /ticket ([0-9,]+)/;

	check("there are findings", (await list.count()) > 0);
	if (!(await list.count())) return;
	check(
		"findings are above the timeline",
		await page.evaluate(
			() =>
				document.querySelector("#findings").getBoundingClientRect().bottom <
				document.querySelector("#timeline").getBoundingClientRect().top,
		),
	);
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
	await onOneScreen();
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

async function map() {
	const text = await page.locator("#map").innerText(),
		names = ["gap", "vmalloc", "kva", "pageable", "ukva", "fixmap"];

	check(
		"each region of the bar has its name",
		names.every((name) => new RegExp(`\\b${name} [0-9.]+ [KMG]iB`).test(text)),
		text,
	);
	check("the testbed's window is explained", /testbed: .*local APIC/.test(text), text);
	check(
		"the heading names the guest's image",
		/guest image [0-9a-f]{16}/.test(await textOf("#about")),
	);
}

/*
 * What the maps show, as it stands on the screen: bars of boxes, of 1, bands between two bars, and the names
 * in the boxes and below, as far as they can be seen.
 */
const drawnLayouts = () =>
	page.locator("#map .layout").evaluateAll((nodes) =>
		nodes.map((node) => {
			const part = (inner, outer) => {
				const of = inner.getBoundingClientRect(),
					all = outer.getBoundingClientRect();

				return {
					from: (of.left - all.left) / all.width,
					to: (of.right - all.left) / all.width,
				};
			};
			const seen = (inner) => inner.getClientRects().length > 0;
			const nameIn = (box) => {
				const name = box.firstElementChild;

				return seen(name)
					? { name: name.textContent, ...part(name, box) }
					: {};
			};

			return {
				text: node.innerText,
				bars: [...node.querySelectorAll(".whole")].map((bar) =>
					[...bar.children].map((box) => ({
						kind: box.className,
						title: box.title,
						least: 2 / bar.getBoundingClientRect().width,
						...part(box, bar),
						inside: nameIn(box),
					})),
				),
				below: [...node.querySelectorAll(".below")].map((list) =>
					[...list.children]
						.filter(seen)
						.map(({ title, innerText }) => [
							title,
							innerText.trim(),
						]),
				),
				bands: [...node.querySelectorAll("polygon")].map((polygon) => ({
					title: polygon.textContent,
					points: [...polygon.points].map(({ x, y }) => [x / 100, y]),
				})),
			};
		}),
	);

/* Of boxes of kvalab layout, as the page must place and name them. */
function placed(boxes) {
	const start = boxes[0].start,
		last = boxes[boxes.length - 1],
		all = last.start + last.bytes - start;

	return boxes.map((box) => ({
		...box,
		from: (box.start - start) / all,
		to: (box.start + box.bytes - start) / all,
		label: box.name + (box.number === null ? "" : ` ${box.number}`),
	}));
}

const hex = (address) => `0x${address.toString(16)}`;

/* "NAME SIZE, 0xFIRST – 0xLAST; … 0xOTHER": addresses as they are, to the byte */
function saysOf(title, { label, start, bytes, other }) {
	const rest = title.startsWith(label) ? title.slice(label.length) : "";
	const [, first, last, to] =
		/^ [0-9.,]+ [KMG]?i?B, (0x[0-9a-f]+) – (0x[0-9a-f]+)(?:;.* (0x[0-9a-f]+))?(?:;|$)/.exec(
			rest,
		) || [];

	return (
		first === hex(start) &&
		last === hex(start + bytes - 1) &&
		to === (other === null ? undefined : hex(other))
	);
}

const NEAR = 0.0001; /* of a bar: a tenth of a pixel. What a box is of, its title says */
const near = (a, b) => Math.abs(a - b) < NEAR;

function checkBar(text, drawn, wanted) {
	const wrong = wanted.filter((box, i) => {
		const got = drawn[i] || { title: "" };

		return !(
			got.kind === box.kind.replace(" ", "-") &&
			saysOf(got.title, box) &&
			near(got.from, box.from) &&
			near(got.to, Math.max(box.to, got.from + got.least))
		);
	});

	check(text, drawn.length === wanted.length && !wrong.length, wrong, drawn);
}

function checkBands(text, bands, kernel, physical) {
	const lowmem = kernel.filter(({ kind }) => kind === "lowmem");
	const wrong = lowmem.filter((box, i) => {
		const ram = physical.find(
			({ kind, number }) => kind === "direct" && number === box.number,
		);
		const { title, points } = bands[i] || { title: "", points: [] };
		const [a, b, c, d] = points;

		return !(
			saysOf(title, box) &&
			a &&
			near(a[0], box.from) &&
			near(b[0], box.to) &&
			near(c[0], ram.to) &&
			near(d[0], ram.from) &&
			a[1] === 0 &&
			b[1] === 0 &&
			c[1] > 0 &&
			d[1] === c[1]
		);
	});

	check(text, bands.length === lowmem.length && !wrong.length, wrong, bands);
}

/* The name of each box stands in it, and wholly so, or below. */
function checkNames(text, bar, below) {
	const narrow = bar.filter(({ inside }) => !inside.name);
	const nameOf = ({ title }) => title.split(", 0x")[0];

	check(
		text,
		bar.every(
			(box) =>
				!box.inside.name ||
				(box.inside.name === nameOf(box) &&
					box.inside.from > 0 &&
					box.inside.to < 1),
		) && String(below) === String(narrow.map((box) => [box.title, nameOf(box)])),
		bar,
		below,
	);
}

async function names(width) {
	await page.setViewportSize({ width, height: 800 });
	await frame();
	for (const [k, { bars, below }] of (await drawnLayouts()).entries())
		bars.forEach((bar, n) =>
			checkNames(
				`map ${k}, bar ${n}, ${width} pixels: names fit or stand below`,
				bar,
				below[n],
			),
		);
}

async function layouts() {
	const drawn = await drawnLayouts(),
		wanted = layoutFiles.map((name) => JSON.parse(readFileSync(name, "utf8")));

	check(`there are ${wanted.length} maps of the layout`, drawn.length === wanted.length);
	wanted.forEach(({ layout, kernel, physical, layouts: figures }, k) => {
		const [addresses, ram] = [placed(kernel), placed(physical)];
		const { text, bars, bands } = drawn[k] || { text: "", bars: [[], []], bands: [] };
		const recovered = figures[layout].recovered_bytes / 2 ** 20;

		checkBar(`${layout}: the kernel's boxes are those, to scale`, bars[0], addresses);
		checkBar(`${layout}: so are RAM's`, bars[1], ram);
		checkBands(`${layout}: bands go from lowmem to its RAM`, bands, addresses, ram);
		check(
			`${layout}: how much is recovered`,
			recovered
				? text.includes(`${Math.round(recovered)} MiB recovered`)
				: !text.includes("recovered"),
			text,
		);
	});
	for (const width of [600, 1900, 1280]) await names(width);
}

const MEANINGS = ["wait", "tlb", "site", "st", "md", "map", "region"];

const themes = () =>
	themesOf(
		page,
		async (name) => {
			await contrasts(page, name, []);
			await palettes(page, name, MEANINGS, 41);
		},
		"d makes it light",
		() => press("d"),
	);

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

await counts();
await cards();
await everyEventHasALane();
await marks();
await fields(Math.min(events.length, 150));
await zooms();
await hovers();
await filters();
if (events.some(({ site }) => site.includes("<"))) {
	await findings();
	await hostile();
}
if (!(await page.getByText("no instructions are shown").count())) {
	await code();
	await map();
}
await layouts();
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
