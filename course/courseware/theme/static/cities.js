// The cities by which a reader finds a time zone. Loaded when somebody begins to search.
const load = async () => {
  try {
    return await (await fetch(new URL("../zones.json", import.meta.url))).json();
  } catch { // opened from a disk
    const zones = Intl.supportedValuesOf("timeZone");
    return Object.fromEntries(zones.map((zone) => [zone.split("/").pop().replaceAll("_", " "), zone]));
  }
};

const known = (zone) => {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: zone }));
  } catch { // newer than this browser
    return false;
  }
};

// [label, zone] of each city whose zone this browser knows.
export const cities = Object.entries(await load()).filter(([, zone]) => known(zone));

// The zone that the words mean: a label, the beginning of one, a part of one, or a zone's own name.
export const find = (words) => {
  const wanted = words.trim().toLowerCase();
  const match = (fits) => cities.find(([label]) => fits(label.toLowerCase()))?.[1];
  if (!wanted) return undefined;
  return match((label) => label === wanted) ?? match((label) => label.startsWith(wanted)) ??
    match((label) => label.includes(wanted)) ?? (known(words.trim()) ? words.trim() : undefined);
};
