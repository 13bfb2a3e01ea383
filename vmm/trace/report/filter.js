/* SPDX-License-Identifier: MIT */
/* Which events are shown: by family of kinds, by CPU, by their site's name or place. */

function resetFilter() {
	app.filter = {
		families: new Set(FAMILIES.map(([family]) => family)),
		cpus: new Set(app.trace.cpus),
		site: "",
	};
}

function isFiltered() {
	const { families, cpus, site } = app.filter;

	return families.size < FAMILIES.length || cpus.size < app.trace.cpus.length || site !== "";
}

/* Of what slices know: kind and CPU. */
function passes(id, cpu) {
	return app.filter.cpus.has(cpu) && app.filter.families.has(familyOfId(id));
}

function clearFilter() {
	resetFilter();
	drawFilter();
	redraw();
}

function sitesThatMatch(text) {
	const wanted = text.toLowerCase();

	return app.trace.sites.map(([, place], site) =>
		(siteName(site) + " " + place).toLowerCase().includes(wanted),
	);
}

function applyFilter() {
	const events = app.trace.columns,
		filter = app.filter;
	const sites = sitesThatMatch(filter.site),
		shown = new Uint8Array(events.n);
	let n = 0;

	for (let i = 0; i < events.n; i++) {
		shown[i] =
			filter.families.has(familyOfId(events.id[i])) &&
			filter.cpus.has(events.cpu[i]) &&
			(!filter.site || sites[events.site[i]])
				? 1
				: 0;
		n += shown[i];
	}
	app.shown = shown;
	app.overview = rememberOverview();
	countShown();
	sayShown(n);
}

function sayShown(n) {
	const all = app.trace.events,
		held = count(app.trace.columns.n);
	const text = app.trace.bins
		? `${count(all)} events in slices; ${held} one by one: marks, and around findings`
		: `${count(n)} of ${count(all)} events`;

	byId("shown").textContent = n || app.trace.bins ? text : `no match: ${text}`;
	byId("shown").classList.toggle("none", !n && !app.trace.bins);
}

/* A box that is a coloured label, too. */
function chip(text, dot, set, key) {
	const box = element("input", { type: "checkbox", value: String(key) });

	box.checked = set.has(key);
	box.addEventListener("change", () => {
		if (box.checked) set.add(key);
		else set.delete(key);
		applyFilter();
		redraw();
	});
	return element("label", { class: "chip" }, box, element("i", { dot }), text);
}

function familyExists(names) {
	return names.some((name) => totalOf(name) > 0);
}

function drawFilter() {
	const families = FAMILIES.filter(([, , names]) => familyExists(names));

	byId("cpus").replaceChildren(
		...app.trace.cpus.map((cpu) =>
			chip(cpuName(cpu), "var(--quiet)", app.filter.cpus, cpu),
		),
	);
	byId("kinds").replaceChildren(
		...families.map(([family, about]) =>
			chip(about, `var(--${family})`, app.filter.families, family),
		),
	);
	byId("site").value = app.filter.site;
	applyFilter();
}

function filterBySite(text) {
	app.filter.site = text;
	byId("site").value = text;
	applyFilter();
	redraw();
}

/* The next event that is shown; behind the last comes the first. */
function nextMatch(by) {
	const n = app.trace.columns.n;
	let i = app.selected < 0 && by < 0 ? n : app.selected;

	for (let k = 0; k < n; k++) {
		i = (i + by + n) % n;
		if (!app.shown[i]) continue;
		select(i);
		return;
	}
}

function typeInFilter(event) {
	if (event.key === "Enter") nextMatch(event.shiftKey ? -1 : 1);
	else if (event.key !== "Escape") return;
	else if (app.filter.site) filterBySite("");
	else byId("timeline").focus({ preventScroll: true });
	event.preventDefault();
	event.stopPropagation();
}

function listenToFilter() {
	byId("site").addEventListener("input", (event) => filterBySite(event.target.value));
	byId("site").addEventListener("keydown", typeInFilter);
	byId("reset").addEventListener("click", clearFilter);
}
