/* SPDX-License-Identifier: MIT */
/*
 * The lanes of the timeline, top to bottom. A lane has events (ticks), slices, or, where the page
 * has only numbers of events, rows of them.
 */

const SITE_HUES = 12; /* --site-1 … in style.css; --site-other is all others' */

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

/* Sites that findings speak of, by name or by one of their tickets. */
function sitesOfFindings() {
	const { findings, sites, columns } = app.trace,
		found = new Set();

	for (const [, ticket, text] of findings) {
		const words = new Set(text.split(/[\s,;:()]+/));

		for (const other of [ticket, ...otherTickets(text)])
			if (eventOf(other) >= 0) found.add(columns.site[eventOf(other)]);
		sites.forEach(([name], site) => site && words.has(name) && found.add(site));
	}
	return found;
}

/* How many entries each site has set, those first that set most. */
function entriesBySite() {
	const events = app.trace.columns,
		n = new Map(),
		id = app.ids.pt_set;

	for (let i = 0; i < events.n; i++)
		if (events.id[i] === id) n.set(events.site[i], (n.get(events.site[i]) || 0) + 1);
	return [...n].sort((a, b) => b[1] - a[1]);
}

/* Who has a lane: whom findings name, and who sets most. A colour belongs to one site alone. */
function siteHues() {
	const all = entriesBySite(),
		named = sitesOfFindings();
	const first = all.filter(([site]) => named.has(site)),
		rest = all.filter(([site]) => !named.has(site));
	const own = [...first, ...rest.slice(0, Math.max(0, SITE_HUES - first.length))].sort(
		(a, b) => b[1] - a[1],
	);

	return new Map(
		own.map(([site, times], k) => [
			site,
			{ hue: k < SITE_HUES ? "site-" + (k + 1) : "site-other", times },
		]),
	);
}

function hueOf(i) {
	const events = app.trace.columns,
		site = app.sites.get(events.site[i]);

	if (events.id[i] === app.ids.pt_set && !app.trace.bins)
		return site ? site.hue : "site-other";
	if (events.id[i] === app.ids.tlb_evict) return TLB.eviction;
	return familyOfId(events.id[i]);
}

/* One lane for each CPU that has any of it. */
function lanesByCpu(title, families, extra) {
	const mine = (id) => families.includes(familyOfId(id)),
		lanes = [];

	for (const cpu of app.trace.cpus) {
		if (!app.trace.counts.some(([id, c, n]) => n && mine(id) && cpuOf(c) === cpu))
			continue;
		lanes.push({
			title,
			label: cpuName(cpu),
			cpu,
			families,
			height: 15,
			...extra,
			events: eventsWhere(
				(i) =>
					app.trace.columns.cpu[i] === cpu &&
					mine(app.trace.columns.id[i]),
			),
		});
	}
	return lanes;
}

function lanesBySite() {
	const { pt_set: set, pt_store: store } = app.ids,
		events = app.trace.columns;
	const lane = (label, test) => ({
		title: "Page tables",
		label,
		height: 15,
		events: eventsWhere(test),
	});
	const rest = [
		lane("other sites", (i) => events.id[i] === set && !app.sites.has(events.site[i])),
		lane("stores seen", (i) => events.id[i] === store),
		lane("tables, spaces", (i) => familyOfId(events.id[i]) === "table"),
	];

	return [
		...[...app.sites.keys()].map((site) =>
			lane(
				siteName(site),
				(i) => events.id[i] === set && events.site[i] === site,
			),
		),
		...rest.filter(({ events: found }) => found.length),
	];
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
	const ids = familyIds("flash"),
		events = app.trace.columns;
	const parts = new Set();

	for (let i = 0; i < events.n; i++)
		if (ids.has(events.id[i])) parts.add(fieldOf(i, "partition"));

	return [...parts]
		.sort((a, b) => a - b)
		.map((part) => ({
			title: "Flash",
			label: "chip partition " + part,
			height: 24,
			flash: true,
			states: states.get(part) || [],
			modes: modes.get(part) || [],
			events: eventsWhere(
				(i) => ids.has(events.id[i]) && fieldOf(i, "partition") === part,
			),
		}));
}

/* Of all events, whatever is filtered. */
function laneCount(lane) {
	if (!app.trace.bins) return lane.events.length;
	return app.trace.counts.reduce(
		(sum, [id, cpu, n]) => sum + (isOf(lane, id, cpu) ? n : 0),
		0,
	);
}

function laneShown(lane) {
	if (!app.trace.bins) return lane.events.reduce((sum, event) => sum + app.shown[event], 0);
	return app.trace.counts.reduce(
		(sum, [id, cpu, n]) => sum + (isMine(lane, id, cpu) ? n : 0),
		0,
	);
}

/* "2 / 3,941" while something is filtered. */
function laneNumber(lane) {
	return isFiltered() ? `${count(lane.shown)} / ${count(lane.n)}` : count(lane.n);
}

function countShown() {
	for (const lane of app.lanes) lane.shown = laneShown(lane);
	byId("timeline").setAttribute(
		"aria-description",
		app.lanes
			.map((lane) => `${lane.title}, ${lane.label}: ${laneNumber(lane)} events`)
			.join("; "),
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
	let top = 0;

	app.lanes.forEach((lane, k) => {
		if (!k || lane.title !== app.lanes[k - 1].title) top += TITLE_HEIGHT;
		lane.n = laneCount(lane);
		lane.top = top;
		top += lane.height + 2;
	});
	app.height = top + 6;
	countShown();
}
