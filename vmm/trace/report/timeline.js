/* SPDX-License-Identifier: MIT */
/* The picture of the lanes. Which tickets it shows is app.view; others call redraw(). */

const GUTTER = 128; /* names of lanes, left */
const RIGHT = 84; /* how many events are in the lane; the right axis of curves */
const AXIS_HEIGHT = 32; /* tickets, below them marks */
const NEAR_LABELS = 8; /* pixels that must be between two of them */
const TITLE_HEIGHT = 20;
const LEAST_TICKETS = 8;
const BINS = 2048; /* REPORT_BINS */

function plotWidth() {
	return Math.max(50, app.width - GUTTER - RIGHT);
}

function xOf(ticket) {
	return GUTTER + ((ticket - app.view.from) / (app.view.to - app.view.from)) * plotWidth();
}

function ticketAt(x) {
	return app.view.from + ((x - GUTTER) / plotWidth()) * (app.view.to - app.view.from);
}

/* Everything is at most a little more than the trace. */
function setView(from, to) {
	const first = app.trace.first - 0.5,
		last = Math.max(app.trace.last + 0.5, first + LEAST_TICKETS);
	const width = Math.min(Math.max(to - from, LEAST_TICKETS), last - first);
	const start = Math.min(Math.max(from + (to - from - width) / 2, first), last - width);

	app.view = { from: start, to: start + width };
	redraw();
}

function showAll() {
	setView(app.trace.first - 0.5, app.trace.last + 0.5);
}

function zoom(factor, around) {
	const { from, to } = app.view,
		at = around === undefined ? (from + to) / 2 : around;

	setView(at - (at - from) * factor, at + (to - at) * factor);
}

function pan(part) {
	const move = (app.view.to - app.view.from) * part;

	setView(app.view.from + move, app.view.to + move);
}

/* --- drawing ------------------------------------------------------------------------------- */
function prepare(canvas, height) {
	const scale = window.devicePixelRatio || 1,
		width = canvas.clientWidth;
	const context = canvas.getContext("2d");

	canvas.style.height = height + "px";
	if (
		canvas.width !== Math.round(width * scale) ||
		canvas.height !== Math.round(height * scale)
	) {
		canvas.width = Math.round(width * scale);
		canvas.height = Math.round(height * scale);
	}
	context.setTransform(scale, 0, 0, scale, 0, 0);
	context.clearRect(0, 0, width, height);
	context.font = '11px system-ui, "DejaVu Sans", sans-serif';
	context.textBaseline = "middle";
	return context;
}

/* 1, 2 or 5 times a power of ten: about eight of them. */
function stepOf(span) {
	const raw = span / 8,
		power = 10 ** Math.floor(Math.log10(raw));

	return Math.max(1, [1, 2, 5, 10].find((k) => k * power >= raw) * power);
}

function axisTickets() {
	const step = stepOf(app.view.to - app.view.from),
		tickets = [];

	for (let t = Math.ceil(app.view.from / step) * step; t <= app.view.to; t += step)
		tickets.push(t);
	return tickets;
}

/* It stays where it is while lanes scroll below it. */
function drawAxis() {
	const context = prepare(byId("axis"), AXIS_HEIGHT);

	context.fillStyle = app.colours.quiet;
	context.fillText("ticket", 4, 8);
	context.textAlign = "center";
	for (const t of axisTickets()) context.fillText(count(t), Math.round(xOf(t)) + 0.5, 8);
	drawMarkNames(context);
}

function drawGrid(context) {
	context.fillStyle = app.colours.line;
	for (const t of axisTickets()) context.fillRect(Math.round(xOf(t)), 0, 1, app.height);
}

/* Which mark names have room, from left to right: [[text, where it begins], …]. */
function markNames(context) {
	const names = [];
	let free = GUTTER;

	for (const i of app.marks) {
		const x = xOf(app.trace.columns.ticket[i]),
			text = fieldText(i, 0),
			width = context.measureText(text).width;
		const left = Math.min(x + 4, app.width - RIGHT - width);

		if (x < GUTTER || x > app.width - RIGHT || left < free) continue;
		names.push([text, left]);
		free = left + width + NEAR_LABELS;
	}
	return names;
}

function drawMarkNames(context) {
	context.textAlign = "left";
	context.fillStyle = app.colours.quiet;
	const names = markNames(context);

	for (const [text, left] of names) context.fillText(text, left, 24);
	byId("axis").dataset.marks = JSON.stringify(names);
}

