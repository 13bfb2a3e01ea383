/* SPDX-License-Identifier: MIT */
/* All that runs counted side by side, as the text has it. */

/* --- heads --------------------------------------------------------------------------------- */
/* [name, what a column says]: those that say something. */
function headsOf() {
	const { columns } = app.comparison;

	return [
		["host", ({ host }) => host],
		["class", ({ result }) => result.host.class],
		["paging", ({ result }) => result.host.paging],
		["arm", ({ arm }) => arm],
		["vCPUs", ({ cpus }) => cpus],
		["tlb", ({ tlb }) => tlb],
		["exit", ({ status }) => status],
	].filter(
		([name]) =>
			(name !== "arm" || columns.some(({ arm }) => arm !== null)) &&
			(name !== "tlb" || columns.some(({ tlb }) => tlb !== "hw")),
	);
}

/* [[value, how many columns]]: one cell for neighbours of one value, but not across those of @borders. */
function cellsOf(values, borders) {
	const cells = [];

	values.forEach((value, k) => {
		const last = cells[cells.length - 1];

		if (last && last[0] === value && !borders.has(k)) last[1]++;
		else cells.push([value, 1]);
	});
	return cells;
}

function headRow([name, of], borders) {
	return element(
		"tr",
		{ "data-head": name },
		element("th", { scope: "row" }, name),
		...cellsOf(app.ran.map(of), borders).map(([value, n]) =>
			element(
				"th",
				{
					colspan: n,
					scope: n > 1 ? "colgroup" : "col",
					class: name === "exit" && value ? "bad" : "",
				},
				String(value),
			),
		),
	);
}

/* --- rows ---------------------------------------------------------------------------------- */
/* [mark, what it means] */
function markOf(kind, name) {
	const found =
		kind === "counts"
			? app.comparison.differences.filter((one) => one.count === name)
			: [];

	if (found.some(({ why }) => why === null))
		return ["!", "differs between hosts, and nothing declares it"];
	return found.length ? ["~", "differs between hosts, as declared"] : ["", ""];
}

function rowOf(name, cells, [mark, about]) {
	return element(
		"tr",
		{ "data-row": name, class: sameIn(cells) ? "same" : "" },
		element(
			"th",
			{ scope: "row" },
			name,
			mark &&
				element(
					"span",
					{ title: about, class: mark === "!" ? "undeclared" : "" },
					" " + mark,
				),
		),
		...cells.map((cell) => element("td", { class: "n" }, cell)),
	);
}

function titleRow(text) {
	return element(
		"tr",
		{ class: "title" },
		element("th", { colspan: app.ran.length + 1, scope: "colgroup" }, text),
	);
}

function isZero(kind, name) {
	return app.ran.every((column) => !valueOf(column, kind, name));
}

function valueRows(kind) {
	return namesOf(app.ran, kind)
		.filter((name) => !isZero(kind, name))
		.map((name) =>
			rowOf(
				name,
				app.ran.map((column) => {
					const value = valueOf(column, kind, name);

					return value === undefined ? "–" : count(value);
				}),
				markOf(kind, name),
			),
		);
}

/* The run of the base arm that a run is held against. */
function baseOf({ host, cpus, tlb }) {
	return app.drawn.find(
		(base) =>
			base.arm === app.comparison.base &&
			base.host === host &&
			base.cpus === cpus &&
			base.tlb === tlb,
	);
}

function factorText(column, kind, name) {
	const base = baseOf(column),
		unit = base && valueOf(base, kind, name),
		value = valueOf(column, kind, name);

	return unit && value !== undefined ? (value / unit).toFixed(2) : "–";
}

/* Those that are 1 wherever there is one are said above. */
function factorRows(kind) {
	return namesOf(app.ran, kind)
		.map((name) => [name, app.ran.map((column) => factorText(column, kind, name))])
		.filter(([, cells]) => cells.some((cell) => cell !== "1.00" && cell !== "–"))
		.map(([name, cells]) => rowOf(name, cells, ["", ""]));
}

function section(title, rows) {
	return rows.length ? [titleRow(title), ...rows] : [];
}

/* A new arm, host or TLB has heads of its own, though its number of vCPUs be the one before. */
function bordersOf() {
	const borders = new Set();

	app.ran.forEach((column, k) => {
		if (k && app.parts.some((part) => column[part] !== app.ran[k - 1][part]))
			borders.add(k);
	});
	return borders;
}

function drawTable() {
	const factors = app.comparison.base ? KINDS.flatMap(([kind]) => factorRows(kind)) : [],
		borders = bordersOf(),
		above = new Set(["host", "class", "paging", "arm"]);
	const zeroes = KINDS.flatMap(([kind]) =>
		namesOf(app.ran, kind).filter((name) => isZero(kind, name)),
	);

	if (!app.ran.length) {
		byId("table").replaceChildren(
			element("p", { class: "quiet" }, "No run has a result."),
		);
		return;
	}
	byId("table").replaceChildren(
		element(
			"table",
			{},
			element(
				"thead",
				{},
				...headsOf().map((head) =>
					headRow(head, above.has(head[0]) ? new Set() : borders),
				),
			),
			element(
				"tbody",
				{},
				...KINDS.flatMap(([kind]) => section(kind, valueRows(kind))),
				...section(`times that of arm ${app.comparison.base}`, factors),
			),
		),
	);
	byId("zeroes").textContent = zeroes.length ? "0 in all runs: " + zeroes.join(", ") : "";
}
