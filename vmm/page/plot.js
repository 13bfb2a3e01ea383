/* SPDX-License-Identifier: MIT */
/* What all curves have in common. uPlot draws them; the build may have had none. */

const NO_PLOTS = "This kvalab was built without uPlot: the page has no curves.";
const PLOT_CREDIT = "Curves: uPlot, MIT licence (in this file).";
const PLOT_FONT = "11px system-ui, sans-serif";

/* 1, 2, 5, 10 …: of what is counted there is no half. */
const WHOLE_STEPS = [...Array(13).keys()].flatMap((power) => [1, 2, 5].map((k) => k * 10 ** power));

function canPlot() {
	return typeof uPlot !== "undefined";
}

/* From nothing, so that heights compare. */
function fromNothing(plot, low, high) {
	return [0, Math.max(1, high * 1.05)];
}
