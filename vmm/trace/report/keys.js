/* SPDX-License-Identifier: MIT */
/* The keyboard. KEYS is what the help shows, too. */

/* The next event that is shown, in the whole trace or (@lane) in its lane. */
function step(by) {
	const n = app.trace.columns.n;
	let i = app.selected;

	if (i < 0) i = by > 0 ? eventFrom(app.view.from) - 1 : eventFrom(app.view.to);
	do i += by;
	while (i >= 0 && i < n && !app.shown[i]);
	if (i >= 0 && i < n) select(i);
}

/* The next event of the same kind: the shortest way through all faults, all shootdowns. */
function stepSame(by) {
	const events = app.trace.columns;
	let i = app.selected;

	if (i < 0) {
		step(by);
		return;
	}
	do i += by;
	while (
		i >= 0 &&
		i < events.n &&
		!(app.shown[i] && events.id[i] === events.id[app.selected])
	);
	if (i >= 0 && i < events.n) select(i);
}

function stepFinding(by) {
	const n = app.trace.findings.length;

	if (!n) return;
	app.finding = ((app.finding === undefined ? (by > 0 ? -1 : 0) : app.finding) + by + n) % n;
	showFinding(app.finding);
}

const KEYS = [
	[
		["←", "→"],
		"event before, event behind",
		{ ArrowLeft: () => step(-1), ArrowRight: () => step(1) },
	],
	[
		["↑", "↓"],
		"the same, of the same kind",
		{ ArrowUp: () => stepSame(-1), ArrowDown: () => stepSame(1) },
	],
	[
		["Home", "End"],
		"first, last event",
		{
			Home: () => {
				app.selected = -1;
				setView(app.trace.first, app.trace.first + span());
				step(1);
			},
			End: () => {
				app.selected = app.trace.columns.n;
				step(-1);
			},
		},
	],
	[
		["+", "-"],
		"zoom in, out",
		{ "+": () => zoomKey(0.5), "=": () => zoomKey(0.5), "-": () => zoomKey(2) },
	],
	[["<", ">"], "move the picture", { "<": () => pan(-0.25), ">": () => pan(0.25) }],
	[["0"], "show all", { 0: () => showAll() }],
	[
		["[", "]"],
		"finding before, finding behind",
		{ "[": () => stepFinding(-1), "]": () => stepFinding(1) },
	],
	[["f"], "to the filter by site", { f: () => byId("site").focus() }],
	[["Enter"], "in the filter: to the next match; with Shift: to the one before", {}],
	[
		["s"],
		"page tables by CPU or by site",
		{ s: () => tablesBy(app.tablesBy === "cpu" ? "site" : "cpu") },
	],
	[["d"], "dark, light", { d: () => toggleTheme() }],
	[["?"], "this help", { "?": () => byId("help").showModal() }],
	[
		["Esc"],
		"close; nothing selected; then: nothing filtered",
		{ Escape: () => (app.selected < 0 ? clearFilter() : select(-1)) },
	],
];

function span() {
	return app.view.to - app.view.from;
}

/* Around what is selected, if it can be seen. */
function zoomKey(factor) {
	const ticket = app.selected >= 0 ? app.trace.columns.ticket[app.selected] : NaN;

	zoom(factor, ticket >= app.view.from && ticket <= app.view.to ? ticket : undefined);
}

/* Arrows belong to the timeline and its buttons; letters to the page, but not while something is typed. */
function listenToKeys() {
	const actions = Object.assign({}, ...KEYS.map(([, , map]) => map));

	document.addEventListener("keydown", (event) => {
		const typing = event.target.matches("input[type=search], select");
		const arrows =
			/^(Arrow|Home|End)/.test(event.key) && !event.target.closest("#p-time");

		if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open || arrows)
			return;
		if (typing || !actions[event.key] || app.trace.unreadable) return;
		event.preventDefault();
		actions[event.key]();
	});
}
