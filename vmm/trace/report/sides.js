/* SPDX-License-Identifier: MIT */
/* Traces side by side: what each of them has of each kind of event, whichever of them is shown. */

function sideOf(number) {
	const trace = jsonOf("trace-" + number) || {},
		kinds = new Map();

	for (const [id, , n] of trace.counts || []) kinds.set(id, (kinds.get(id) || 0) + n);
	return { trace, kinds, readable: Boolean(trace.counts) };
}

/* What a person calls it: the arm, if there is one. */
function sideName({ trace }) {
	const env = trace.env || {};

	return element(
		"th",
		{ scope: "col", class: "n", title: trace.name || "" },
		[env.scenario, env.arm].filter((text) => text).join(" ") || trace.name || "?",
	);
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
	];
}

function drawSides() {
	const sides = [...Array(app.ntraces).keys()].map(sideOf);

	byId("p-sides").hidden = app.ntraces < 2;
	if (app.ntraces < 2) return;
	byId("sides").replaceChildren(
		element(
			"table",
			{},
			element(
				"thead",
				{},
				element(
					"tr",
					{},
					element("th", { scope: "col" }, "of each trace"),
					...sides.map(sideName),
				),
			),
			element("tbody", {}, ...sideRows(sides)),
		),
	);
}
