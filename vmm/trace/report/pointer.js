/* SPDX-License-Identifier: MIT */
/* Wheel, drag, hover and click on the timeline and its overview. */

const NEAR = 5; /* pixels */

function laneAt(y) {
	return app.lanes.find((lane) => y >= lane.top - 1 && y < lane.top + lane.height + 1);
}

function sliceAt(slices, x, y, top, row) {
	return (slices || []).find(
		(slice) =>
			slice.hue &&
			app.shown[slice.begin] &&
			x >= xOf(slice.from) - 1 &&
			x <= Math.max(xOf(slice.to), xOf(slice.from) + 2) &&
			(!row || Math.floor((y - top) / row) === slice.row),
	);
}

/* The nearest event of the lane; -1: none is near. */
function tickAt(lane, x) {
	const events = lane.events,
		tickets = app.trace.columns.ticket;
	let best = -1,
		distance = NEAR;

	for (let k = firstIn(events, ticketAt(x - NEAR)); k < events.length; k++) {
		const away = Math.abs(xOf(tickets[events[k]]) - x);

		if (xOf(tickets[events[k]]) > x + NEAR) break;
		if (app.shown[events[k]] && away < distance) {
			best = events[k];
			distance = away;
		}
	}
	return best;
}

/* { event, slice } at a point of the canvas; event -1: nothing. */
function thingAt(x, y) {
	const lane = laneAt(y);

	if (!lane || x < GUTTER) return { event: -1 };
	const slice = lane.slices
		? sliceAt(lane.slices, x, y, lane.top, 8)
		: lane.flash
			? sliceAt(y < lane.top + 15 ? lane.states : lane.modes, x, y, 0, 0)
			: null;

	if (slice) return { event: slice.begin, slice };
	return { event: tickAt(lane, x), lane };
}

function hoverText({ event, slice }) {
	const events = app.trace.columns,
		place = sitePlace(events.site[event]);
	const fields = fieldsOf(event)
		.map(([name, text]) => name + "=" + text)
		.join(" ");
	const lasts = slice ? `${slice.name}: ${count(slice.to - slice.from)} tickets, ` : "";

	return [
		element("b", {}, `${kindName(events.id[event])} · ${cpuName(events.cpu[event])}`),
		element("div", {}, `${lasts}ticket ${count(events.ticket[event])}`),
		element("div", {}, siteName(events.site[event]) + (place ? ` (${place})` : "")),
		element("code", {}, fields),
	];
}

function showHover(pointer) {
	const box = byId("hover"),
		thing = thingAt(pointer.offsetX, pointer.offsetY);

	box.hidden = thing.event < 0;
	if (box.hidden) return;
	box.replaceChildren(...hoverText(thing));
	const { offsetWidth: width, offsetHeight: height } = box;

	box.style.left = Math.max(4, Math.min(pointer.clientX + 14, innerWidth - width - 8)) + "px";
	box.style.top =
		(pointer.clientY + 18 + height > innerHeight
			? pointer.clientY - height - 12
			: pointer.clientY + 18) + "px";
}

/* A drag moves the picture, with Shift it chooses what is shown; without a move it is a click. */
function listenToDrag(canvas) {
	let start = null;

	canvas.addEventListener("pointerdown", (pointer) => {
		canvas.setPointerCapture(pointer.pointerId);
		start = {
			x: pointer.offsetX,
			view: app.view,
			top: byId("lanes").scrollTop + pointer.clientY,
			y: pointer.clientY,
			moved: false,
			shift: pointer.shiftKey,
		};
	});
	canvas.addEventListener("pointermove", (pointer) => {
		if (!start) {
			showHover(pointer);
			return;
		}
		const by =
			((pointer.offsetX - start.x) / plotWidth()) *
			(start.view.to - start.view.from);

		start.moved =
			start.moved ||
			Math.abs(pointer.offsetX - start.x) > 3 ||
			Math.abs(pointer.clientY - start.y) > 3;
		canvas.classList.toggle("moving", start.moved);
		byId("hover").hidden = true;
		if (!start.moved || start.shift) return;
		byId("lanes").scrollTop = start.top - pointer.clientY;
		setView(start.view.from - by, start.view.to - by);
	});
	canvas.addEventListener("pointerup", (pointer) => {
		const was = start;

		start = null;
		canvas.classList.remove("moving");
		if (was && was.moved && was.shift)
			setView(
				...[ticketAt(was.x), ticketAt(pointer.offsetX)].sort(
					(a, b) => a - b,
				),
			);
		else if (was && !was.moved) select(thingAt(pointer.offsetX, pointer.offsetY).event);
	});
	canvas.addEventListener("pointercancel", () => {
		start = null;
	});
	canvas.addEventListener("pointerleave", () => {
		byId("hover").hidden = true;
	});
}

function listenToOverview(canvas) {
	const move = (pointer) => {
		const part = (pointer.offsetX - GUTTER) / plotWidth(),
			half = (app.view.to - app.view.from) / 2;
		const at = app.trace.first + part * (app.trace.last - app.trace.first);

		setView(at - half, at + half);
	};

	canvas.addEventListener("pointerdown", (pointer) => {
		canvas.setPointerCapture(pointer.pointerId);
		move(pointer);
	});
	canvas.addEventListener("pointermove", (pointer) => {
		if (pointer.buttons) move(pointer);
	});
}

function listenToPointer() {
	const canvas = byId("timeline");

	canvas.addEventListener(
		"wheel",
		(wheel) => {
			if (wheel.offsetX < GUTTER) return; /* over the names it moves the lanes */
			wheel.preventDefault();
			if (wheel.shiftKey || Math.abs(wheel.deltaX) > Math.abs(wheel.deltaY))
				pan((wheel.deltaX || wheel.deltaY) / 1000);
			else zoom(1.0015 ** wheel.deltaY, ticketAt(wheel.offsetX));
		},
		{ passive: false },
	);
	canvas.addEventListener("dblclick", (pointer) => zoom(0.4, ticketAt(pointer.offsetX)));
	listenToDrag(canvas);
	listenToOverview(byId("overview"));
}
