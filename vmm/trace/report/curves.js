/* SPDX-License-Identifier: MIT */
/* Sums over tickets, drawn by uPlot, which the build may have had no way to fetch: main.js says so then. */

/* [ticket, pages, tables, entries, interrupts]: report_counts.c */
const CURVES = [
	[["pages in use", 1, "page", "y"], ["page tables in use", 2, "table", "right"]],
	[["entries set", 3, "pt", "y"], ["interrupts for shootdowns", 4, "shoot", "right"]],
];

function curveAxis(scale, label, side)
{
	return { scale, side, label, size: side === 3 ? GUTTER - 22 : 50, labelSize: 18, labelGap: 0, labelFont: "11px system-ui, sans-serif",
		stroke: app.colours.quiet, grid: { show: side === 3, stroke: app.colours.line }, ticks: { show: false },
		font: "11px system-ui, sans-serif" };
}

function curveOptions(pair)
{
	return {
		width: app.width, height: 120, padding: [6, 0, 0, 0],
		legend: { live: true },
		cursor: { drag: { x: false, y: false }, sync: { key: "kvalab" } },
		scales: { x: { time: false, auto: false, min: app.view.from, max: app.view.to } },
		axes: [{ show: false }, curveAxis("y", pair[0][0], 3), curveAxis("right", pair[1][0], 1)],
		series: [{ label: "ticket" }, ...pair.map(([label, , hue, scale]) =>
			({ label, scale, stroke: colour(hue), width: 1.5, points: { show: false },
				paths: uPlot.paths.stepped({ align: 1 }) }))],
	};
}

function drawCurves()
{
	const points = app.trace.curves;

	byId("curves").replaceChildren();
	app.curves = [];
	if (typeof uPlot === "undefined" || points.length < 2)
		return;
	const column = (k) => points.map((point) => point[k]);

	app.curves = CURVES.map((pair) => new uPlot(curveOptions(pair),
		[column(0), ...pair.map(([, k]) => column(k))], byId("curves")));
}

/* The lanes' plot ends before the right axis: curves show as much more as that is wide. */
function moveCurves()
{
	for (const plot of app.curves || []) {
		if (plot.width !== app.width)
			plot.setSize({ width: app.width, height: 120 });
		plot.setScale("x", { min: app.view.from, max: app.view.to });
	}
}
