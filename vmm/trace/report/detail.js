/* SPDX-License-Identifier: MIT */
/* The selected event: all it says, instructions at its rip, the events around it. */

const AROUND = 12;

function definition([name, text]) {
	return [element("dt", {}, name), element("dd", { "data-field": name }, text)];
}

function drawFields(i) {
	const events = app.trace.columns,
		place = sitePlace(events.site[i]);
	const rows = [
		["event", kindName(events.id[i])],
		["ticket", count(events.ticket[i])],
		["who", cpuName(events.cpu[i])],
		["site", siteName(events.site[i]) + (place ? "  " + place : "")],
		...fieldsOf(i),
	];

	byId("fields").replaceChildren(...rows.flatMap(definition));
}

/* What went on on its CPU: the fault that an entry was set for, the shootdown of an interrupt. */
function drawWithin(i) {
	const events = app.trace.columns,
		ticket = events.ticket[i];
	const around = app.slices
		? (app.slices.get(events.cpu[i]) || []).filter(
				(slice) =>
					slice.begin !== i &&
					slice.from <= ticket &&
					ticket <= slice.to,
			)
		: [];
	const buttons = around
		.slice(-5)
		.map((slice) =>
			element(
				"button",
				{ type: "button", onclick: () => select(slice.begin) },
				`${slice.name}, from ${count(slice.from)}${whereOf(slice.begin)}`,
			),
		);

	if (buttons.length)
		byId("fields").append(
			element("dt", {}, "within"),
			element("dd", { "data-field": "within" }, ...buttons),
		);
}

/* " at memcpy+0x6e" */
function whereOf(i) {
	const kind = app.schema.get(app.trace.columns.id[i]),
		f = kind.index.get("rip");
	const found = f === undefined ? null : codeAt(wholeField(i, f));

	return found && found[0] ? " at " + found[0] : "";
}

function codeLine([address, text, at]) {
	return element(
		"span",
		{ class: at ? "at" : "" },
		`${at ? "→" : " "} ${address}  ${text}\n`,
	);
}

function codeLines([symbol, insns]) {
	return element(
		"pre",
		{ "aria-label": "instructions" },
		symbol + "\n",
		...insns.map(codeLine),
	);
}

function whyNoCode() {
	return app.trace.image === "same"
		? "the address lies outside the guest's image."
		: "not of the guest image that is in this kvalab.";
}

function drawCode(i) {
	const kind = app.schema.get(app.trace.columns.id[i]),
		f = kind ? kind.index.get("rip") : undefined;
	const found = f === undefined ? null : codeAt(wholeField(i, f)),
		shown = [];

	if (found && found[1].length) shown.push(codeLines(found));
	else if (f !== undefined)
		shown.push(element("p", { class: "quiet" }, "No instructions: " + whyNoCode()));
	byId("code").replaceChildren(...shown);
}

function aroundRow(i) {
	const events = app.trace.columns,
		kind = app.schema.get(events.id[i]);
	const fields = fieldsOf(i)
		.map(([name, text]) => name + "=" + text)
		.join(" ");

	/* The button is for the keyboard: its click is the row's. */
	return element(
		"tr",
		{
			class: i === app.selected ? "here" : "",
			"data-ticket": events.ticket[i],
			"aria-current": i === app.selected ? "true" : false,
			onclick: () => select(i),
		},
		element(
			"td",
			{ class: "n" },
			element(
				"button",
				{ type: "button", class: "plain" },
				count(events.ticket[i]),
			),
		),
		element("td", {}, cpuName(events.cpu[i])),
		element(
			"td",
			{},
			element("span", {
				class: "dot",
				dot: `var(--${kind ? kind.family : "host"})`,
			}),
			kindName(events.id[i]),
		),
		element("td", { title: sitePlace(events.site[i]) }, siteName(events.site[i])),
		element("td", {}, fields),
	);
}

/* Filtered ones, too: what lies around does not depend on what is looked for. */
function drawAround(i) {
	const rows = [],
		box = byId("around"),
		from = Math.max(0, i - AROUND),
		to = Math.min(app.trace.columns.n - 1, i + AROUND),
		focused = document.activeElement !== box && box.contains(document.activeElement);

	for (let k = from; k <= to; k++) rows.push(aroundRow(k));
	box.replaceChildren(
		tableOf(
			["ticket", "who", "event", "site", "fields"].map((name) =>
				element("th", { scope: "col" }, name),
			),
			rows,
		),
	);
	const here = box.querySelector(".here");

	box.scrollTop = here.offsetTop - box.clientHeight / 2;
	if (focused) here.querySelector("button").focus({ preventScroll: true });
}

function speak(i) {
	const events = app.trace.columns;

	byId("spoken").textContent =
		`${kindName(events.id[i])} on ${cpuName(events.cpu[i])} ` +
		(events.site[i] ? `by ${siteName(events.site[i])}, ` : "") +
		`ticket ${count(events.ticket[i])}`;
}

/* Lanes scroll in their box: the one of the event must be seen. */
function showLaneOf(i) {
	const box = byId("lanes"),
		lane = app.lanes.find(({ events }) => events.includes(i));

	if (!lane || box.scrollHeight <= box.clientHeight) return;
	const top = lane.top - TITLE_HEIGHT,
		bottom = lane.top + lane.height + 4;

	if (top < box.scrollTop) box.scrollTop = top;
	else if (bottom > box.scrollTop + box.clientHeight)
		box.scrollTop = bottom - box.clientHeight;
}

/* @i: an event, or -1. The view follows it. */
function select(i) {
	app.selected = i;
	byId("event").classList.toggle("full", i >= 0);
	if (i < 0) {
		for (const id of ["fields", "code", "around"]) byId(id).replaceChildren();
		byId("spoken").textContent =
			"None is selected: click one in the timeline, or a finding.";
	} else {
		const ticket = app.trace.columns.ticket[i],
			half = span() / 2;

		drawFields(i);
		drawWithin(i);
		drawCode(i);
		drawAround(i);
		speak(i);
		if (ticket < app.view.from || ticket > app.view.to)
			setView(ticket - half, ticket + half);
		showLaneOf(i);
	}
	redraw();
}
