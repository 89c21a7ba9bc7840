import assert from "node:assert/strict";
import { test } from "node:test";

import { Shop } from "../pages/shop.js";
import { stage } from "../setting/stage.js";

const here = stage();

test("inside Alipay no other wallet is offered, and the payer pays there", async () => {
  const checkout = await Shop.buy(await here.payer("inAlipay"), here.demo);
  assert.deepEqual(await checkout.ways(), ["ALI_WAP"]);
  const alipay = await checkout.leaveForAlipay("ALI_WAP");
  await alipay.signIn();
  await alipay.pay();
  await checkout.is("paid");
});
