/* SPDX-License-Identifier: MIT */
/*
 * What differs, over the number of vCPUs: a plot for each count and metric, a line for each arm, TLB and host.
 * With one number of vCPUs dots on a line instead, which need no uPlot.
 */

const PLOT_HEIGHT = 190;
const HUES = 8;
/* Five, and eight hues: forty lines are different, those of one hue in their dashes. */
const DASHES = [[], [10, 6], [2, 5], [12, 4, 2, 4], [5, 5]];
/* What stands first, in this order; then all other counts and metrics, as runs have them. */
const FIRST = [/^ipis$/, /^flush/, /^pt_set$/, /per_million/];
/* Above so much between the least and the greatest value but 0, a linear scale hides the least. */
const DECADES = 100;

/* --- lines --------------------------------------------------------------------------------- */
/* [{ name, hue, dash, columns }]: a column that did not end well takes part in the order alone. */
function linesOf() {
	const lines = new Map();

	for (const column of app.comparison.columns) {
		const name = nameOf(column, app.parts) || app.comparison.scenario;

		if (!lines.has(name)) {
			const k = lines.size;

			lines.set(name, {
				name,
				hue: "curve-" + ((k % HUES) + 1),
				dash: DASHES[k % DASHES.length],
				columns: [],
			});
		}
		if (endedWell(column)) lines.get(name).columns.push(column);
	}
	return [...lines.values()].filter(({ columns }) => columns.length);
}

function drawLines() {
	byId("lines").replaceChildren(
		...app.lines.map(({ name, hue, dash }) =>
			element(
				"li",
				{},
				svg(
					"svg",
					{ "aria-hidden": "true" },
					svg("line", {
						x1: 0,
						x2: 44,
						y1: 4,
						y2: 4,
						stroke: app.colours[hue],
						"stroke-width": 2,
						"stroke-dasharray": dash.join(" "),
					}),
				),
				name,
			),
		),
	);
	byId("lines").hidden = app.lines.length < 2 || app.cpus.length < 2;
}

/* --- what is drawn ------------------------------------------------------------------------- */
function isWide(values) {
	const sizes = values.filter((value) => value).map(Math.abs);

	return sizes.length > 0 && Math.max(...sizes) > DECADES * Math.min(...sizes);
}

/* Where a value stands, from 0 on. asinh() is logarithmic but for what is near 0, and has a place for 0. */
function placeOf(value, wide) {
	return wide ? Math.asinh(value) : value;
}

function rank(name) {
	const k = FIRST.findIndex((pattern) => pattern.test(name));

	return k < 0 ? FIRST.length : k;
}

/* [{ kind, name, wide, rows }]: a row for each line, in it a value for each number of vCPUs, null for none. */
function plotsOf() {
	const plots = KINDS.flatMap(([kind, word]) =>
		namesOf(app.drawn, kind).map((name) => ({
			kind: word,
			name,
			rows: app.lines.map(({ columns }) =>
				app.cpus.map((cpus) => {
					const column = columns.find((one) => one.cpus === cpus);

					return column
						? (valueOf(column, kind, name) ?? null)
						: null;
				}),
			),
		})),
	);

	for (const plot of plots) plot.values = plot.rows.flat().filter((value) => value !== null);
	for (const plot of plots) plot.wide = isWide(plot.values);
	return plots
		.filter(({ values }) => !sameIn(values))
		.sort((a, b) => rank(a.name) - rank(b.name));
}

function captionOf({ name, kind, wide }) {
	return element(
		"figcaption",
		{},
		name,
		element("span", {}, kind + (wide ? ", logarithmic" : "")),
	);
}

/* All of it in words: "ipis: pkmap 0, 10, 39; …" */
function plotText({ name, rows }) {
	const texts = rows.map(
		(row, k) =>
			`${app.lines[k].name} ` +
			row.map((value) => (value === null ? "–" : count(value))).join(", "),
	);

	return `${name}: ${texts.join("; ")}`;
}

/* --- curves -------------------------------------------------------------------------------- */
/* 0, 1, 10, 100, …: of a wide scale. */
function decades(plot, axis, low, high) {
	const marks = [...Array(17).keys()].map((power) => 10 ** power);

	return [...marks.map((mark) => -mark).reverse(), 0, ...marks].filter(
		(mark) => low <= mark && mark <= high,
	);
}

function rangeOf(plot, low, high) {
	return [Math.min(0, low * 1.05), fromNothing(plot, low, high)[1]];
}

function axisOf(more) {
	return {
		font: PLOT_FONT,
		stroke: app.colours.quiet,
		ticks: { show: false },
		grid: { stroke: app.colours.line, width: 1 },
		...more,
	};
}

