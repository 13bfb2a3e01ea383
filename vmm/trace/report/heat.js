/* SPDX-License-Identifier: MIT */
/* Who shoots down whom: a row asks, a column is asked. */

const HEATS = [
	["asked", "asked for in shootdowns"],
	["sent", "interrupts sent"],
	["acked", "acknowledged"],
];

function heatCell(n, most, row, column) {
	const part = n ? 0.15 + (0.85 * n) / most : 0;
	const cell = element(
		"td",
		{
			class: row === column && !n ? "self" : "",
			"data-heat": `${row}-${column}`,
			title: `CPU ${row} to CPU ${column}: ${count(n)}`,
		},
		n || row !== column ? count(n) : "–",
	);

	cell.style.setProperty("--part", part);
	return cell;
}

function drawHeatTable() {
	const numbers = app.trace.shootdowns[app.heat],
		n = app.trace.ncpus,
		most = Math.max(1, ...numbers);
	const cpus = [...Array(n).keys()];
	const head = element(
		"tr",
		{},
		element("th", { scope: "col" }, "from \\ to"),
		...cpus.map((cpu) => element("th", { scope: "col" }, String(cpu))),
	);
	const rows = cpus.map((row) =>
		element(
			"tr",
			{},
			element("th", { scope: "row" }, "CPU " + row),
			...cpus.map((column) =>
				heatCell(numbers[row * n + column], most, row, column),
			),
		),
	);

	byId("heat").replaceChildren(
		element(
			"table",
			{},
			element("caption", {}, HEATS.find(([key]) => key === app.heat)[1]),
			element("tbody", {}, head, ...rows),
		),
	);
}

function drawHeat() {
	byId("heat-of").replaceChildren(
		...HEATS.map(([key]) =>
			element(
				"button",
				{
					type: "button",
					"aria-pressed": String(key === app.heat),
					onclick: () => {
						app.heat = key;
						drawHeat();
					},
				},
				key,
			),
		),
	);
	drawHeatTable();
}
