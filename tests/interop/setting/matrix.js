// What was proven: one row for each method and SDK, kept until the run's end.
import { appendFileSync } from "node:fs";
import { test } from "node:test";

import { rowsFile } from "../matrix/rows.js";

/**
 * A story of one method: it passes or fails as any test, and leaves a row for the page.
 * @param {{sdk: string, protocol: string, method: string, shows: string}} row
 * @param {() => Promise<void>} story
 */
export function proves(row, story) {
  test(`${row.sdk}: ${row.method} (${row.shows})`, async () => {
    let pass = false;
    try {
      await story();
      pass = true;
    } finally {
      appendFileSync(rowsFile, `${JSON.stringify({ ...row, pass })}\n`);
    }
  });
}
