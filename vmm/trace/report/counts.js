/* SPDX-License-Identifier: MIT */
/* Numbers of all events, not of those shown: the cards at the top, the table of kinds and CPUs. */

/* The first tables are the VMM's work: what a run counts are the guest's entries. */
function entriesCard() {
	const byVmm = app.trace.counts
		.filter(([id, cpu]) => id === app.ids.pt_set && cpu >= 16)
		.reduce((sum, [, , n]) => sum + n, 0);
	const more = byVmm ? `, +${count(byVmm)} by the VMM` : "";

	return ["Entries set", count(totalOf("pt_set") - byVmm), "", "p-time", more];
}

function findingsCard() {
	const { nfindings, unjudged } = app.trace;

	if (unjudged) return ["Findings", "–", "", "p-find", ""];
	return ["Findings", count(nfindings), nfindings ? "bad" : "good", "p-find", ""];
}

/* [name, number, how it is, where more of it is, what else is said, count of shootdowns] */
function cardsOf() {
	return [
		["Events", count(app.trace.events), "", "p-count", ""],
		findingsCard(),
		entriesCard(),
		["Faults", count(totalOf("fault_enter")), "", "p-time", ""],
		["Waits", count(totalOf("wait_begin")), "", "p-time", ""],
		["Flushes", count(totalOf("tlb_flush")), "", "p-time", ""],
		["Shootdowns", count(totalOf("shootdown_begin")), "", "p-heat", "", "asked"],
		["IPIs sent", count(totalOf("ipi_send")), "", "p-heat", "", "sent"],
	];
}

function drawCard([name, number, how, panel, more, heat]) {
	const open = () => {
		if (!heat) return;
		app.heat = heat;
		drawHeat();
	};

	return element(
		"li",
		{ class: how, "data-card": name },
		element(
			"a",
			{ href: "#" + panel, onclick: open },
			element("b", {}, number),
			number === "1" ? name.replace(/s$/, "") : name,
			more,
		),
	);
}

function drawCards() {
	byId("cards").replaceChildren(...cardsOf().map(drawCard));
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
		tableOf(
			head.map((name, k) => element("th", { scope: "col", class: k ? "n" : "" }, name)),
			[...rows].map(([id, numbers]) => {
				const kind = app.schema.get(id);

				return countRow(
					kind ? kind.name : "unknown",
					`var(--${kind ? kind.family : "host"})`,
					numbers,
				);
			}),
			element("tfoot", {}, countRow("events", "transparent", sums)),
		),
	);
}
