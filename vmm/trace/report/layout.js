/* SPDX-License-Identifier: MIT */
/*
 * The layout: the kernel's addresses and RAM, each a bar to its own scale, and between them which lowmem
 * shows which RAM; before and after where there are holes. The boxes come out of the planner
 * (report_layout.c), as those of kvalab layout do.
 */

const LAYOUT_KEYS = [
	["lowmem", "lowmem, and the RAM that it shows"],
	["vmalloc", "vmalloc"],
	["highmem", "highmem: RAM without an address"],
	["hole", "hole: RAM that the kernel may not touch"],
	["lost", "addresses that a hole takes from everybody"],
];

const BESIDE_NAME = 6; /* pixels, on each side: style_layout.css */
const BAND_HEIGHT = 26;

function boxOf([kind, name, start, bytes, other, number]) {
	return { kind: kind.replace(" ", "-"), name, start, bytes, other, number };
}

function boxLabel({ name, number, bytes }) {
	return `${name}${number ? " " + number : ""} ${bytesText(bytes)}`;
}

function boxTitle(box) {
	const { start, bytes, other, kind } = box;
	const shows = {
		lowmem: "shows RAM from ",
		direct: "is shown at ",
		vmalloc: "the hole's addresses: RAM from ",
		lost: "the hole's addresses: RAM from ",
	}[kind];

	return (
		`${boxLabel(box)}, ${rangeText(start, bytes)}` +
		(other === null ? "" : "; " + shows + hex(other)) +
		(kind === "hole" && box.name !== kind ? "; a hole" : "")
	);
}

function rangeText(start, bytes) {
	return `${hex(start)} – ${hex(start + bytes - 1)}`;
}

/* In percent of the whole bar. */
function scaleOf(boxes) {
	const start = boxes[0].start,
		last = boxes[boxes.length - 1],
		bytes = last.start + last.bytes - start;

	return (address) => ((address - start) / bytes) * 100;
}

function barOf(boxes, about) {
	const scale = scaleOf(boxes);

	return element(
		"div",
		{ class: "whole", role: "img", "aria-label": about },
		...boxes.map((box) => {
			const left = scale(box.start),
				width = scale(box.start + box.bytes) - left;

			return element(
				"span",
				{
					class: box.kind,
					style: `left: ${left}%; width: ${width}%`,
					title: boxTitle(box),
				},
				element("bdi", {}, boxLabel(box)),
			);
		}),
	);
}

/* From each piece of lowmem down to the RAM that it shows. */
function bandsOf({ kernel, physical }) {
	const above = scaleOf(kernel),
		below = scaleOf(physical);
	const bands = kernel
		.filter(({ kind }) => kind === "lowmem")
		.map((box) => {
			const { start, bytes, other } = box;
			const points = [
				[above(start), 0],
				[above(start + bytes), 0],
				[below(other + bytes), BAND_HEIGHT],
				[below(other), BAND_HEIGHT],
			];

			return svg(
				"polygon",
				{ class: "band", points: points.map((at) => at.join()).join(" ") },
				svg("title", {}, boxTitle(box)),
			);
		});

	return svg(
		"svg",
		{
			class: "bands",
			viewBox: `0 0 100 ${BAND_HEIGHT}`,
			preserveAspectRatio: "none",
			role: "img",
			"aria-label": "which lowmem shows which RAM",
		},
		...bands,
	);
}

/* The names again, below the bars: placeNames() shows those of boxes that are too narrow for theirs. */
function namesBelow(about, boxes) {
	return element(
		"div",
		{ class: "keys below" },
		`${about}, narrow, from left to right:`,
		...boxes.map((box) =>
			element(
				"span",
				{ "data-box": box.kind, title: boxTitle(box) },
				element("span", { class: "dot " + box.kind }),
				boxLabel(box),
			),
		),
	);
}

function nameFits(box) {
	const name = box.firstChild;

	name.hidden = false;
	return name.getBoundingClientRect().width + 2 * BESIDE_NAME <= box.clientWidth;
}

/* Each name stands in its box or below, for the width that the bars have now. */
function placeNames() {
	for (const layout of document.querySelectorAll("#map .layout")) {
		const below = layout.querySelectorAll(".below");

		layout.querySelectorAll(".whole").forEach((bar, k) => {
			const names = [...below[k].querySelectorAll("[data-box]")],
				fit = [...bar.children].map(nameFits);

			fit.forEach((fits, i) => {
				bar.children[i].firstChild.hidden = !fits;
				names[i].hidden = fits;
			});
			below[k].hidden = !fit.includes(false);
		});
	}
}

function layoutText(figures) {
	const { recovered_bytes, lost_bytes, vmalloc_bytes, vmalloc_largest_bytes } = figures;
	const pieces =
		vmalloc_largest_bytes < vmalloc_bytes
			? `, in one piece at most ${bytesText(vmalloc_largest_bytes)}`
			: "";

	return [
		`lowmem ${bytesText(figures.lowmem_bytes)}`,
		...(recovered_bytes ? [`${bytesText(recovered_bytes)} recovered`] : []),
		...(lost_bytes ? [`${bytesText(lost_bytes)} of addresses lost`] : []),
		`vmalloc ${bytesText(vmalloc_bytes)}${pieces}`,
		`highmem ${bytesText(figures.highmem_bytes)}`,
	].join("; ");
}

function layoutMap(map, heading) {
	return element(
		"div",
		{ class: "layout", "data-kind": map.kind },
		element("h3", {}, heading),
		element("p", { class: "quiet" }, layoutText(map.figures)),
		barOf(map.kernel, "the kernel's addresses to scale"),
		bandsOf(map),
		barOf(map.physical, "RAM to scale"),
		namesBelow("addresses", map.kernel),
		namesBelow("RAM", map.physical),
	);
}

/* The maps of this trace, made ready; the last is that of the guest. */
function layoutsOf({ layout }) {
	return (layout ? layout.maps : []).map((map) => ({
		...map,
		kernel: map.kernel.map(boxOf),
		physical: map.physical.map(boxOf),
	}));
}

function drawLayouts(maps) {
	if (!maps.length) return [];
	/* Any name may stand on a kind: what is drawn is the kind. */
	const { kind } = maps[maps.length - 1],
		{ name } = app.trace.layout,
		what = name ? `${name} (${kind})` : kind;
	const headings =
		maps.length > 1
			? ["Before: as if holes were RAM of the direct map", `After: ${what}`]
			: [`Layout: ${what}`];
	const kinds = new Set(
		maps.flatMap(({ kernel, physical }) =>
			[...kernel, ...physical].map(({ kind }) => kind),
		),
	);

	return [
		...maps.map((map, k) => layoutMap(map, headings[k])),
		element(
			"div",
			{ class: "keys" },
			...LAYOUT_KEYS.filter(([kind]) => kinds.has(kind)).map(([kind, text]) =>
				element(
					"span",
					{},
					element("span", { class: "dot " + kind }),
					text,
				),
			),
			element(
				"span",
				{},
				"above the kernel's addresses, below RAM, each to its own scale",
			),
		),
	];
}
