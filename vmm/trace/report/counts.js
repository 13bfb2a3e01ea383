/* SPDX-License-Identifier: MIT */
/* Numbers of all events, not of those shown: the cards at the top, the table of kinds and CPUs. */

function drawCards() {
	const findings = app.trace.nfindings,
		flushes = totalOf("tlb_flush") + totalOf("root_load");
	const cards = [
		["Events", count(app.trace.events), ""],
		[
			"Findings",
			app.trace.unjudged ? "–" : count(findings),
			app.trace.unjudged ? "" : findings ? "bad" : "good",
		],
		["Entries set", count(totalOf("pt_set")), ""],
		["Faults", count(totalOf("fault_enter")), ""],
		["Waits", count(totalOf("wait_begin")), ""],
		["Flushes", count(flushes), ""],
		["Shootdowns", count(totalOf("shootdown_begin")), ""],
		["IPIs sent", count(totalOf("ipi_send")), ""],
	];

	byId("cards").replaceChildren(
		...cards.map(([name, text, kind]) =>
			element(
				"li",
				{ class: kind, "data-card": name },
				element("b", {}, text),
				name,
			),
		),
	);
}

function numbersByKind() {
	const rows = new Map();

	for (const [id, cpu, n] of app.trace.counts) {
		const row = rows.get(id) || new Map();

		row.set(cpu >= 16 ? CPU_VMM : cpu, n);
		rows.set(id, row);
	}
	return rows;
}

function countRow(name, dot, numbers) {
	const cells = app.trace.cpus.map((cpu) => numbers.get(cpu) || 0);
	const total = cells.reduce((sum, n) => sum + n, 0);

	return element(
		"tr",
		{},
		element("th", { scope: "row" }, element("span", { class: "dot", dot }), name),
		...cells.map((n) => element("td", { class: "n" }, n ? count(n) : "·")),
		element("td", { class: "n", "data-count": name }, count(total)),
	);
}

function drawCounts() {
	const rows = numbersByKind(),
		sums = new Map();

	for (const numbers of rows.values())
		for (const [cpu, n] of numbers) sums.set(cpu, (sums.get(cpu) || 0) + n);
	const head = ["event", ...app.trace.cpus.map(cpuName), "all"];

	byId("counts").replaceChildren(
		element(
			"table",
			{},
			element(
				"thead",
				{},
				element(
					"tr",
					{},
					...head.map((name, k) =>
						element(
							"th",
							{ scope: "col", class: k ? "n" : "" },
							name,
						),
					),
				),
			),
			element(
				"tbody",
				{},
				...[...rows].map(([id, numbers]) => {
					const kind = app.schema.get(id);

					return countRow(
						kind ? kind.name : "unknown",
						`var(--${kind ? kind.family : "host"})`,
						numbers,
					);
				}),
			),
			element("tfoot", {}, countRow("events", "transparent", sums)),
		),
	);
}
