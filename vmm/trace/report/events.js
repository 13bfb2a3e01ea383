/* SPDX-License-Identifier: MIT */
/* The row of bytes that report_events.c writes, as columns: typed arrays, an element per event. */

const CPU_VMM = 255;

function bytesOf(base64) {
	const text = atob(base64);
	const bytes = new Uint8Array(text.length);

	for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
	return bytes;
}

/* A number of seven bits a byte, as two halves of 32 bits: JavaScript's own would lose bits. */
class NumberReader {
	constructor(bytes) {
		this.bytes = bytes;
		this.at = 0;
		this.lo = 0;
		this.hi = 0;
	}

	next() {
		let shift = 0,
			byte;

		this.lo = 0;
		this.hi = 0;
		do {
			byte = this.bytes[this.at++];
			if (shift < 32) this.lo |= (byte & 127) << shift;
			if (shift > 25)
				this.hi |=
					shift < 32
						? (byte & 127) >>> (32 - shift)
						: (byte & 127) << (shift - 32);
			shift += 7;
		} while (byte > 127);
		this.lo >>>= 0;
		this.hi >>>= 0;
		return this.hi * 4294967296 + this.lo;
	}
}

/* @held: events and fields that there are; @schema: fields by event id. */
function decodeEvents(base64, held, schema) {
	const [n, nfields] = held;
	const columns = {
		n,
		ticket: new Float64Array(n),
		cpu: new Uint8Array(n),
		id: new Uint16Array(n),
		site: new Uint16Array(n),
		at: new Uint32Array(n),
		lo: new Uint32Array(nfields),
		hi: new Uint32Array(nfields),
	};
	const reader = new NumberReader(bytesOf(base64));
	const last = new Map();
	let ticket = 0,
		field = 0;

	for (let i = 0; i < n; i++) {
		const id = reader.next();

		columns.id[i] = id;
		columns.cpu[i] = reader.bytes[reader.at++];
		ticket += reader.next();
		columns.ticket[i] = ticket;
		columns.site[i] = reader.next();
		columns.at[i] = field;
		field = decodeFields(columns, reader, field, lastOf(last, schema, id));
	}
	return columns;
}

/* The values that fields of this kind had the last time. */
function lastOf(last, schema, id) {
	if (!last.has(id)) {
		const fields = schema.has(id) ? schema.get(id).fields.length : 0;

		last.set(id, { lo: new Uint32Array(fields), hi: new Uint32Array(fields) });
	}
	return last.get(id);
}

function decodeFields(columns, reader, at, last) {
	for (let f = 0; f < last.lo.length; f++, at++) {
		reader.next();
		columns.lo[at] = last.lo[f] ^= reader.lo;
		columns.hi[at] = last.hi[f] ^= reader.hi;
	}
	return at;
}
