/* SPDX-License-Identifier: MIT */
/* What lasts from one event to another: faults, waits, shootdowns; and states of the chip. */

/* Slices that overlap lie below each other. */
function stack(slices, rows) {
	const busy = [];

	slices.sort((a, b) => a.from - b.from);
	for (const slice of slices) {
		let row = busy.findIndex((until) => until <= slice.from);

		if (row < 0) row = Math.min(busy.length, rows - 1);
		busy[row] = slice.to;
		slice.row = row;
	}
	return slices;
}

/* Begins and ends of one kind: key(i) says what belongs together. */
class Pairs {
	constructor(slices, end) {
		this.slices = slices;
		this.end = end; /* of the trace, for what never ends */
		this.open = new Map();
	}

	begin(key, i, about) {
		const slice = {
			begin: i,
			from: app.trace.columns.ticket[i],
			to: this.end,
			...about,
		};

		this.slices.push(slice);
		this.open.set(key, slice);
	}

	finish(key, i) {
		const slice = this.open.get(key);

		if (!slice) return;
		slice.to = app.trace.columns.ticket[i];
		this.open.delete(key);
	}
}

const WAITS = { chip: "wait", chip_write: "wait-write", ack: "wait-ack", task: "wait-task" };

function putSlice(pairs, i, name) {
	const events = app.trace.columns,
		cpu = events.cpu[i];
	const what = name.startsWith("wait") ? fieldText(i, 0) : "";
	const wait = [what, fieldOf(i, "object"), fieldOf(i, "task")].join();

	switch (name) {
		case "fault_enter":
			pairs.begin([cpu, "fault", wholeField(i, 1)].join(), i, {
				cpu,
				name: "fault",
				hue: "fault",
			});
			break;
		case "fault_exit":
			pairs.finish([cpu, "fault", wholeField(i, 1)].join(), i);
			break;
		case "wait_begin":
			pairs.begin(wait, i, {
				cpu,
				name: "wait for " + what,
				hue: WAITS[what] || "wait",
			});
			break;
		case "wait_end":
			pairs.finish(wait, i);
			break;
		case "shootdown_begin":
			pairs.begin([cpu, fieldOf(i, "shootdown")].join(), i, {
				cpu,
				name: "shootdown",
				hue: "shoot",
			});
			break;
		case "shootdown_end":
			pairs.finish([cpu, fieldOf(i, "shootdown")].join(), i);
			break;
	}
}

/* By CPU. */
function findSlices() {
	const events = app.trace.columns,
		slices = [],
		byCpu = new Map();
	const pairs = new Pairs(slices, app.trace.last),
		ids = familyIds("fault", "wait", "shoot");

	for (let i = 0; i < events.n; i++)
		if (ids.has(events.id[i])) putSlice(pairs, i, kindName(events.id[i]));
	for (const cpu of app.trace.cpus)
		byCpu.set(
			cpu,
			stack(
				slices.filter((slice) => slice.cpu === cpu),
				3,
			),
		);
	return byCpu;
}

const STATES = {
	program: "st-program",
	program_suspended: "st-program-suspended",
	erase: "st-erase",
	erase_suspended: "st-erase-suspended",
	check: "st-check",
	lock: "st-lock",
};
const MODES = {
	array: "",
	status: "md-status",
	id: "md-id",
	cfi: "md-cfi",
	other: "md-other",
};

const TLB = { fill: "tlb", eviction: "tlb-evict" };

/* One lane of segments for each partition of the chip, from events of @name. */
function findStates(name, field, hues) {
	const events = app.trace.columns,
		id = app.ids[name],
		parts = new Map();

	for (let i = 0; i < events.n; i++) {
		if (events.id[i] !== id) continue;
		const part = fieldOf(i, "partition"),
			list = parts.get(part) || [];
		const f = app.schema.get(id).index.get(field),
			text = fieldText(i, f);

		if (list.length) list[list.length - 1].to = events.ticket[i];
		list.push({
			begin: i,
			from: events.ticket[i],
			to: app.trace.last,
			name: text,
			hue: hues[text] || "",
			row: 0,
			part,
		});
		parts.set(part, list);
	}
	return parts;
}
