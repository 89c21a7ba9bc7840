import assert from "node:assert/strict";
import { test } from "node:test";

import { Checkout } from "../pages/checkout.js";
import { installAlipayBridge } from "../setting/alipay_bridge.js";
import { stage } from "../setting/stage.js";

const here = stage();

test("inside Alipay only Alipay's own payment is offered, and it pays without leaving the page", async () => {
  const order = await here.merchant.createOrder();
  const page = await here.payer("inAlipay");
  await installAlipayBridge(page, here.sandbox);
  // On the way the wallet says who the payer is.
  const checkout = await Checkout.open(page, order.checkout_url);
  await checkout.is("choose");
  assert.match(page.url(), /[?&]buyer_id=/);
  assert.deepEqual(await checkout.ways(), ["ALI_JSAPI"]);

  await checkout.choose("ALI_JSAPI");
  await checkout.is("paid");
  const paid = await here.sandbox.paidTrades();
  assert.deepEqual(paid.map((trade) => [trade.channel, trade.amount]), [["alipay", 8800]]);
});

test("inside Alipay a merchant without that way is paid on Alipay's page", async () => {
  const order = await here.merchant.createOrder({ ways: ["ALI_WAP"] });
  const checkout = await Checkout.open(await here.payer("inAlipay"), order.checkout_url);
  assert.deepEqual(await checkout.ways(), ["ALI_WAP"]);
  const alipay = await checkout.leaveForAlipay("ALI_WAP");
  await alipay.signIn();
  await alipay.pay();
  await checkout.is("paid");
});
