/* SPDX-License-Identifier: MIT */
/*
 * compare.mjs MODULES CHROMIUM PAGE OBJECT SHOT: opens the page of a comparison in headless Chromium. OBJECT is
 * the same comparison by --json, from which this file works out for itself what must be seen. SHOT becomes a
 * picture. A line "PASS: text" or "FAIL: text" for each thing that is tried.
 */
import { readFileSync, statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { check, contrasts, nextFrame, number, open, palettes, themesOf } from "./browser.mjs";

const [, , modules, executablePath, file, objectFile, shot] = process.argv;
const { columns, base, ticks_comparable: ticks } = JSON.parse(readFileSync(objectFile, "utf8"));
const { browser, page, complaints, requests } = await open(modules, executablePath);
const ran = columns.filter(({ state }) => state === "ran"),
	well = ran.filter(({ status }) => status === 0),
	cpus = [...new Set(well.map((column) => column.cpus))];
const texts = (selector) => page.locator(selector).allInnerTexts();
const KINDS = ["counts", "metrics"];

const namesOf = (list, kind) =>
	[...new Set(list.flatMap(({ result }) => Object.keys(result[kind])))].filter(
		(name) => ticks || !/_ticks$/.test(name),
	);
const value = (column, kind, name) => column.result[kind][name] ?? null;
const cellText = (n) => (n === null ? "–" : n.toLocaleString("en"));
const equal = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/* --- the table --- */
async function heads() {
	for (const [name, key] of [
		["arm", "arm"],
		["vCPUs", "cpus"],
		["exit", "status"],
	]) {
		const got = await page
			.locator(`[data-head="${name}"] th:not([scope="row"])`)
			.evaluateAll((cells) =>
				cells.flatMap((cell) => Array(cell.colSpan).fill(cell.textContent)),
			);
		const want = ran.map((column) => String(column[key]));

		if (name !== "arm" || columns.some(({ arm }) => arm))
			check(`each column has its ${name}`, equal(got, want), got, want);
	}
}

async function rows() {
	const wrong = [],
		zeroes = [];
	let n = 0;

	for (const kind of KINDS)
		for (const name of namesOf(ran, kind)) {
			const want = ran.map((column) => value(column, kind, name));
			const got = await texts(`[data-row="${name}"] >> nth=0 >> td`);

			if (want.every((one) => !one)) zeroes.push(name);
			else if (equal(got, want.map(cellText))) n++;
			else wrong.push([name, got, want]);
		}
	check(`${n} rows have what the object has`, n > 0 && !wrong.length, wrong);
	check(
		"what is 0 in all runs is named in one line",
		(await page.locator("#zeroes").textContent()) ===
			(zeroes.length ? "0 in all runs: " + zeroes.join(", ") : ""),
	);
}

async function factors() {
	const wrong = [];
	let n = 0;

	for (const kind of KINDS)
		for (const name of namesOf(ran, kind)) {
			const want = ran.map((column) => {
				const unit = well.find(
					(one) =>
						one.arm === base &&
						one.cpus === column.cpus &&
						one.tlb === column.tlb &&
						one.host === column.host,
				);
				const of = unit && value(unit, kind, name),
					mine = value(column, kind, name);

				return of && mine !== null ? (mine / of).toFixed(2) : "–";
			});
			const list = page.locator(`[data-row="${name}"]`);

			if (want.every((one) => one === "–" || one === "1.00")) continue;
			n++;
			const got = await list.last().locator("td").allInnerTexts();

			if (!equal(got, want)) wrong.push([name, got, want]);
		}
	check(`${n} rows of multiples of ${base}`, n > 0 && !wrong.length, wrong);
}

/* --- plots --- */
/* What differs among runs that ended well: [kind, name, values]. */
const differing = KINDS.flatMap((kind) =>
	namesOf(well, kind)
		.map((name) => [
			kind,
			name,
			well
				.map((column) => value(column, kind, name))
				.filter((one) => one !== null),
		])
		.filter(([, , values]) => new Set(values).size > 1),
);

const isWide = (values) => {
	const sizes = values.filter((one) => one).map(Math.abs);

	return Math.max(...sizes) / Math.min(...sizes) > 100;
};

const plotOf = (name) => page.locator(`[data-plot="${name}"]`);

async function plots() {
	const got = await page
			.locator("[data-plot]")
			.evaluateAll((list) => list.map((node) => node.dataset.plot)),
		want = differing.map(([, name]) => name);
	const group = (name) =>
		name === "ipis"
			? 0
			: name.startsWith("flush")
				? 1
				: name === "pt_set"
					? 2
					: name.includes("per_million")
						? 3
						: 4;

	check(
		"what differs is drawn, and nothing else",
		equal([...got].sort(), [...want].sort()),
		got,
		want,
	);
	check(
		"IPIs, flushes, entries, what is per million, all else",
		got.every((name, k) => !k || group(got[k - 1]) <= group(name)),
		got,
	);
	const captions = await Promise.all(
		differing.map(([, name]) => plotOf(name).locator("figcaption").innerText()),
	);

	check(
		"a scale is logarithmic where values span more than two decades",
		captions.every(
			(text, k) => text.includes("logarithmic") === isWide(differing[k][2]),
		),
		captions,
	);
}

/* The page's words for a line of curves, from the object. */
const lineTexts = (kind, name) => {
	const lines = new Map();

	for (const column of well) {
		const key = column.arm ?? "";

		if (!lines.has(key)) lines.set(key, Array(cpus.length).fill("–"));
		lines.get(key)[cpus.indexOf(column.cpus)] = cellText(value(column, kind, name));
	}
	return [...lines].map(([key, list]) => `${key} ${list.join(", ")}`);
};

async function curves() {
	const wrong = [];

	for (const [kind, name] of differing) {
		const label = await plotOf(name).getAttribute("aria-label");

		for (const text of lineTexts(kind, name))
			if (!label.includes(text.trimStart())) wrong.push([label, text]);
	}
	check("curves have what the object has", !wrong.length, wrong);
	if (await page.getByText("built without uPlot").count()) return;
	const colours = await drawnColours(differing[0][1]);

	check(
		"each plot has a canvas",
		(await page.locator("[data-plot] canvas").count()) === differing.length,
	);
	check(
		"each line has its colour in the first plot",
		colours.length > 0 && colours.every((n) => n > 20),
		colours,
	);
	await hovers();
	await fits();
}

/* How many pixels of each line's colour, as the legend has it, a plot has: of a line of zeroes, too. */
const drawnColours = (name) =>
	plotOf(name)
		.locator("canvas")
		.evaluate((canvas) => {
			const { width, height } = canvas;
			const copy = Object.assign(document.createElement("canvas"), {
				width,
				height,
			});
			const context = copy.getContext("2d", { willReadFrequently: true });

			context.drawImage(canvas, 0, 0);
			const { data } = context.getImageData(0, 0, width, height);

			return [...document.querySelectorAll("#lines line")].map((line) => {
				const hex = line.getAttribute("stroke");
				const rgb = [1, 3, 5].map((at) =>
					parseInt(hex.slice(at, at + 2), 16),
				);
				let pixels = 0;

				for (let i = 0; i < data.length; i += 4)
					pixels += rgb.every((part, c) => data[i + c] === part);
				return pixels;
			});
		});

async function hovers() {
	const [kind, name] = differing[0],
		over = plotOf(name).locator(".u-over"),
		box = await over.boundingBox();

	await over.hover({ position: { x: box.width - 2, y: box.height / 2 } });
	await nextFrame(page);
	const got = (await page.locator("#hover").innerText()).split("\n"),
		last = well.filter((column) => column.cpus === cpus[cpus.length - 1]);

	check(
		"the pointer shows the values, the greatest first",
		number(got[0]) === cpus[cpus.length - 1] &&
			equal(
				got.slice(1).map((text) => number(text.split("  ")[0])),
				last
					.map((column) => value(column, kind, name))
					.sort((a, b) => b - a),
			),
		got,
	);
	await page.mouse.move(0, 0);
}

async function fits() {
	await page.setViewportSize({ width: 420, height: 800 });
	await nextFrame(page);
	const wide = await page
		.locator("[data-plot]")
		.evaluateAll((list) =>
			list.filter(
				(node) =>
					node.querySelector(".uplot").getBoundingClientRect().width >
					node.getBoundingClientRect().width + 1,
			),
		);
	const scrolls = await page.evaluate(
		() => document.documentElement.scrollWidth > innerWidth,
	);

	check("curves fit a narrow window", !wide.length && !scrolls, wide.length, scrolls);
	await page.setViewportSize({ width: 1280, height: 800 });
	await nextFrame(page);
}

async function legend() {
	const dashes = await page
		.locator("#lines line")
		.evaluateAll((list) =>
			list.map(
				(line) =>
					line.getAttribute("stroke-dasharray") +
					"/" +
					line.getAttribute("stroke"),
			),
		);
	const arms = [...new Set(well.map(({ arm }) => arm))];

	check(
		"the legend has the arms that are drawn",
		equal(await texts("#lines li"), arms),
		await texts("#lines li"),
	);
	check(
		"and no two of one dash",
		new Set(dashes.map((text) => text.split("/")[0])).size === arms.length,
		dashes,
	);
}

async function dots() {
	const wrong = [];

	for (const [kind, name, values] of differing) {
		const got = await plotOf(name)
			.locator(".dots")
			.evaluate((node) =>
				[...node.querySelectorAll("i")].map((dot) => [
					Number(dot.style.getPropertyValue("--at")),
					dot.nextSibling.textContent,
				]),
			);
		const list = well.map((column) => value(column, kind, name)),
			sorted = [...got].sort(([a], [b]) => a - b).map(([, text]) => number(text));

		if (
			!equal(
				got.map(([, text]) => text),
				list.map(cellText),
			) ||
			!equal(
				sorted,
				[...values].sort((a, b) => a - b),
			) ||
			got.some(([at, text]) => (at === 0) !== (text === "0") || at > 1)
		)
			wrong.push([name, got]);
	}
	check(
		"each run has a dot, in the order of values, 0 at the beginning",
		!wrong.length,
		wrong,
	);
	check("there are no curves", (await page.locator("canvas").count()) === 0);
}

/* --- what is not drawn --- */
async function others() {
	const rest = columns.filter((column) => !well.includes(column)),
		text = await page.locator("#others").innerText();

	check(
		"runs that are not drawn are listed with their reasons",
		rest.every(({ arm, reason }) => text.includes(arm) && text.includes(reason)) &&
			(await page.locator("#others tbody tr").count()) ===
				new Set(rest.map(({ arm, reason }) => arm + reason)).size,
		text,
	);
}

await page.goto(pathToFileURL(file).href);
await page.waitForSelector("html[data-ready]");
await nextFrame(page);
await heads();
await rows();
if (base) await factors();
await plots();
if (cpus.length > 1) await curves();
else await dots();
if (cpus.length > 1 && well.some(({ arm }) => arm)) await legend();
if (well.length < columns.length) await others();
await themesOf(
	page,
	async (name) => {
		await contrasts(
			page,
			name,
			[...Array(8).keys()].map((k) => "curve-" + (k + 1)),
		);
		await palettes(page, name, ["curve"], 8);
		if (cpus.length > 1 && (await page.locator("canvas").count()))
			check(
				`${name}: curves have the theme's colours`,
				(await drawnColours(differing[0][1])).every((n) => n > 20),
			);
	},
	"the button makes it light",
	() => page.locator("#theme").click(),
);
await page.screenshot({ path: shot });
check("a picture of it", statSync(shot).size > 20000);
check(
	"names and reasons make no element",
	(await page.locator("main img, main script, main figure b b").count()) === 0,
);
check("nothing is loaded from elsewhere", requests.length === 1, requests);
check("the browser has no complaint", !complaints.length, complaints.slice(0, 5));
await browser.close();
