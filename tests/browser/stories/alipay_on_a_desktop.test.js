import assert from "node:assert/strict";
import { test } from "node:test";

import { Shop } from "../pages/shop.js";
import { stage } from "../setting/stage.js";

const here = stage();

test("a payer pays on Alipay's page, comes back, and the shop is told with a verified signature", async () => {
  const checkout = await Shop.buy(await here.payer("desktop"), here.demo);
  const alipay = await checkout.leaveForAlipay("ALI_PC");
  await alipay.signIn();
  await alipay.pay();
  await checkout.is("paid");

  const shop = await checkout.backToShop();
  await shop.is("paid");
  await shop.hasVerifiedWebhook();
  const paid = await here.sandbox.paidTrades();
  assert.deepEqual(paid.map((trade) => trade.channel), ["alipay"]);
});

test("a payer scans Alipay's code, and the page turns to paid by itself", async () => {
  const checkout = await Shop.buy(await here.payer("desktop"), here.demo);
  await checkout.showCode("ALI_QR");
  const wallet = await checkout.scan();
  await wallet.pay();
  await checkout.is("paid");
});
