import assert from "node:assert/strict";
import { test } from "node:test";

import { Checkout } from "../pages/checkout.js";
import { stage } from "../setting/stage.js";

const here = stage();

for (const [locale, language] of [["en-GB", "en"], ["zh-CN", "zh"], ["fr-FR", "zh"]]) {
  test(`a browser that asks for ${locale} gets the page in ${language}`, async () => {
    const order = await here.merchant.createOrder();
    const checkout = await Checkout.open(await here.payer("desktop", { locale }), order.checkout_url);
    await checkout.is("choose");
    const spoken = await checkout.page.locator("html").getAttribute("lang");
    assert.ok(spoken.startsWith(language), `the page is in ${spoken}`);
  });
}
