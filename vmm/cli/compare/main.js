/* SPDX-License-Identifier: MIT */
/* Starts the page. All that changes is in app. */

const app = {};

function colourNames() {
	return [...[...Array(HUES).keys()].map((k) => "curve-" + (k + 1)), "line", "quiet"];
}

function recolour() {
	if (app.comparison) drawPlots();
}

/* What is the same in all runs. */
function common(of) {
	const values = app.ran.map(({ result }) => of(result));

	return values.length && sameIn(values) ? String(values[0] ?? "") : "";
}

function drawAbout() {
	const { scenario, status } = app.comparison;

	showAbout([
		["scenario", scenario],
		["runs", String(app.comparison.columns.length)],
		["seed", common(({ seed }) => seed)],
		["schedule", common(({ schedule }) => schedule)],
		["host", common(({ host }) => host.class)],
		["tick", common(({ guest }) => guest.ticks)],
		["exit", String(status)],
	]);
	document.title = `${scenario} · kvalab compare`;
}

function start() {
	load();
	app.cpus = [...new Set(app.drawn.map(({ cpus }) => cpus))].sort((a, b) => a - b);
	app.lines = linesOf();
	drawAbout();
	if (app.cpus.length > 1 && canPlot()) byId("made").textContent = PLOT_CREDIT;
	else if (app.cpus.length > 1) showNotices([[NO_PLOTS, false]]);
	listenToTheme();
	addEventListener("resize", fitCurves);
	drawOthers();
	drawDifferences();
	drawTable();
	document.documentElement.dataset.ready = "yes";
}

start();
