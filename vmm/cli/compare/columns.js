/* SPDX-License-Identifier: MIT */
/*
 * The comparison (docs/comparing.md), as table and curves need it: columns, names of what they count, and
 * what differs.
 */

const KINDS = [
	["counts", "count"],
	["metrics", "metric"],
];

function endedWell(column) {
	return column.state === "ran" && column.status === 0;
}

/* What a column has of this name; undefined: nothing. */
function valueOf(column, kind, name) {
	const values = column.result[kind];

	return Object.hasOwn(values, name) ? values[name] : undefined;
}

function sameIn(list) {
	return list.every((value) => value === list[0]);
}

/* In the order in which runs name them. Ticks only where they mean the same in all. */
function namesOf(columns, kind) {
	const names = new Set(columns.flatMap((column) => Object.keys(column.result[kind])));

	return [...names].filter(
		(name) => app.comparison.ticks_comparable || !name.endsWith("_ticks"),
	);
}

/* Of @parts those in which columns are not all the same: what a name must say. */
function telling(parts) {
	return parts.filter(
		(part) => !sameIn(app.comparison.columns.map((column) => column[part])),
	);
}

function nameOf(column, parts) {
	return parts.map((part) => column[part] ?? "no arm").join(" · ");
}

function cpusText(cpus) {
	return `${cpus} vCPU${cpus === 1 ? "" : "s"}`;
}

function load() {
	app.comparison = jsonOf("comparison");
	app.ran = app.comparison.columns.filter(({ state }) => state === "ran");
	app.drawn = app.ran.filter(endedWell);
	app.parts = telling(["arm", "tlb", "host"]);
}
