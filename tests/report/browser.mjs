/* SPDX-License-Identifier: MIT */
/* What the tests of all pages need: headless Chromium, lines of PASS and FAIL, colours. */
import { createRequire } from "node:module";

export function check(text, holds, ...about) {
	console.log(`${holds ? "PASS" : "FAIL"}: ${text}`);
	if (!holds) console.log("     ", ...about);
}

export const number = (text) => Number(text.replace(/[^0-9]/g, ""));

/* MODULES is where npm put playwright-core. What the page complains of or asks for is kept. */
export async function open(modules, executablePath) {
	const { chromium } = createRequire(modules + "/")("playwright-core");
	const browser = await chromium.launch({
		executablePath,
		chromiumSandbox: process.getuid() !== 0,
	});
	const page = await browser.newPage({
		viewport: { width: 1280, height: 800 },
		colorScheme: "light",
		reducedMotion: "reduce",
	});
	const complaints = [],
		requests = [];

	page.on("console", (message) => complaints.push(message.text()));
	page.on("pageerror", (error) => complaints.push(error.stack));
	page.on("dialog", (dialog) => {
		complaints.push("a dialog: " + dialog.message());
		dialog.dismiss();
	});
	page.on("request", (request) => requests.push(request.url()));
	return { browser, page, complaints, requests };
}

export const nextFrame = (page) =>
	page.evaluate(
		() =>
			new Promise((done) =>
				requestAnimationFrame(() => requestAnimationFrame(done)),
			),
	);

export const themeOf = (page) =>
	page.evaluate(() =>
		[
			document.documentElement.dataset.theme,
			getComputedStyle(document.body).backgroundColor,
		].join(),
	);

/* Light, then dark as the system's mode is, then light by the page's own means; @look is done in both. */
export async function themesOf(page, look, text, toggle) {
	const light = await themeOf(page);

	await look("light");
	await page.emulateMedia({ colorScheme: "dark" });
	await nextFrame(page);
	const dark = await themeOf(page);

	check(
		"the system's dark mode is followed",
		/^dark/.test(dark) && /^light/.test(light),
		light,
		dark,
	);
	await look("dark");
	await toggle();
	check(text, (await themeOf(page)) === light, await themeOf(page));
	await page.emulateMedia({ colorScheme: "light" });
}

/* WCAG 2: 4.5 for text, 3 for what is @drawn on a panel. */
export async function contrasts(page, name, drawn) {
	const low = await page.evaluate((drawn) => {
		const style = getComputedStyle(document.documentElement);
		const light = (name) => {
			const hex = style
				.getPropertyValue("--" + name)
				.trim()
				.slice(1);
			const [r, g, b] = [0, 2, 4]
				.map((k) => parseInt(hex.slice(k, k + 2), 16) / 255)
				.map((v) =>
					v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4,
				);

			return 0.2126 * r + 0.7152 * g + 0.0722 * b;
		};
		const ratio = (a, b) =>
			(Math.max(light(a), light(b)) + 0.05) /
			(Math.min(light(a), light(b)) + 0.05);
		const pairs = [
			["ink", "panel"],
			["quiet", "panel"],
			["quiet", "paper"],
			["quiet", "soft"],
			["ink", "soft"],
			["bad", "panel"],
			["good", "panel"],
			["warn", "warn-soft"],
			["bad", "bad-soft"],
			["on-strong", "strong"],
			["paper", "ink"],
		];

		return [
			...pairs.map(([a, b]) => [a, b, ratio(a, b), 4.5]),
			...drawn.map((a) => [a, "panel", ratio(a, "panel"), 3]),
		].filter(([, , r, least]) => r < least);
	}, drawn);

	check(`${name}: all text and lines have contrast`, !low.length, low);
}

/*
 * OKLab: what looks alike lies near. Colours of one meaning (@meanings: how their names begin) must be told
 * apart, others not repeat; there are at @least so many.
 */
export async function palettes(page, name, meanings, least) {
	const groups = await page.evaluate((meanings) => {
		const style = getComputedStyle(document.documentElement);
		const names = [...document.styleSheets]
			.flatMap((sheet) => [...sheet.cssRules])
			.filter(({ selectorText }) => selectorText === ":root")
			.flatMap((rule) => [...rule.style]);
		const lab = (hex) => {
			const [r, g, b] = [1, 3, 5]
				.map((k) => parseInt(hex.slice(k, k + 2), 16) / 255)
				.map((v) =>
					v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4,
				);
			const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b),
				m = Math.cbrt(
					0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b,
				),
				s = Math.cbrt(
					0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b,
				);

			return [
				0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
				1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
				0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
			];
		};

		return meanings.map((group) =>
			names
				.filter(
					(key) =>
						key === "--" + group ||
						key.startsWith(`--${group}-`),
				)
				.map((key) => {
					const hex = style.getPropertyValue(key).trim();

					return [key, hex, lab(hex)];
				}),
		);
	}, meanings);
	const away = (a, b) => Math.hypot(...a.map((v, k) => v - b[k]));
	const near = groups.flatMap((group) =>
		group.flatMap(([a, , one], k) =>
			group
				.slice(k + 1)
				.filter(
					([, , two]) =>
						away(one, two) <
						(a.includes("region") ? 0.02 : 0.07),
				)
				.map(([b, , two]) => [a, b, away(one, two)]),
		),
	);
	const all = groups.flat().map(([, hex]) => hex);

	check(
		`${name}: colours of one meaning can be told apart`,
		all.length >= least && !near.length,
		all.length,
		near,
	);
	check(`${name}: no colour has two meanings`, new Set(all).size === all.length);
}
