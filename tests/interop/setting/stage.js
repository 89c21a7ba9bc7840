// What every story plays on: the real `till demo`, whose sandbox the SDKs speak with.
import { after, before } from "node:test";

import { startDemo } from "../../browser/setting/demo.js";
import { Sandbox } from "../../browser/setting/sandbox.js";

/** @param {(here: {demo: object, sandbox: Sandbox}) => Promise<void>} begin */
export function stage(begin = async () => {}) {
  const here = {};
  before(async () => {
    here.demo = await startDemo();
    here.sandbox = new Sandbox(here.demo.sandbox);
    await begin(here);
  });
  after(() => here.demo?.stop());
  return here;
}

let count = 0;

/** A number that no other story uses. */
export function newNumber() {
  count += 1;
  return `I${Date.now()}${String(count).padStart(4, "0")}`;
}
