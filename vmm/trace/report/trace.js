/* SPDX-License-Identifier: MIT */
/* The data in the page, made ready: the schema of events, and one trace at a time. */

/* Kinds of events that are filtered, coloured and counted together. */
const FAMILIES = [
	["pt", "entries", ["pt_set", "pt_store"]],
	["table", "tables, spaces", ["table_alloc", "table_free", "mm_create", "mm_destroy"]],
	["flush", "flushes", ["root_load", "tlb_flush"]],
	["shoot", "shootdowns", ["shootdown_begin", "shootdown_end", "ipi_send", "ipi_ack"]],
	["tlb", "soft TLB", ["tlb_fill", "tlb_evict"]],
	["fault", "faults", ["fault_enter", "fault_exit"]],
	["wait", "waits", ["wait_begin", "wait_end"]],
	["flash", "flash", ["flash_mark", "flash_command", "flash_state", "flash_mode"]],
	["page", "pages", ["page_alloc", "page_free"]],
	["kva", "addresses, uses", ["kva_get", "kva_put", "use"]],
	["task", "tasks", ["task_switch"]],
	["mark", "marks", ["mark"]],
	["host", "exits, slots", ["vm_exit", "slot_change", "unclaimed"]],
];

/* A kind that no family names (one of a later version) is the last family's. */
function familyOf(name) {
	const found = FAMILIES.find(([, , names]) => names.includes(name));

	return found ? found[0] : FAMILIES[FAMILIES.length - 1][0];
}

function familyOfId(id) {
	const kind = app.schema.get(id);

	return kind ? kind.family : FAMILIES[FAMILIES.length - 1][0];
}

/* A number of the trace's, as the page has it: what is no vCPU is the VMM. */
function cpuOf(cpu) {
	return cpu >= 16 ? CPU_VMM : cpu;
}

function loadSchema() {
	const data = jsonOf("schema");

	app.version = data.version;
	app.ntraces = data.traces;
	app.bits = data.bits.map(([name, bits]) => [name, BigInt(bits)]);
	app.schema = new Map();
	app.ids = {};
	for (const [id, name, fields] of data.events) {
		const index = new Map(fields.map(([field], f) => [field, f]));

		app.schema.set(id, { id, name, fields, index, family: familyOf(name) });
		app.ids[name] = id;
	}
}

function loadTrace(number) {
	const trace = jsonOf("trace-" + number) || {
		name: "",
		unreadable: "it is not in this page",
	};

	trace.number = number;
	if (trace.unreadable) return trace;
	trace.columns = decodeEvents(byId("events-" + number).textContent, trace.held, app.schema);
	trace.cpus = [...new Set(trace.counts.map(([, cpu]) => cpu))]
		.sort((a, b) => a - b)
		.map(cpuOf);
	trace.total = new Map();
	for (const [id, , n] of trace.counts) trace.total.set(id, (trace.total.get(id) || 0) + n);
	return trace;
}

function totalOf(name) {
	return app.trace.total.get(app.ids[name]) || 0;
}

/* The first event from @ticket on; may be one behind the last. */
function eventFrom(ticket) {
	const tickets = app.trace.columns.ticket;
	let low = 0,
		high = tickets.length;

	while (low < high) {
		const middle = (low + high) >> 1;

		if (tickets[middle] < ticket) low = middle + 1;
		else high = middle;
	}
	return low;
}

/* The event with this ticket; -1: it is not in the page. */
function eventOf(ticket) {
	const i = eventFrom(ticket);

	return i < app.trace.columns.n && app.trace.columns.ticket[i] === ticket ? i : -1;
}
