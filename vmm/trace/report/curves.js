/* SPDX-License-Identifier: MIT */
/* Sums over tickets, drawn by uPlot. The build may have had none: chrome.js says so. */

const CURVE_HEIGHT = 110;

/* [ticket, pages, tables, entries, interrupts]: report_counts.c */
const CURVES = [
	[
		["pages in use", 1, "page", "y"],
		["tables in use", 2, "table", "right"],
	],
	[
		["entries set", 3, "pt", "y"],
		["IPIs sent", 4, "shoot", "right"],
	],
];

/* Both axes are as wide as what lies beside the lanes. */
function curveAxis([label, , hue, scale]) {
	const left = scale === "y";

	return {
		scale,
		side: left ? 3 : 1,
		label,
		size: (left ? GUTTER : RIGHT) - 18,
		labelSize: 18,
		labelGap: 0,
		incrs: WHOLE_STEPS,
		labelFont: PLOT_FONT,
		font: PLOT_FONT,
		stroke: colour(hue),
		ticks: { show: false },
		grid: { show: left, stroke: app.colours.line, width: 1 },
	};
}

function curveOptions(pair) {
	return {
		width: app.width,
		height: CURVE_HEIGHT,
		padding: [8, 0, 8, 0],
		legend: { live: true },
		cursor: { drag: { x: false, y: false }, sync: { key: "kvalab" } },
		scales: {
			x: { time: false, auto: false, min: app.view.from, max: app.view.to },
			y: { range: fromNothing },
			right: { range: fromNothing },
		},
		axes: [{ show: false }, ...pair.map(curveAxis)],
		series: [
			{ label: "ticket" },
			...pair.map(([label, , hue, scale]) => ({
				label,
				scale,
				stroke: colour(hue),
				width: 1.5,
				points: { show: false },
				paths: uPlot.paths.stepped({ align: 1 }),
			})),
		],
	};
}

function drawCurves() {
	const points = app.trace.curves;

	byId("curves").replaceChildren();
	app.curves = [];
	byId("p-curves").hidden = !canPlot() || points.length < 2;
	if (!canPlot() || points.length < 2) return;
	const column = (k) => points.map((point) => point[k]);

	app.curves = CURVES.map(
		(pair) =>
			new uPlot(
				curveOptions(pair),
				[column(0), ...pair.map(([, k]) => column(k))],
				byId("curves"),
			),
	);
}

function moveCurves() {
	for (const plot of app.curves || []) {
		if (plot.width !== app.width)
			plot.setSize({ width: app.width, height: CURVE_HEIGHT });
		plot.setScale("x", { min: app.view.from, max: app.view.to });
	}
}
