import assert from "node:assert/strict";
import { test } from "node:test";

import { Shop } from "../pages/shop.js";
import { stage } from "../setting/stage.js";

const here = stage();

test("a payer scans WeChat's code, the page turns to paid by itself, and the shop is told", async () => {
  const checkout = await Shop.buy(await here.payer("desktop"), here.demo);
  await checkout.showCode("WX_NATIVE");
  const wallet = await checkout.scan();
  await wallet.pay();
  await checkout.is("paid");

  const shop = await checkout.backToShop();
  await shop.is("paid");
  await shop.hasVerifiedWebhook();
  const paid = await here.sandbox.paidTrades();
  assert.deepEqual(paid.map((trade) => trade.channel), ["wechat"]);
});

test("a payer whose notice is lost says so, and the channel is asked", async () => {
  await here.sandbox.startFault("notice.wechat", "drop");
  const checkout = await Shop.buy(await here.payer("desktop"), here.demo);
  await checkout.showCode("WX_NATIVE");
  const wallet = await checkout.scan();
  await wallet.pay();
  await checkout.sayIHavePaid();
  await checkout.is("paid", 5);
});