/* Not squeezed: that could not be read. */
function cutText(context, text, width) {
	let n = text.length;

	if (context.measureText(text).width <= width) return text;
	while (n && context.measureText(text.slice(0, n) + "…").width > width) n--;
	return text.slice(0, n) + "…";
}

function drawNames(context, lane, k) {
	if (!k || lane.title !== app.lanes[k - 1].title) {
		context.fillStyle = app.colours.ink;
		context.font = 'bold 11px system-ui, "DejaVu Sans", sans-serif';
		context.fillText(lane.title, 4, lane.top - TITLE_HEIGHT / 2 + 2);
		context.font = '11px system-ui, "DejaVu Sans", sans-serif';
	}
	context.fillStyle = app.colours.quiet;
	context.fillText(cutText(context, lane.label, GUTTER - 20), 14, lane.top + lane.height / 2);
	context.textAlign = "right";
	context.fillText(laneNumber(lane), app.width - 4, lane.top + lane.height / 2, RIGHT - 8);
	context.textAlign = "left";
	context.fillStyle = app.colours.soft;
	context.fillRect(GUTTER, lane.top, plotWidth(), lane.height);
}

/* The lane's events from the view's first on. */
function firstIn(events, ticket) {
	const tickets = app.trace.columns.ticket;
	let low = 0,
		high = events.length;

	while (low < high) {
		const middle = (low + high) >> 1;

		if (tickets[events[middle]] < ticket) low = middle + 1;
		else high = middle;
	}
	return low;
}

/* Many events of one colour on one pixel are one rectangle. */
function drawTicks(context, lane, top, height) {
	const tickets = app.trace.columns.ticket,
		events = lane.events;
	const width = Math.min(6, Math.max(1, (plotWidth() / (app.view.to - app.view.from)) * 0.7));
	const last = new Map();

	for (let k = firstIn(events, app.view.from); k < events.length; k++) {
		const i = events[k],
			ticket = tickets[i];

		if (ticket > app.view.to) break;
		if (!app.shown[i]) continue;
		const x = Math.round(xOf(ticket) - width / 2),
			hue = hueOf(i);

		if (last.get(hue) === x) continue;
		last.set(hue, x);
		context.fillStyle = colour(hue);
		context.fillRect(x, top, width, height);
	}
}

function drawSlices(context, slices, top, row, height, alpha) {
	for (const slice of slices) {
		if (
			slice.to < app.view.from ||
			slice.from > app.view.to ||
			!slice.hue ||
			!app.shown[slice.begin]
		)
			continue;
		const x = Math.max(GUTTER, xOf(slice.from)),
			end = Math.min(xOf(slice.to), app.width - RIGHT);
		const wide = Math.max(1.5, end - x),
			y = top + slice.row * row;

		context.globalAlpha = alpha;
		context.fillStyle = colour(slice.hue);
		context.fillRect(x, y, wide, height);
		context.globalAlpha = 1;
		if (wide > 60 && height >= 12 && alpha === 1) {
			context.fillStyle = app.colours.panel;
			context.fillText(slice.name, x + 4, y + height / 2 + 0.5, wide - 8);
		}
	}
}

function isOf(lane, id, cpu) {
	return lane.families.includes(familyOfId(id)) && cpuOf(cpu) === lane.cpu;
}

function isMine(lane, id, cpu) {
	return isOf(lane, id, cpu) && passes(id, lane.cpu);
}

/* Numbers of events in slices of tickets: bars of all kinds one on the other. */
function drawBins(context, lane) {
	const { first, width, rows } = app.trace.bins,
		mine = rows.filter(([id, cpu]) => isMine(lane, id, cpu));
	const bar = (width / (app.view.to - app.view.from)) * plotWidth(),
		sums = new Float64Array(BINS);
	const done = new Float64Array(BINS);

	for (const [, , row] of mine)
		row.forEach((n, b) => {
			sums[b] += n;
		});
	const most = Math.max(1, ...sums);

	for (const [id, , row] of mine) {
		context.fillStyle = colour(familyOfId(id));
		row.forEach((n, b) => {
			const x = xOf(first + b * width),
				height = (n / most) * lane.height;

			if (n && x + bar >= GUTTER && x <= app.width - RIGHT)
				context.fillRect(
					x,
					lane.top + lane.height - done[b] - height,
					Math.max(1, bar),
					height,
				);
			done[b] += height;
		});
	}
}

