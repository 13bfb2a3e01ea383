/* SPDX-License-Identifier: MIT */
/*
 * Elements of any page. Names in its data come from guests: they become text nodes, never markup; no page
 * sets innerHTML.
 */

/* element("td", { class: "n" }, "text", child…) */
function element(name, attributes, ...children) {
	const made = document.createElement(name);

	for (const [key, value] of Object.entries(attributes || {}))
		if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
		else if (key === "dot") made.style.setProperty("--dot", value);
		else if (value !== false) made.setAttribute(key, value === true ? "" : value);
	made.append(...children);
	return made;
}

/* A table of one row of heads, and rows; @rest: what may come behind them. */
function tableOf(heads, rows, ...rest) {
	return element(
		"table",
		{},
		element("thead", {}, element("tr", {}, ...heads)),
		element("tbody", {}, ...rows),
		...rest,
	);
}

function byId(id) {
	return document.getElementById(id);
}

function count(n) {
	return n.toLocaleString("en");
}

function svg(name, attributes, ...children) {
	const made = document.createElementNS("http://www.w3.org/2000/svg", name);

	for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
	made.append(...children);
	return made;
}

function jsonOf(id) {
	const node = byId(id);

	return node ? JSON.parse(node.textContent) : null;
}

/* @list: [text, whether it is grave] */
function showNotices(list) {
	byId("notices").replaceChildren(
		...list.map(([text, bad]) => element("p", { class: bad ? "bad" : "" }, text)),
	);
}

/* What the page is about. @parts: [name, value]; those without a value are left out. */
function showAbout(parts) {
	byId("about").replaceChildren(
		...parts
			.filter(([, value]) => value)
			.map(([name, value]) =>
				element("span", {}, name + " ", element("b", {}, value)),
			),
	);
}
