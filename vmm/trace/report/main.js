/* SPDX-License-Identifier: MIT */
/* Starts the page, and shows one of its traces. All that changes is in app. */

const app = {};

/* How many events that are shown are in each of @n columns of the whole trace, by family, and of all. */
function overviewOf(n) {
	const rows = Object.fromEntries(FAMILIES.map(([family]) => [family, new Float64Array(n)])),
		all = new Float64Array(n);
	const { first, last, columns, bins } = app.trace,
		span = last - first + 1;
	const put = (id, ticket, k, shown) => {
		const x = Math.min(n - 1, Math.floor(((ticket - first) / span) * n));

		all[x] += k;
		if (shown) rows[familyOfId(id)][x] += k;
	};

	if (bins)
		for (const [id, cpu, row] of bins.rows)
			row.forEach((k, b) =>
				put(id, bins.first + b * bins.width, k, passes(id, cpuOf(cpu))),
			);
	else
		for (let i = 0; i < columns.n; i++)
			put(columns.id[i], columns.ticket[i], 1, app.shown[i]);
	return { rows, all };
}

/* It is the same for each frame of one width and filter. */
function rememberOverview() {
	let width = 0,
		overview = {};

	return (n) => {
		if (n !== width) overview = overviewOf((width = n));
		return overview;
	};
}

function tablesBy(what) {
	app.tablesBy = app.trace.bins ? "cpu" : what;
	for (const by of ["cpu", "site"])
		byId("by-" + by).setAttribute("aria-pressed", String(by === app.tablesBy));
	buildLanes();
	redraw();
}

function findMarks() {
	const events = app.trace.columns,
		marks = [];

	for (let i = 0; i < events.n; i++) if (events.id[i] === app.ids.mark) marks.push(i);
	return marks;
}

function showTrace(number) {
	app.trace = loadTrace(number);
	drawNotices();
	for (const part of document.querySelectorAll("main > :not(#notices)"))
		part.hidden = Boolean(app.trace.unreadable);
	if (app.trace.unreadable) return;
	app.finding = undefined;
	app.marks = findMarks();
	app.lanes = [];
	app.width = byId("timeline").clientWidth;
	resetFilter();
	drawFilter();
	for (const id of ["site", "by-site"])
		byId(id).disabled = Boolean(app.trace.bins); /* slices know kinds and CPUs alone */
	tablesBy("cpu");
	showAll();
	for (const draw of [
		drawAbout,
		drawCards,
		drawLegend,
		drawFindings,
		placeFindings,
		drawHeat,
		drawMap,
		drawSides,
		drawCounts,
		drawCurves,
	])
		draw();
	select(-1);
}

function listenToButtons() {
	byId("by-cpu").addEventListener("click", () => tablesBy("cpu"));
	byId("by-site").addEventListener("click", () => tablesBy("site"));
	byId("zoom-in").addEventListener("click", () => zoomKey(0.5));
	byId("zoom-out").addEventListener("click", () => zoomKey(2));
	byId("zoom-all").addEventListener("click", () => showAll());
	byId("traces").addEventListener("change", (event) => showTrace(Number(event.target.value)));
	addEventListener("resize", redraw);
	addEventListener("resize", placeNames);
}

function drawChoice() {
	const names = [...Array(app.ntraces).keys()].map(
		(number) => (jsonOf("trace-" + number) || {}).name || "?",
	);

	byId("choice").hidden = app.ntraces < 2;
	byId("traces").replaceChildren(
		...names.map((name, number) => element("option", { value: number }, name)),
	);
}

function start() {
	app.heat = "asked";
	app.tablesBy = "cpu";
	app.selected = -1;
	loadSchema();
	drawChoice();
	drawHelp();
	listenToTheme();
	listenToFilter();
	listenToPointer();
	listenToKeys();
	listenToButtons();
	showTrace(0);
	document.documentElement.dataset.ready = "yes";
}

start();
