// Chromium at the end of a pipe: each line of standard input is a call as JSON, each line of standard output its answer.
// tests/support/browser.py is the other end.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(`${process.argv[2]}/package.json`); // web_demo, where the packages are
const { chromium } = require("playwright-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

// Long tasks and breaches of the policy, from the first line of the page on.
const WATCH = `
window.watched = { longTasks: [], violations: [] };
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) watched.longTasks.push({ start: task.startTime, milliseconds: task.duration });
}).observe({ type: "longtask", buffered: true });
document.addEventListener("securitypolicyviolation", (event) => watched.violations.push(event.violatedDirective + " " + event.blockedURI));
`;

let browser;
const pages = [];

const calls = {
  async launch({ executable, args }) {
    browser = await chromium.launch({ executablePath: executable, args: ["--no-sandbox", "--disable-dev-shm-usage", ...args] });
    return browser.version();
  },

  async page({ width, height, dark, reducedMotion, permissions, scripts, touch, scale }) {
    const context = await browser.newContext({
      viewport: { width, height },
      deviceScaleFactor: scale,
      hasTouch: touch,
      colorScheme: dark ? "dark" : "light",
      reducedMotion: reducedMotion ? "reduce" : "no-preference",
      permissions,
    });
    const page = await context.newPage();
    const log = { requests: [], messages: [] };
    context.on("request", (request) => log.requests.push(request.url()));
    page.on("console", (message) => log.messages.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => log.messages.push(`uncaught: ${error.message}`));
    for (const script of [WATCH, ...scripts]) await page.addInitScript({ content: script });
    pages.push({ page, log });
    return pages.length - 1;
  },

  goto: ({ page, address }) => at(page).goto(address).then(() => null),
  // Not waitForFunction: it makes functions from text, which the page's policy refuses.
  async wait({ page, expression, seconds }) {
    const end = Date.now() + 1000 * seconds;
    while (!(await at(page).evaluate(expression))) {
      if (Date.now() > end) throw new Error(`not within ${seconds} s: ${expression}; the page says: ${await said(page)}`);
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
  },

  evaluate: ({ page, expression }) => at(page).evaluate(expression),
  choose: ({ page, selector, files }) => at(page).setInputFiles(selector, files),
  click: ({ page, selector }) => at(page).click(selector),
  press: ({ page, key }) => at(page).keyboard.press(key),
  select: ({ page, selector, value }) => at(page).selectOption(selector, value),
  screenshot: ({ page, path, full }) => at(page).screenshot({ path, fullPage: full }).then(() => null),

  async axe({ page }) {
    await at(page).evaluate(AXE);
    const { violations } = await at(page).evaluate("axe.run(document, { resultTypes: ['violations'] })");
    return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(" | ").slice(0, 400)}`);
  },

  log: ({ page }) => pages[page].log,
  closePage: ({ page }) => at(page).context().close(),
};

function at(page) {
  return pages[page].page;
}

function said(page) {
  return at(page).evaluate("document.querySelector('#problem')?.textContent + ' | ' + document.querySelector('#status')?.textContent");
}

for await (const line of createInterface({ input: process.stdin })) {
  const { call, given } = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await calls[call](given)) ?? null };
  } catch (error) {
    answer = { error: String(error.message ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser?.close();
