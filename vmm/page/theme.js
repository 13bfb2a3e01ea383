/* SPDX-License-Identifier: MIT */
/* Dark and light. Each page has its colourNames(), those that it draws with, and recolour(). */

function readColours() {
	const style = getComputedStyle(document.documentElement);

	app.colours = Object.fromEntries(
		colourNames().map((name) => [name, style.getPropertyValue("--" + name).trim()]),
	);
}

function setTheme(theme) {
	document.documentElement.dataset.theme = theme;
	readColours();
	recolour();
}

function toggleTheme() {
	app.chosen = true;
	setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
}

/* The system's wish, until a person says otherwise. */
function listenToTheme() {
	const dark = matchMedia("(prefers-color-scheme: dark)");
	const follow = () => app.chosen || setTheme(dark.matches ? "dark" : "light");

	dark.addEventListener("change", follow);
	byId("theme").addEventListener("click", toggleTheme);
	follow();
}
