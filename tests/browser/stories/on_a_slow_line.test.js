import assert from "node:assert/strict";
import { test } from "node:test";

import { weigh } from "../checks/weight.js";
import { Checkout } from "../pages/checkout.js";
import { stage } from "../setting/stage.js";

const here = stage();
const limit = 30_000;

for (const device of ["desktop", "phone"]) {
  test(`on a ${device} the checkout page costs less than 30 kB`, async () => {
    const order = await here.merchant.createOrder();
    const page = await here.payer(device);
    const scale = await weigh(page);
    const checkout = await Checkout.open(page, order.checkout_url);
    await checkout.is("choose");
    assert.ok(scale.requests() > 0, "nothing was weighed");
    assert.ok(scale.bytes() < limit, `the page costs ${scale.bytes()} bytes`);
  });
}

test("the page with a QR code costs less than 30 kB", async () => {
  const order = await here.merchant.createOrder();
  const page = await here.payer("desktop");
  const checkout = await Checkout.open(page, order.checkout_url);
  const scale = await weigh(page);
  await checkout.showCode("WX_NATIVE");
  assert.ok(scale.requests() > 0, "nothing was weighed");
  assert.ok(scale.bytes() < limit, `the page costs ${scale.bytes()} bytes`);
});
