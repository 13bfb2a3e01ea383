/* SPDX-License-Identifier: MIT */
/* What does not hold. A click shows the events around it, and those that its sentence names. */

const FINDING_SPAN = 80;

function goTo(ticket) {
	const i = eventOf(ticket);

	if (i < 0) {
		byId("spoken").textContent =
			`The event with ticket ${count(ticket)} is not in this page.`;
		return;
	}
	setView(ticket - FINDING_SPAN / 2, ticket + FINDING_SPAN / 2);
	select(i);
	showWork();
	byId("timeline").focus({ preventScroll: true });
}

/* Timeline and event fit on the screen together: style.css. */
function showWork() {
	const { top, bottom } = byId("work").getBoundingClientRect();

	if (top < 0 || bottom > innerHeight) byId("work").scrollIntoView({ block: "start" });
}

/* What does not hold comes first. */
function placeFindings() {
	if (app.trace.nfindings) byId("work").before(byId("p-find"));
	else byId("judged").prepend(byId("p-find"));
}

function showFinding(k) {
	const ticket = app.trace.findings[k][1];

	app.finding = k;
	if (ticket) goTo(ticket);
}

/* Other events that the sentence names: the other side of the story. */
function otherTickets(text, own) {
	const found = [...text.matchAll(/\btickets? (\d+)/g)].map((match) => Number(match[1]));

	return [...new Set(found)].filter((ticket) => ticket !== own && eventOf(ticket) >= 0);
}

function whoDidIt(ticket) {
	const i = ticket ? eventOf(ticket) : -1,
		events = app.trace.columns;

	if (i < 0) return ticket ? "" : "found by the audit, at the end";
	const place = sitePlace(events.site[i]);

	return (
		`${kindName(events.id[i])} on ${cpuName(events.cpu[i])}` +
		(events.site[i] ? `, by ${siteName(events.site[i])}` : "") +
		(place ? ` (${place})` : "")
	);
}

function drawFinding([kind, ticket, text], k) {
	const others = otherTickets(text, ticket).map((other) =>
		element(
			"button",
			{ type: "button", "data-other": other, onclick: () => goTo(other) },
			`${count(other)}: ${whoDidIt(other)}`,
		),
	);
	const main = element(
		"button",
		{
			type: "button",
			class: "finding",
			"data-finding": kind,
			onclick: () => showFinding(k),
		},
		element("b", {}, kind),
		ticket ? `ticket ${count(ticket)}` : "",
		element("div", {}, text),
		element("small", {}, whoDidIt(ticket)),
	);

	return others.length ? [main, element("div", { class: "links" }, ...others)] : [main];
}

/* Counts of the oracle (docs/trace-format.md). */
function drawOracle(oracle) {
	const needed =
		oracle.ipis_needed === undefined
			? "how many would have been enough is not known"
			: `${count(oracle.ipis_needed)} would have been enough`;

	return element(
		"p",
		{ class: "oracle" },
		`By what CPUs ${oracle.exact ? "hold" : "may hold"}: ` +
			`stale uses ${count(oracle.stale_uses)}; ` +
			`reuse windows ${count(oracle.reuse_windows)} ` +
			`(longest ${count(oracle.reuse_longest)} tickets); ` +
			`flushes ${count(oracle.flushes)}, unneeded ${count(oracle.flushes_unneeded)}; ` +
			`IPIs ${count(oracle.ipis)}, unneeded ${count(oracle.ipis_unneeded)}, ${needed}.`,
	);
}

function drawFindings() {
	const { findings, nfindings, unjudged } = app.trace,
		shown = findings.flatMap(drawFinding);

	if (unjudged) shown.push(element("p", { class: "quiet" }, "Not judged: " + unjudged));
	else if (!nfindings)
		shown.push(
			element(
				"p",
				{ class: "none" },
				"✓ All rules hold that can be judged from the trace.",
			),
		);
	if (nfindings > findings.length)
		shown.push(
			element(
				"p",
				{ class: "quiet" },
				`and ${count(nfindings - findings.length)} more`,
			),
		);
	if (app.trace.oracle) shown.push(drawOracle(app.trace.oracle));
	byId("findings").replaceChildren(...shown);
}
