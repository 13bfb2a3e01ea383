/* SPDX-License-Identifier: MIT */
/* Traces side by side: what each of them has of each kind of event, whichever of them is shown. */

/* What of a trace's environment may tell it from another one of the same scenario and arm. */
const SIDE_ENV = [
	["seed", "seed"],
	["CPUs", "cpus"],
	["TLB", "tlb"],
	["host", "host_class"],
	["tier", "tier"],
	["guest image", "guest_image"],
];

/* The first tables are the VMM's work: a run counts the guest's entries, so these stand in a row of their own. */
function sideOf(number) {
	const trace = jsonOf("trace-" + number) || {},
		kinds = new Map();
	let byVmm = 0;

	for (const [id, cpu, n] of trace.counts || [])
		if (id === app.ids.pt_set && cpu >= 16) byVmm += n;
		else kinds.set(id, (kinds.get(id) || 0) + n);
	return { trace, kinds, byVmm, readable: Boolean(trace.counts) };
}

/* What a person calls it: the arm, if there is one. */
function sideName({ trace }) {
	const env = trace.env || {};

	return (
		[env.scenario, env.arm].filter((text) => text).join(" ") || trace.name || "?"
	);
}

/* "CPUs 4, seed 7": where not all traces have the same. */
function sideDetails({ trace }, sides) {
	const { env } = trace,
		others = sides.map((side) => side.trace.env).filter((other) => other);

	return SIDE_ENV.filter(
		([, key]) => env && others.some((other) => other[key] !== env[key]),
	)
		.map(([label, key]) => `${label} ${env[key] || "?"}`)
		.join(", ");
}

/* Where two would still look alike, their directories tell them apart. */
function sideHeads(sides) {
	const texts = sides.map((side) => [sideName(side), sideDetails(side, sides)]),
		keys = texts.map((text) => text.join("\n"));

	return sides.map(({ trace }, i) => {
		const twin = keys.some((key, k) => k !== i && key === keys[i]),
			details = [texts[i][1], twin ? trace.name : ""].filter((text) => text);

		return element(
			"th",
			{ scope: "col", class: "n", title: trace.name || "" },
			texts[i][0],
			...details.map((text) => element("small", {}, text)),
		);
	});
}

/* @numbers: of each trace, undefined where it has none to say. */
function sideRow(name, numbers) {
	const known = numbers.filter((n) => n !== undefined),
		differs = known.some((n) => n !== known[0]);

	return element(
		"tr",
		{ "data-side": name },
		element("th", { scope: "row" }, name),
		...numbers.map((n) =>
			element(
				"td",
				{ class: differs ? "n differs" : "n" },
				n === undefined ? "–" : count(n),
			),
		),
	);
}

function sideRows(sides) {
	const of = (what) => sides.map((side) => (side.readable ? what(side) : undefined));
	const ids = [...app.schema.keys()].filter((id) =>
		sides.some(({ kinds }) => kinds.has(id)),
	);

	return [
		sideRow("events", of(({ trace }) => trace.events)),
		sideRow(
			"findings",
			of(({ trace }) => (trace.unjudged ? undefined : trace.nfindings)),
		),
		...ids.map((id) =>
			sideRow(
				app.schema.get(id).name,
				of(({ kinds }) => kinds.get(id) || 0),
			),
		),
		sideRow(
			"pt_set by the VMM",
			of(({ byVmm }) => byVmm),
		),
	];
}

function drawSides() {
	const sides = [...Array(app.ntraces).keys()].map(sideOf);

	byId("p-sides").hidden = app.ntraces < 2;
	if (app.ntraces < 2) return;
	byId("sides").replaceChildren(
		tableOf(
			[element("th", { scope: "col" }, "of each trace"), ...sideHeads(sides)],
			sideRows(sides),
		),
	);
}
