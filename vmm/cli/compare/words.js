/* SPDX-License-Identifier: MIT */
/* Runs that are not drawn, and why; differences between hosts. */

function showList(id, rows) {
	byId(id).parentNode.hidden = !rows.length;
	byId(id).replaceChildren(...rows);
}

function whyNot({ state, status, reason }) {
	if (state === "not run") return "not run";
	return (state === "ran" || state === "failed" ? `exit ${status}` : state) + ": " + reason;
}

/* Runs that differ in the number of vCPUs alone have one row. */
function drawOthers() {
	const rows = new Map();

	for (const column of app.comparison.columns.filter((one) => !endedWell(one))) {
		const name = nameOf(column, app.parts) || app.comparison.scenario,
			why = whyNot(column),
			key = JSON.stringify([name, why]);

		if (!rows.has(key)) rows.set(key, { name, why, cpus: [] });
		rows.get(key).cpus.push(column.cpus);
	}
	showList(
		"others",
		[...rows.values()].length
			? [
					tableOf(
						["run", "vCPUs", "why"].map((text) =>
							element("th", { scope: "col" }, text),
						),
						[...rows.values()].map(({ name, why, cpus }) =>
							element(
								"tr",
								{},
								element(
									"th",
									{ scope: "row" },
									name,
								),
								element("td", {}, cpus.join(", ")),
								element("td", {}, why),
							),
						),
					),
				]
			: [],
	);
}

function drawDifferences() {
	const { columns, differences } = app.comparison;

	showList(
		"differences",
		differences.map((one) =>
			element(
				"p",
				{ class: one.why === null ? "undeclared" : "" },
				[
					one.count + ":",
					one.arm,
					cpusText(one.cpus),
					one.tlb === "hw" ? "" : one.tlb,
				]
					.filter((text) => text)
					.join(" "),
				...one.values.flatMap((value, k) =>
					value === null
						? []
						: [`, ${columns[k].host} ${count(value)}`],
				),
				one.why === null
					? ". A correct run counts the same on all of them."
					: `: ${one.why}`,
			),
		),
	);
}
