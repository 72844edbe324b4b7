// Shows the schedule in the time zone that the reader chooses. The page is complete without this
// script: its texts are the venue's time, which returns when it is chosen, and in print.
const LOCALE = "en-GB"; // as the server writes
const KEY = "syllab-zone";
const PAUSE = 15_000; // milliseconds from one look at the clock to the next
const made = new Map();

const format = (zone, options) => {
  const key = zone + Object.values(options);
  if (!made.has(key)) made.set(key, new Intl.DateTimeFormat(LOCALE, { timeZone: zone, ...options }));
  return made.get(key);
};

export const time = (moment, zone) =>
  format(zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(moment);

// From its parts: browsers differ in the comma after the weekday.
export const day = (moment, zone) =>
  format(zone, { weekday: "long", day: "numeric", month: "long", year: "numeric" })
    .formatToParts(moment).filter((part) => part.type !== "literal").map((part) => part.value)
    .join(" ");

const weekday = (moment, zone) => format(zone, { weekday: "short" }).format(moment);

export const offset = (moment, zone) =>
  format(zone, { timeZoneName: "longOffset" }).formatToParts(moment)
    .find((part) => part.type === "timeZoneName").value
    .replace("GMT", "UTC").replace("-", "\u2212");

const city = (zone) => zone.split("/").pop().replaceAll("_", " ");

const known = (zone) => {
  try {
    return Boolean(zone && format(zone, { weekday: "short" }));
  } catch {
    return false;
  }
};

const element = (name, text, properties = {}) =>
  Object.assign(document.createElement(name), { textContent: text }, properties);

const reader = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

function schedule(root) {
  const venue = root.dataset.zone;
  const note = root.querySelector(".zone");
  const said = note.textContent;
  const days = root.querySelector(".days");
  const tables = [...days.children].map((table) => [table, [...table.tBodies[0].rows]]);
  const rows = tables.flatMap(([, inner]) => inner).map((row) => {
    const [start, end] = row.querySelectorAll("time");
    const cell = row.cells[0];
    const badge = row.querySelector(".title").appendChild(element("span", "", { className: "badge" }));
    const times = [...cell.childNodes];
    return { row, cell, badge, times, start: new Date(start.dateTime), end: new Date(end.dateTime) };
  });
  let chosen;

  // A span of time: "22:00–01:00 next day".
  const span = ({ start, end, times }, zone) => {
    const [from, , to] = times.map((node) => node.cloneNode());
    from.textContent = time(start, zone);
    to.textContent = time(end, zone);
    const late = day(start, zone) === day(end, zone) ? [] : [" ", element("small", "next day")];
    return [from, "–", to, ...late];
  };

  const yours = (item) => {
    if (offset(item.start, reader) === offset(item.start, venue)) return [];
    const other = day(item.start, reader) !== day(item.start, venue);
    const when = `${other ? `${weekday(item.start, reader)} ` : ""}${time(item.start, reader)}`;
    return [element("small", `${when} your time`, { className: "yours" })];
  };

  const venueTime = () => {
    for (const item of rows) item.cell.replaceChildren(...item.times, ...yours(item));
    for (const [table, inner] of tables) table.tBodies[0].replaceChildren(...inner);
    days.replaceChildren(...tables.map(([table]) => table));
    note.textContent = said;
  };

  const zoneTime = (zone) => {
    const blank = tables[0][0].cloneNode(true);
    blank.tBodies[0].replaceChildren();
    const shown = new Map();
    for (const item of rows) {
      const name = day(item.start, zone);
      if (!shown.has(name)) {
        shown.set(name, blank.cloneNode(true));
        shown.get(name).caption.replaceChildren(
          name, element("small", ` ${city(zone)}, ${offset(item.start, zone)}`));
      }
      item.cell.replaceChildren(...span(item, zone));
      shown.get(name).tBodies[0].append(item.row);
    }
    days.replaceChildren(...shown.values());
    note.textContent = `These are the times in ${city(zone)}, not ${root.dataset.name}.`;
  };

  const draw = (choice) => {
    const zone = choice === "venue" ? venue : choice;
    zone === venue ? venueTime() : zoneTime(zone);
    note.classList.toggle("banner", zone !== venue);
    for (const button of buttons) button.setAttribute("aria-pressed", button.value === choice);
  };

  const choose = (choice) => {
    chosen = choice;
    try {
      localStorage.setItem(KEY, choice);
    } catch {} // not allowed to remember
    draw(choice);
  };

  const button = (value, text) =>
    element("button", text, { value, type: "button", onclick: () => choose(value) });
  const buttons = [button("venue", root.dataset.name)];
  if (reader !== venue) buttons.push(button(reader, `Your time (${city(reader)})`));

  const input = element("input", "", { type: "search", placeholder: "City or country" });
  const list = element("datalist", "", { id: "cities" });
  input.setAttribute("list", list.id);
  const search = () => import("./cities.js"); // only for those who search
  input.onfocus = async () => {
    list.replaceChildren(...(await search()).cities.map(([label]) => new Option("", label)));
  };
  input.oninput = () => input.setCustomValidity("");
  input.onchange = async () => {
    const zone = (await search()).find(input.value);
    if (zone) return choose(zone);
    input.setCustomValidity(input.value && "Not found: try a larger city, or the country.");
    input.reportValidity();
  };
  const label = element("label", "Elsewhere ");
  label.append(input, list);
  const choices = element("p", "", { className: "choices" });
  choices.append(...buttons, label);
  note.before(choices);
  note.setAttribute("role", "status");

  let remembered;
  try {
    remembered = localStorage.getItem(KEY);
  } catch {} // not allowed to look
  chosen = remembered === "venue" || known(remembered) ? remembered
    : "online" in root.dataset ? reader : "venue";
  draw(chosen);
  addEventListener("beforeprint", () => draw("venue"));
  addEventListener("afterprint", () => draw(chosen));

  return (now) => {
    const next = rows.find(({ row, start }) => start > now && !row.classList.contains("break"));
    for (const item of rows) {
      const current = item.start <= now && now < item.end;
      current ? item.row.setAttribute("aria-current", "true") : item.row.removeAttribute("aria-current");
      item.badge.textContent = current ? "now" : item === next ? "next" : "";
    }
  };
}

function countdown(line) {
  const [start, end] = [line.dataset.start, line.dataset.end].map((moment) => new Date(moment));
  const relative = new Intl.RelativeTimeFormat("en");
  return (now) => {
    const minutes = Math.ceil((start - now) / 60_000);
    const [count, unit] = minutes >= 2880 ? [minutes / 1440, "day"]
      : minutes >= 120 ? [minutes / 60, "hour"] : [minutes, "minute"];
    line.textContent = minutes > 0 ? `Starts ${relative.format(Math.floor(count), unit)}` : "Going on now";
    line.hidden = now >= end;
  };
}

const ticks = [
  ...[...document.querySelectorAll(".schedule")].map(schedule),
  ...[...document.querySelectorAll(".countdown")].map(countdown),
];
const tick = () => ticks.forEach((each) => each(new Date()));
tick();
setInterval(tick, PAUSE);
document.addEventListener("visibilitychange", tick);
