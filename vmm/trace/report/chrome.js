/* SPDX-License-Identifier: MIT */
/* What frames the data: heading, notices, legend, colours, help. */

function drawAbout() {
	const env = app.trace.env;

	showAbout([
		["scenario", env.scenario],
		["arm", env.arm],
		["seed", env.seed],
		["CPUs", env.cpus],
		["host", env.host_class],
		["tier", env.tier],
		["TLB", env.tlb],
		["chip", app.trace.flash[1] ? bytesText(app.trace.flash[1]) : ""],
		["guest image", env.guest_image],
	]);
	document.title = `${env.scenario} ${env.arm} · kvalab report`;
}

const IMAGES = {
	other: "The trace was made by another guest image than the one in this kvalab",
	unknown: "The trace does not say which guest image made it",
};

function slicesText(trace) {
	const n = count(trace.events),
		width = count(trace.bins.width);

	return (
		`${n} events are more than this page holds one by one: the lanes show how many ` +
		`there are in slices of ${width} tickets. Counts, curves, maps, findings are exact.`
	);
}

/* [text, whether it is grave] */
function noticesOf(trace) {
	const list = trace.problems.map((text) => ["Damaged: " + text, true]);

	if (trace.missing)
		list.push([
			`${count(trace.missing)} tickets have no record.`,
			trace.unjudged !== "",
		]);
	if (trace.unjudged) list.push([`The rules were not judged: ${trace.unjudged}.`, true]);
	else if (!trace.ended) list.push(["The guest did not come to its end.", false]);
	if (trace.bins) list.push([slicesText(trace), false]);
	if (trace.image !== "same")
		list.push([IMAGES[trace.image] + ": no instructions are shown.", false]);
	if (!canPlot()) list.push([NO_PLOTS, false]);
	return list;
}

function drawNotices() {
	showNotices(
		app.trace.unreadable
			? [["This trace cannot be read: " + app.trace.unreadable, true]]
			: noticesOf(app.trace),
	);
}

function drawLegend() {
	const sites = [...app.sites].map(([site, { hue, times }]) =>
		element(
			"span",
			{},
			element("i", { dot: `var(--${hue})` }),
			element(
				"button",
				{
					type: "button",
					title: `Show only this site: ${sitePlace(site)}`,
					onclick: () => filterBySite(siteName(site)),
				},
				`${siteName(site)} ${count(times)}`,
			),
		),
	);

	const others = totalOf("pt_set") - [...app.sites.values()].reduce((n, s) => n + s.times, 0);

	if (others)
		sites.push(
			element(
				"span",
				{},
				element("i", { dot: "var(--site-other)" }),
				`other sites ${count(others)}`,
			),
		);
	byId("legend").replaceChildren();
	if (sites.length && !app.trace.bins)
		byId("legend").append(
			element("div", {}, element("b", {}, "entries set by"), ...sites),
		);
	for (const [event, title, hues] of [
		["fault_enter", "lasting", { fault: "fault" }],
		["wait_begin", "waits for", WAITS],
		["tlb_fill", "soft TLB", TLB],
		["flash_state", "chip", STATES],
		["flash_mode", "reads return", MODES],
	])
		if (totalOf(event))
			drawHues(
				title,
				Object.entries(hues).filter(([, hue]) => hue),
			);
}

/* What the colours of slices mean. */
function drawHues(title, hues) {
	const names = hues.map(([name, hue]) =>
		element("span", {}, element("i", { dot: `var(--${hue})` }), name),
	);

	if (!app.trace.bins)
		byId("legend").append(element("div", {}, element("b", {}, title), ...names));
}

/* --- dark and light ------------------------------------------------------------------------ */
function colourNames() {
	return [
		...FAMILIES.map(([family]) => family),
		...[WAITS, STATES, MODES, TLB].flatMap(Object.values).filter((name) => name),
		...[...Array(SITE_HUES).keys()].map((k) => "site-" + (k + 1)),
		"site-other",
		"ink",
		"quiet",
		"line",
		"soft",
		"panel",
		"strong",
		"bad",
		"select",
	];
}

function recolour() {
	if (!app.trace || app.trace.unreadable) return;
	drawCurves();
	redraw();
}

/* --- help ---------------------------------------------------------------------------------- */
const WHAT = [
	"A ticket is the trace's clock: each event has one, and they give all events of all CPUs " +
		"one order.",
	"Wheel: zoom where the pointer is; over the names of lanes, it moves them. Drag: move. Shift and drag: choose what is shown. " +
		"Double click: zoom in. A click selects.",
	"Entries are coloured by who set them (below the lanes: a click filters), everything " +
		"else by its kind (the labels above).",
	"Faults and waits last from one event to another; those that overlap lie below each " +
		"other. Behind flushes: how long a shootdown waited.",
	"Flash: above, the operation that goes on; below, what a read of the partition returns " +
		"if not the array; between, commands.",
	"The red lines are findings, the dotted ones the other sides of one. Curves, maps and the " +
		"numbers at the top are of all events, whatever is filtered; lanes say how many of " +
		"theirs are shown, and the strip shows those.",
];

function drawHelp() {
	byId("keys")
		.querySelector("tbody")
		.replaceChildren(
			...KEYS.map(([keys, about]) =>
				element(
					"tr",
					{},
					element(
						"td",
						{},
						...keys.flatMap((key) => [
							element("kbd", {}, key),
							" ",
						]),
					),
					element("td", {}, about),
				),
			),
		);
	byId("what").replaceChildren(
		...WHAT.map((text) => element("p", {}, text)),
		element(
			"p",
			{ class: "quiet" },
			`Made by kvalab ${app.version}.` + (canPlot() ? " " + PLOT_CREDIT : ""),
		),
	);
	byId("ask").addEventListener("click", () => byId("help").showModal());
}