function briefly(n) {
	return n.toLocaleString("en", { notation: "compact" });
}

/* Values at the number of vCPUs that is nearest to the pointer, the greatest first. */
function hoverText(rows, at) {
	const texts = rows
		.map((row, k) => [row[at], app.lines[k].name])
		.filter(([value]) => value !== null)
		.sort(([a], [b]) => b - a)
		.map(([value, name]) => `${count(value)}  ${name}`);

	return [cpusText(app.cpus[at]), ...texts].join("\n");
}

function hoverOver(plot, rows) {
	const { idx, left, top } = plot.cursor,
		hover = byId("hover"),
		over = plot.over.getBoundingClientRect();

	hover.hidden = idx === null || idx === undefined || left < 0;
	if (hover.hidden) return;
	hover.textContent = hoverText(rows, idx);
	hover.style.left =
		Math.min(over.left + left + 16, innerWidth - hover.offsetWidth - 8) + "px";
	hover.style.top =
		Math.min(over.top + top + 16, innerHeight - hover.offsetHeight - 8) + "px";
}

function curveOptions({ wide, rows }, width) {
	return {
		width,
		height: PLOT_HEIGHT,
		padding: [10, 12, 0, 0],
		legend: { show: false },
		cursor: { drag: { x: false, y: false }, y: false },
		hooks: { setCursor: [(plot) => hoverOver(plot, rows)] },
		scales: {
			x: { time: false },
			y: { range: rangeOf, ...(wide ? { distr: 4, asinh: 1 } : {}) },
		},
		axes: [
			axisOf({
				splits: () => app.cpus,
				values: (plot, at) => at,
				size: 30,
				gap: 8,
			}),
			axisOf({
				size: 52,
				values: (plot, at) => at.map(briefly),
				...(wide
					? { splits: decades, filter: (plot, at) => at }
					: { incrs: WHOLE_STEPS }),
			}),
		],
		series: [
			{ label: "vCPUs" },
			...app.lines.map(({ name, hue, dash }) => ({
				label: name,
				stroke: app.colours[hue],
				width: 2,
				dash,
				points: { show: true, size: 6, fill: app.colours[hue] },
			})),
		],
	};
}

function curvesOf(plot) {
	return element(
		"figure",
		{ "data-plot": plot.name, role: "img", "aria-label": plotText(plot) },
		captionOf(plot),
	);
}

function drawCurves(plots) {
	const figures = plots.map(curvesOf);

	byId("plots").replaceChildren(...figures); /* their width is known now */
	app.curves = plots.map(
		(plot, k) =>
			new uPlot(
				curveOptions(plot, figures[k].clientWidth),
				[app.cpus, ...plot.rows],
				figures[k],
			),
	);
}

function fitCurves() {
	for (const plot of app.curves)
		plot.setSize({ width: plot.root.parentNode.clientWidth, height: PLOT_HEIGHT });
}

/* --- dots ---------------------------------------------------------------------------------- */
function dotOf(name, value, part) {
	const at = element("i", {});

	at.style.setProperty("--at", part);
	return [element("span", {}, name), at, element("b", {}, count(value))];
}

function dotsOf(plot) {
	const places = plot.values.map((value) => placeOf(value, plot.wide)),
		low = Math.min(0, ...places),
		high = Math.max(0, ...places);
	const dots = plot.rows.flatMap(([value], k) =>
		value === null
			? []
			: dotOf(
					app.lines[k].name,
					value,
					(placeOf(value, plot.wide) - low) / (high - low),
				),
	);

	return element(
		"figure",
		{ "data-plot": plot.name },
		captionOf(plot),
		element("div", { class: "dots" }, ...dots),
	);
}

/* --- all of it ----------------------------------------------------------------------------- */
function aboutPlots(plots) {
	if (!app.drawn.length) return "no run ended with status 0";
	if (!plots.length) return "nothing: all runs have the same counts and metrics";
	const wide = plots.some((plot) => plot.wide)
		? " Logarithmic scales begin with 0, and are logarithmic from 1 on."
		: "";

	return (
		(app.cpus.length > 1 ? "Over the number of vCPUs." : cpusText(app.cpus[0]) + ".") +
		wide
	);
}

function drawPlots() {
	const plots = plotsOf();

	drawLines();
	app.curves = [];
	byId("over").textContent = aboutPlots(plots);
	if (app.cpus.length < 2) byId("plots").replaceChildren(...plots.map(dotsOf));
	else if (canPlot()) drawCurves(plots);
}