function drawLane(context, lane) {
	if (app.trace.bins) drawBins(context, lane);
	if (lane.behind) drawSlices(context, lane.behind, lane.top, 0, lane.height, 0.3);
	if (lane.slices) drawSlices(context, lane.slices, lane.top, 8, 8, 1);
	else if (lane.flash) drawFlash(context, lane);
	else drawTicks(context, lane, lane.top, lane.height);
}

function drawFlash(context, lane) {
	drawSlices(context, lane.states, lane.top, 0, 14, 1);
	drawSlices(context, lane.modes, lane.top + 17, 0, 6, 1);
	drawTicks(
		context,
		{
			events: lane.events.filter(
				(i) => app.trace.columns.id[i] === app.ids.flash_command,
			),
		},
		lane.top + 14,
		3,
	);
}

/* --- what lies over the lanes -------------------------------------------------------------- */
function drawLine(context, ticket, hue, dash) {
	const x = Math.round(xOf(ticket)) + 0.5;

	if (x < GUTTER || x > app.width - RIGHT) return;
	context.strokeStyle = hue;
	context.setLineDash(dash);
	context.beginPath();
	context.moveTo(x, 0);
	context.lineTo(x, app.height);
	context.stroke();
	context.setLineDash([]);
}

function drawMarks(context) {
	const events = app.trace.columns;

	for (const i of app.marks) drawLine(context, events.ticket[i], app.colours.quiet, [3, 3]);
	for (const [, ticket] of app.trace.findings)
		if (ticket) drawLine(context, ticket, app.colours.bad, []);
	if (app.finding !== undefined)
		for (const ticket of otherTickets(app.trace.findings[app.finding][2]))
			drawLine(context, ticket, app.colours.bad, [2, 3]);
	if (app.selected >= 0)
		drawLine(context, events.ticket[app.selected], app.colours.select, []);
}

/* Tickets are dense, so each column is full but for what is filtered: what it consists of matters. */
function drawColumn(context, { rows, all }, x) {
	let y = 34;

	for (const [family] of FAMILIES) {
		const height = (rows[family][x] / all[x]) * 34;

		if (!height) continue;
		y -= height;
		context.fillStyle = colour(family);
		context.fillRect(GUTTER + x, y, 1, height);
	}
}

function drawOverview() {
	const canvas = byId("overview"),
		context = prepare(canvas, 34),
		n = Math.round(plotWidth());
	const overview = app.overview(n);
	const span = app.trace.last - app.trace.first + 1;
	const at = (ticket) => GUTTER + ((ticket - app.trace.first) / span) * n;

	for (let x = 0; x < n; x++) drawColumn(context, overview, x);
	context.fillStyle = app.colours.bad;
	for (const [, ticket] of app.trace.findings)
		if (ticket) context.fillRect(at(ticket) - 1, 0, 2, 34);
	context.fillStyle = app.colours.quiet;
	context.fillText("whole trace", 4, 17);
	context.globalAlpha = 0.6;
	context.fillStyle = app.colours.panel;
	context.fillRect(GUTTER, 0, at(app.view.from) - GUTTER, 34);
	context.fillRect(at(app.view.to), 0, GUTTER + n - at(app.view.to), 34);
	context.globalAlpha = 1;
	context.strokeStyle = app.colours.strong;
	context.strokeRect(
		at(app.view.from) + 0.5,
		0.5,
		Math.max(2, at(app.view.to) - at(app.view.from)) - 1,
		33,
	);
}

function drawTimeline() {
	const canvas = byId("timeline");

	app.width = canvas.clientWidth;
	drawOverview();
	const context = prepare(canvas, app.height);

	app.lanes.forEach((lane, k) => drawNames(context, lane, k));
	drawGrid(context);
	drawAxis();
	context.save();
	context.beginPath();
	context.rect(GUTTER, 0, plotWidth(), app.height);
	context.clip();
	app.lanes.forEach((lane) => drawLane(context, lane));
	drawMarks(context);
	context.restore();
	canvas.dataset.from = app.view.from;
	canvas.dataset.to = app.view.to;
}

/* At most once a frame. */
function redraw() {
	if (app.pending) return;
	app.pending = true;
	requestAnimationFrame(() => {
		app.pending = false;
		if (app.trace.unreadable) return;
		drawTimeline();
		moveCurves();
	});
}
