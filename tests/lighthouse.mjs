// Lighthouse, as on a phone, on each address with one Chromium; what it found as JSON. Usage:
//   cd FOLDER_OF_NODE_MODULES; node lighthouse.mjs '{"chromium": …, "flags": […],
//     "categories": […], "addresses": […]}'
import { createRequire } from "node:module";

const { resolve } = createRequire(`${process.cwd()}/`);
const { default: lighthouse } = await import(resolve("lighthouse"));
const { launch } = await import(resolve("chrome-launcher"));
const { chromium, flags, categories, addresses } = JSON.parse(process.argv[2]);

// What an audit took off its category's score, and where on the page.
const lost = (audits, category) => category.auditRefs
  .filter(({ id, weight }) => weight > 0 && audits[id].score !== null && audits[id].score < 1)
  .map(({ id }) => `${category.id}: ${audits[id].title} ${JSON.stringify(audits[id].details?.items ?? [])}`);

const measure = async (address, port) => {
  const options = { port, onlyCategories: categories, logLevel: "error", disableFullPageScreenshot: true };
  const { lhr } = await lighthouse(address, options);
  if (lhr.runtimeError) throw new Error(`${address}: ${lhr.runtimeError.message}`);
  const found = Object.values(lhr.categories);
  return {
    scores: Object.fromEntries(found.map(({ id, score }) => [id, Math.round(score * 100)])),
    lost: found.flatMap((category) => lost(lhr.audits, category)),
  };
};

const browser = await launch({ chromePath: chromium, chromeFlags: flags, logLevel: "error" });
try {
  const found = {};
  for (const address of addresses) found[address] = await measure(address, browser.port);
  console.log(JSON.stringify(found));
} finally {
  browser.kill();
}
