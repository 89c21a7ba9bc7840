import assert from "node:assert/strict";
import { test } from "node:test";

import { Shop } from "../pages/shop.js";
import { stage } from "../setting/stage.js";

const here = stage();

test("a phone's browser offers the ways that open a wallet, and no code to scan", async () => {
  const checkout = await Shop.buy(await here.payer("phone"), here.demo);
  assert.deepEqual(await checkout.ways(), ["ALI_WAP", "WX_H5"]);
});

test("a payer pays in Alipay from a phone's browser and comes back", async () => {
  const checkout = await Shop.buy(await here.payer("phone"), here.demo);
  const alipay = await checkout.leaveForAlipay("ALI_WAP");
  await alipay.signIn();
  await alipay.pay();
  await checkout.is("paid");
});

test("a payer pays in WeChat from a phone's browser and comes back", async () => {
  const checkout = await Shop.buy(await here.payer("phone"), here.demo);
  const wallet = await checkout.leaveForWechat("WX_H5");
  await wallet.pay();
  await checkout.is("paid");
});
