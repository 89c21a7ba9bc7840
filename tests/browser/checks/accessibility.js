// axe-core's verdict on a page, in light and in dark.
import assert from "node:assert/strict";

import axe from "axe-core";

export async function assertAccessible(page) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(axe.source);
    const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
    const found = violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html} ${node.failureSummary}`));
    assert.deepEqual(found, [], `${page.url()} in ${colorScheme} is not accessible`);
    assert.ok(passes.length > 0, "axe found nothing to look at");
  }
  await page.emulateMedia({ colorScheme: "light" });
}
