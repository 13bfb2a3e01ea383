/* SPDX-License-Identifier: MIT */
/* How events read. */

function bytesText(bytes) {
	const unit = [
		[2 ** 30, "GiB"],
		[2 ** 20, "MiB"],
		[2 ** 10, "KiB"],
	].find(([size]) => bytes >= size);

	if (!unit) return bytes + " B";
	return (bytes / unit[0]).toLocaleString("en", { maximumFractionDigits: 1 }) + " " + unit[1];
}

function hex(value) {
	return "0x" + value.toString(16);
}

function cpuName(cpu) {
	return cpu === CPU_VMM ? "VMM" : "CPU " + cpu;
}

function kindName(id) {
	return app.schema.has(id) ? app.schema.get(id).name : "event " + id;
}

function colour(name) {
	return app.colours[name] || app.colours["site-other"];
}

/* As "trace print" shows entries: 0x8000000012345063(RW,NX,A,D). */
function entryText(value, level) {
	const set = new Set(app.bits.filter(([, bits]) => value & bits).map(([name]) => name));
	const shown = ["U", "NX", "WT", "UC", "A", "D", "G", "SW"].filter((name) => set.has(name));

	if (!set.has("P")) return hex(value) + (value ? "(not present)" : "");
	shown.unshift(set.has("W") ? "RW" : "RO");
	if (level > 1 && set.has("LARGE")) shown.push("LARGE");
	return hex(value) + "(" + shown.join() + ")";
}

function codeAt(address) {
	return app.trace.code[hex(address)];
}

/* Field @f of event @i, as all its 64 bits. */
function wholeField(i, f) {
	const events = app.trace.columns,
		at = events.at[i] + f;

	return (BigInt(events.hi[at]) << 32n) | BigInt(events.lo[at]);
}

function fieldText(i, f) {
	const [name, decimal, words] = app.schema.get(app.trace.columns.id[i]).fields[f];
	const value = wholeField(i, f);

	if (words[value]) return words[value];
	if (Object.keys(words).length)
		return hex(value); /* words it should have: no number to count with */
	if (name === "old" || name === "new" || name === "entry")
		return entryText(value, fieldOf(i, "level"));
	if (name === "rip" && codeAt(value) && codeAt(value)[0])
		return hex(value) + "<" + codeAt(value)[0] + ">";
	return decimal ? value.toString() : hex(value);
}

/* [[name, text], …] */
function fieldsOf(i) {
	const kind = app.schema.get(app.trace.columns.id[i]);

	return kind ? kind.fields.map(([name], f) => [name, fieldText(i, f)]) : [];
}

/* The number in the field of this name; 0: the event has none. */
function fieldOf(i, name) {
	const events = app.trace.columns,
		kind = app.schema.get(events.id[i]);
	const f = kind && kind.index.has(name) ? kind.index.get(name) : -1;

	return f < 0 ? 0 : events.hi[events.at[i] + f] * 4294967296 + events.lo[events.at[i] + f];
}

/* Site 0 is what the VMM reports, and who gives no site. */
function siteName(site) {
	if (!site) return "no site";
	return app.trace.sites[site] ? app.trace.sites[site][0] : "site " + site;
}

function sitePlace(site) {
	return app.trace.sites[site] ? app.trace.sites[site][1] : "";
}
