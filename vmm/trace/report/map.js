/* SPDX-License-Identifier: MIT */
/*
 * The layout (layout.js), and in each of the kernel's boxes what was mapped when the scenario began, at any
 * time of it, and at the end; then the user spaces that are left.
 */

const MAP_KEYS = [
	["rw", "writable data"],
	["ro", "read-only data"],
	["rx", "may be executed"],
	["uc", "uncached"],
	["chip-read", "flash chip"],
	["was", "memory that was mapped in between"],
];

const WINDOW_VA = 2 ** 39; /* KVL_WINDOW_VA, devices/abi/platform.h */

function runClass(run) {
	const [gpa, bytes] = app.trace.flash,
		names = new Set(
			app.bits.filter(([, bits]) => run.entry & bits).map(([name]) => name),
		);

	if (bytes && run.gpa >= Number(gpa) && run.gpa < Number(gpa) + bytes)
		return names.has("UC") ? "uc" : "chip";
	if (names.has("UC")) return "uc";
	return !names.has("NX") ? "rx" : names.has("W") ? "rw" : "ro";
}

/* enum report_touched */
function touchedClass(kind) {
	return kind & 4 ? "uc" : kind & 2 ? "chip" : "was";
}

function runsOf(map) {
	return map
		? map.runs.map(([mm, va, bytes, gpa, entry, scattered]) => ({
				mm,
				va: Number(va),
				bytes,
				gpa: Number(gpa),
				entry: BigInt(entry),
				scattered,
			}))
		: [];
}

/* @runs as far as they lie in [start, start + bytes) */
function clip(runs, start, bytes) {
	return runs
		.filter((run) => run.va < start + bytes && run.va + run.bytes > start)
		.map((run) => {
			const from = Math.max(run.va, start),
				to = Math.min(run.va + run.bytes, start + bytes);

			return { ...run, va: from, bytes: to - from };
		});
}

function mappedBytes(runs) {
	return runs.reduce((sum, run) => sum + run.bytes, 0);
}

function runText(run) {
	const range = `${hex(run.va)}, ${bytesText(run.bytes)}`;
	const scattered = run.scattered ? ", scattered frames" : "";

	if (run.was) return range;
	return `${range}, from ${hex(run.gpa)}${scattered}: ${entryText(run.entry, 1)}`;
}

/* A page of a large region is still something to be seen: at least 0.15 %. */
function drawStrip(name, runs, start, bytes) {
	const rects = runs.map((run) =>
		svg(
			"rect",
			{
				class: run.was || runClass(run),
				y: 0,
				height: 10,
				x: ((run.va - start) / bytes) * 1000,
				width: Math.max(1.5, (run.bytes / bytes) * 1000),
			},
			svg("title", {}, runText(run)),
		),
	);

	return element(
		"div",
		{ class: "strip" },
		name,
		svg(
			"svg",
			{
				viewBox: "0 0 1000 10",
				preserveAspectRatio: "none",
				role: "img",
				"aria-label": `${name}: ${bytesText(mappedBytes(runs))} mapped`,
			},
			...rects,
		),
	);
}

function regionRow(name, start, bytes, strips) {
	const texts = strips.map(([label, runs]) => `${label} ${bytesText(mappedBytes(runs))}`);

	return [
		element("div", { class: "name" }, name),
		element(
			"div",
			{ class: "mono" },
			rangeText(start, bytes),
			element("br"),
			bytesText(bytes),
		),
		element(
			"div",
			{ class: "strips" },
			...strips.map(([label, runs]) => drawStrip(label, runs, start, bytes)),
		),
		element(
			"div",
			{ class: "quiet" },
			...texts.flatMap((text) => [text, element("br")]),
		),
	];
}

function regionsOf({ kernel }) {
	return kernel.map(({ name, number, start, bytes }) => [
		number ? `${name} ${number}` : name,
		start,
		bytes,
	]);
}

function kernelRows(regions, before, after, touched) {
	return regions.flatMap(([name, start, bytes]) => {
		const strips = [
			["start", clip(before, start, bytes)],
			["end", clip(after, start, bytes)],
		];
		const was = clip(touched, start, bytes);

		if (was.length) strips.splice(1, 0, ["between", was]);
		return strips.some(([, runs]) => runs.length)
			? regionRow(name, start, bytes, strips)
			: [];
	});
}

const TESTBED = "testbed";
const ABOUT_TESTBED =
	"testbed: kvalab's own window, outside the 4 GiB that are modelled: the local APIC, and what " +
	"guest and VMM share, as the rings of the trace";

/* What init_mm maps outside its regions, and user spaces: a row each, as wide as what is in it. */
function otherRows(regions, before, after) {
	const inside = (run) =>
		run.mm === 0 &&
		regions.some(([, start, bytes]) => run.va >= start && run.va < start + bytes);
	const rest = [before, after].map((runs) => runs.filter((run) => !inside(run)));
	const names = [...new Set(rest.flat().map(spaceOf))].sort();

	return names.flatMap((name) => {
		const [start, end] = rest.map((runs) =>
			runs.filter((run) => spaceOf(run) === name),
		);
		const all = [...start, ...end],
			low = Math.min(...all.map((run) => run.va));
		const high = Math.max(...all.map((run) => run.va + run.bytes));

		return regionRow(name, low, high - low, [
			["start", start],
			["end", end],
		]);
	});
}

function spaceOf(run) {
	if (run.mm) return "space " + run.mm;
	return run.va >= WINDOW_VA ? TESTBED : "other";
}

function drawMap() {
	const { maps } = app.trace,
		before = runsOf(maps.before),
		after = runsOf(maps.after);
	const layouts = layoutsOf(app.trace);
	const regions = layouts.slice(-1).flatMap(regionsOf);
	const touched = maps.touched.map(([va, bytes, kind]) => ({
		va: Number(va),
		bytes,
		mm: 0,
		was: touchedClass(kind),
	}));
	const kernel = [before, after].map((runs) => runs.filter((run) => run.mm === 0));
	const about = maps.before
		? `start: at the mark "scenario", ticket ${count(maps.scenario)}; end: ` +
			"behind the last event"
		: "The scenario never began: only what is mapped at the end.";

	byId("map").replaceChildren(
		...drawLayouts(layouts),
		element(
			"div",
			{ class: "keys" },
			...MAP_KEYS.map(([key, text]) =>
				element("span", {}, element("span", { class: "dot " + key }), text),
			),
			element("span", {}, about),
		),
		element(
			"div",
			{ class: "map" },
			...kernelRows(regions, kernel[0], kernel[1], touched),
			...otherRows(regions, before, after),
		),
		...(after.some((run) => spaceOf(run) === TESTBED)
			? [element("p", { class: "quiet" }, ABOUT_TESTBED + ".")]
			: []),
		...(maps.after.cut
			? [
					element(
						"p",
						{ class: "quiet" },
						"There is more than can be shown here.",
					),
				]
			: []),
	);
	placeNames();
}
