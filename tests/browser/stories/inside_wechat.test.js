import assert from "node:assert/strict";
import { test } from "node:test";

import { Checkout } from "../pages/checkout.js";
import { stage } from "../setting/stage.js";
import { installWechatBridge } from "../setting/wechat_bridge.js";

const here = stage();
const openid = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";

test("inside WeChat only WeChat's own payment is offered, and it pays without leaving the page", async () => {
  const order = await here.merchant.createOrder();
  const page = await here.payer("inWechat");
  await installWechatBridge(page, here.sandbox);
  const checkout = await Checkout.open(page, `${order.checkout_url}?openid=${openid}`);
  await checkout.is("choose");
  assert.deepEqual(await checkout.ways(), ["WX_JSAPI"]);

  await checkout.choose("WX_JSAPI");
  await checkout.is("paid");
  const paid = await here.sandbox.paidTrades();
  assert.deepEqual(paid.map((trade) => [trade.channel, trade.amount]), [["wechat", 8800]]);
});
