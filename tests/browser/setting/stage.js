// What every story plays on: a demo of its own, one Chromium, and payers with browsers of their own.
import assert from "node:assert/strict";
import { after, afterEach, before } from "node:test";

import { chromium } from "playwright-core";

import { startDemo } from "./demo.js";
import { devices } from "./devices.js";
import { Merchant } from "./merchant.js";
import { Sandbox } from "./sandbox.js";

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

class Stage {
  #contexts = [];
  #violations = [];

  async open() {
    this.demo = await startDemo();
    this.sandbox = new Sandbox(this.demo.sandbox);
    this.merchant = new Merchant(this.demo);
    this.chromium = await chromium.launch({ executablePath: "/usr/bin/chromium", args: flags });
  }

  async close() {
    await this.chromium?.close();
    await this.demo?.stop();
  }

  /**
   * An empty tab of a payer who has no history here.
   * @param {keyof typeof devices} device
   * @param {object} more further options of Playwright's `newContext`
   */
  async payer(device, more = {}) {
    const context = await this.chromium.newContext({
      locale: "zh-CN",
      timezoneId: "Asia/Shanghai",
      ...devices[device],
      ...more,
    });
    this.#contexts.push(context);
    context.on("weberror", (error) => this.#violations.push(String(error.error())));
    context.on("console", (message) => {
      if (message.text().includes("Content Security Policy")) this.#violations.push(message.text());
    });
    return context.newPage();
  }

  /** Sends the payers home; a script's error or a broken content policy fails the story. */
  async clear() {
    await this.sandbox?.endFaults();
    await Promise.all(this.#contexts.splice(0).map((context) => context.close()));
    assert.deepEqual(this.#violations.splice(0), [], "the pages' scripts fail or break the content policy");
  }
}

/**
 * Sets the stage for the stories of this file. Call it once, at the top.
 * @param {(here: Stage) => Promise<void>} begin what is to happen on the open stage before the
 *   first story (a `before` of the file's own would not wait for the stage)
 */
export function stage(begin = async () => {}) {
  const here = new Stage();
  before(async () => {
    await here.open();
    await begin(here);
  });
  afterEach(() => here.clear());
  after(() => here.close());
  return here;
}
