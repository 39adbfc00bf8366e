const light = $light;
const dark = $dark;
const preference = matchMedia("(prefers-color-scheme: dark)");
const AXIS = 70; // pixels beside a panel, for its axis and a gap
const PADDING = 6;
const NARROW = 600; // pixels from which on a legend has no room at the side

// What stands below or beside one another becomes blocks of their own, which the page puts where they fit.
const pieces = (spec) => {
  const parts = spec.vconcat || spec.hconcat;
  if (!parts || (spec.resolve && spec.resolve.scale && spec.resolve.scale.color === "shared")) return [spec];
  const { vconcat, hconcat, params = [], spacing, resolve, title, description, ...common } = spec;
  return parts.flatMap((part) => {
    const text = JSON.stringify(part);
    const own = params.filter(({ views = [] }) => views.some((view) => text.includes('"' + view + '"')));
    return pieces({ ...common, ...part, params: [...(part.params || []), ...own] });
  });
};

// As many panels side by side as there is room for; those at the left and at the bottom have the labels.
const fitted = (spec, width) => {
  const found = { ...spec };
  if (width < NARROW) found.config = { ...spec.config, legend: { ...spec.config?.legend, orient: "bottom" } };
  if (spec.columns && spec.facet && spec.spec) {
    found.columns = Math.max(1, Math.min(spec.columns, Math.floor((width / ((spec.spec.width || 200) + AXIS)) * 1.15)));
  }
  if (!spec.columns || !spec.concat) return found;
  const panel = (spec.concat[0].width || 200) + 20;
  const columns = Math.max(1, Math.min(spec.columns, Math.floor(((width - AXIS) / panel) * 1.15)));
  if (columns === spec.columns) return found;
  const every = Math.ceil(spec.concat.length / Math.ceil(spec.concat.length / columns));
  const title = (channel) => spec.concat.map((it) => it.layer?.[0]?.encoding?.[channel]?.title).find((it) => it);
  found.columns = every;
  found.concat = spec.concat.map((part, place) => {
    const shown = { x: place + every >= spec.concat.length, y: place % every === 0 };
    const layer = part.layer?.map((it) => {
      const encoding = { ...it.encoding };
      for (const channel of ["x", "y"]) {
        const { axis, field } = encoding[channel] || {};
        if (!field || !axis || axis.labels === undefined) continue;
        const labels = shown[channel];
        encoding[channel] = { ...encoding[channel], axis: { ...axis, labels }, title: labels ? title(channel) : null };
      }
      return { ...it, encoding };
    });
    return layer ? { ...part, layer } : part;
  });
  return found;
};

const words = (spec) => {
  const text = spec.title?.text ?? spec.title ?? "";
  return spec.description || [text].flat().join(" ") || document.querySelector("h1").textContent;
};

// A heading is broken where the page ends, the words of a long one too.
const broken = (text, letters) => {
  const lines = [];
  for (const word of [text].flat().join(" ").split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < letters) lines[lines.length - 1] = last + " " + word;
    else lines.push(word);
  }
  return lines;
};
const headed = (spec, width) => {
  const { title } = spec;
  if (!title || typeof title !== "object" || Array.isArray(title)) return spec;
  const found = { ...title, text: broken(title.text, width / 8.8) };
  if (title.subtitle) found.subtitle = broken(title.subtitle, width / 6.6);
  return { ...spec, title: found };
};

// A chart alone is made as narrow as the page; what is still too wide is made smaller as a whole.
const embed = async (place, spec, width, again = 2) => {
  const actions = { export: true, source: false, compiled: false, editor: false };
  const i18n = { CLICK_TO_VIEW_ACTIONS: "Save this chart: " + words(spec).slice(0, 80) };
  const described = { ...headed(spec, width), description: words(spec), padding: PADDING };
  await vegaEmbed(place, described, { actions, i18n, ast: true, renderer: "svg", tooltip: { theme: "custom" } });
  const over = (place.querySelector("svg.marks")?.width.baseVal.value ?? 0) - width;
  const drawnInPixels = JSON.stringify(spec.layer || []).includes('"image"');
  if (over > 2 && again && !drawnInPixels && typeof spec.width === "number" && spec.width - over > 180) {
    await embed(place, { ...spec, width: spec.width - over }, width, again - 1);
  }
  place.querySelector("summary")?.setAttribute("aria-label", i18n.CLICK_TO_VIEW_ACTIONS);
};

let drawn = 0;
const draw = (printed = false) => {
  drawn = document.body.clientWidth;
  for (const name of Object.keys(light)) {
    const fixed = document.documentElement.dataset.theme;
    const chart = preference.matches ? { ...dark[name], datasets: light[name].datasets } : light[name];
    const shown = printed || fixed ? light[name] : chart;
    const whole = document.getElementById(name);
    if (!whole) continue;
    const width = whole.clientWidth || 700;
    const parts = pieces(shown);
    if (parts.length === 1) {
      embed(whole, fitted(parts[0], width), width);
      continue;
    }
    while (whole.children.length < parts.length) whole.append(document.createElement("div"));
    whole.classList.add("blocks");
    parts.forEach((part, place) => embed(whole.children[place], fitted(part, width), width));
  }
};
let waiting;
addEventListener("resize", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => document.body.clientWidth !== drawn && draw(), 200);
});
addEventListener("beforeprint", () => preference.matches && draw(true));
addEventListener("afterprint", () => preference.matches && draw());
preference.addEventListener("change", () => draw());
draw();

// Tables: a click on a heading sorts, a word typed above keeps the rows that have it.
const LONG = 8; // rows from which on a table has a filter
const value = (cell) => {
  const text = cell.textContent.trim();
  const number = Number.parseFloat(text.replace(/^[×x]\s*/, "").replaceAll(",", ""));
  return /^inf/.test(text) ? Infinity : Number.isNaN(number) || !/^[-+×x.\d]/.test(text) ? text : number;
};
const order = (a, b) => {
  const numbers = [typeof a === "number", typeof b === "number"];
  if (numbers[0] && numbers[1]) return a - b;
  return numbers[0] !== numbers[1] ? numbers[1] - numbers[0] : a.localeCompare(b);
};
document.querySelectorAll("main table:not([data-still])").forEach((table) => {
  const body = table.tBodies[0];
  if (!table.tHead || !body || body.rows.length < 2) return;
  const first = [...body.rows];
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    if (head.classList.contains("reason")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const turn = { undefined: "ascending", ascending: "descending", descending: undefined }[head.ariaSort || undefined];
      table.tHead.querySelectorAll("th").forEach((it) => it.removeAttribute("aria-sort"));
      if (turn) head.setAttribute("aria-sort", turn);
      const rows = turn
        ? [...first].sort((a, b) => order(value(a.cells[column]), value(b.cells[column])))
        : first;
      body.append(...(turn === "descending" ? rows.reverse() : rows));
    });
  });
  if (first.length <= LONG) return;
  const label = document.createElement("label");
  const field = Object.assign(document.createElement("input"), { type: "search", placeholder: "he, vanishing, ..." });
  const count = document.createElement("output");
  label.className = "filter";
  label.append("Keep rows with ", field, " ", count);
  (table.closest(".wide") || table).before(label);
  field.addEventListener("input", () => {
    const asked = field.value.toLowerCase().split(/[\s,]+/).filter((it) => it);
    let kept = 0;
    for (const row of first) {
      row.hidden = !asked.every((word) => row.textContent.toLowerCase().includes(word));
      kept += !row.hidden;
    }
    count.textContent = asked.length ? kept + " of " + first.length : "";
  });
});
