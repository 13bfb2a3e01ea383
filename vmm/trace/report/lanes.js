/* SPDX-License-Identifier: MIT */
/*
 * The lanes of the timeline, top to bottom. A lane has events (ticks), slices, or, where the page
 * has only numbers of events, rows of them.
 */

const MOST_SITES = 10;
const HUES = ["pt", "flush", "page", "wait", "fault", "table", "kva", "shoot", "flash", "tlb"];

function familyIds(...families) {
	return new Set(
		[...app.schema.values()]
			.filter((kind) => families.includes(kind.family))
			.map((kind) => kind.id),
	);
}

function eventsWhere(test) {
	const events = app.trace.columns,
		found = [];

	for (let i = 0; i < events.n; i++) if (test(i)) found.push(i);
	return Uint32Array.from(found);
}

/* The sites that set most entries have a colour of their own. */
function siteHues() {
	const events = app.trace.columns,
		n = new Map(),
		id = app.ids.pt_set;

	for (let i = 0; i < events.n; i++)
		if (events.id[i] === id) n.set(events.site[i], (n.get(events.site[i]) || 0) + 1);
	const most = [...n].sort((a, b) => b[1] - a[1]).slice(0, MOST_SITES);

	return new Map(most.map(([site, times], k) => [site, { hue: HUES[k], times }]));
}

function hueOf(i) {
	const events = app.trace.columns,
		site = app.sites.get(events.site[i]);
	const kind = app.schema.get(events.id[i]);

	if (site && events.id[i] === app.ids.pt_set) return site.hue;
	if (events.id[i] === app.ids.tlb_evict) return TLB.eviction;
	return kind ? kind.family : "host";
}

/* One lane for each CPU that has any of it. */
function lanesByCpu(title, families, extra) {
	const ids = familyIds(...families),
		lanes = [];

	for (const cpu of app.trace.cpus) {
		if (
			!app.trace.counts.some(
				([id, c, n]) => n && ids.has(id) && (c >= 16 ? CPU_VMM : c) === cpu,
			)
		)
			continue;
		lanes.push({
			title,
			label: cpuName(cpu),
			cpu,
			ids,
			height: 15,
			...extra,
			events: eventsWhere(
				(i) =>
					app.trace.columns.cpu[i] === cpu &&
					ids.has(app.trace.columns.id[i]),
			),
		});
	}
	return lanes;
}

function lanesBySite() {
	const id = app.ids.pt_set,
		events = app.trace.columns;

	return [...app.sites.keys()].map((site) => ({
		title: "Page tables",
		label: siteName(site),
		ids: new Set([id]),
		height: 15,
		events: eventsWhere((i) => events.id[i] === id && events.site[i] === site),
	}));
}

function tableLanes() {
	if (app.tablesBy === "site" && !app.trace.bins) return lanesBySite();
	return lanesByCpu("Page tables", ["pt", "table"]);
}

function sliceLanes(slices) {
	const lanes = lanesByCpu("Faults and waits", ["fault", "wait"], { height: 25 });

	for (const lane of lanes)
		lane.slices =
			slices &&
			slices.get(lane.cpu).filter((slice) => slice.name !== "shootdown");
	return lanes;
}

/* A shootdown is a slice behind the flushes of its CPU. */
function flushLanes(slices) {
	const lanes = lanesByCpu("Flushes, shootdowns", ["flush", "shoot"]);

	for (const lane of lanes)
		lane.behind =
			slices &&
			slices.get(lane.cpu).filter((slice) => slice.name === "shootdown");
	return lanes;
}

/* State above, what a read returns below. */
function flashLanes() {
	if (app.trace.bins) return lanesByCpu("Flash", ["flash"]);
	const modes = findStates("flash_mode", "mode", MODES),
		states = findStates("flash_state", "state", STATES);
	const parts = [...new Set([...states.keys(), ...modes.keys()])].sort((a, b) => a - b);
	const ids = familyIds("flash"),
		events = app.trace.columns;

	return parts.map((part) => ({
		title: "Flash",
		label: "partition " + part,
		ids,
		height: 24,
		flash: true,
		states: states.get(part) || [],
		modes: modes.get(part) || [],
		events: eventsWhere(
			(i) => ids.has(events.id[i]) && fieldOf(i, "partition") === part,
		),
	}));
}

/* Of all events, whatever is filtered; @lane.cpu undefined: all CPUs. */
function laneCount(lane) {
	if (!app.trace.bins) return lane.events.length;
	return app.trace.counts.reduce(
		(sum, [id, cpu, n]) =>
			sum +
			(lane.ids.has(id) && (cpu >= 16 ? CPU_VMM : cpu) === lane.cpu ? n : 0),
		0,
	);
}

function buildLanes() {
	const slices = app.trace.bins ? null : findSlices();

	app.slices = slices;
	app.sites = siteHues();
	app.lanes = [
		...tableLanes(),
		...sliceLanes(slices),
		...flushLanes(slices),
		...lanesByCpu("Soft TLB", ["tlb"]),
		...flashLanes(),
		...lanesByCpu("Everything else", ["page", "kva", "task", "mark", "host"]),
	];
	let top = AXIS_HEIGHT;

	app.lanes.forEach((lane, k) => {
		if (!k || lane.title !== app.lanes[k - 1].title) top += TITLE_HEIGHT;
		lane.n = laneCount(lane);
		lane.top = top;
		top += lane.height + 2;
	});
	app.height = top + 6;
	byId("timeline").setAttribute(
		"aria-description",
		app.lanes
			.map((lane) => `${lane.title}, ${lane.label}: ${count(lane.n)} events`)
			.join("; "),
	);
}
