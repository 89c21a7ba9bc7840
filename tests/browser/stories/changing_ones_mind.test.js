import assert from "node:assert/strict";
import { test } from "node:test";

import { Checkout } from "../pages/checkout.js";
import { stage } from "../setting/stage.js";

const here = stage();

// Shows F04.
test("a payer who signed in at Alipay and then changes to WeChat pays once: Alipay's trade is closed first", async () => {
  const order = await here.merchant.createOrder();
  const alipay = await (await Checkout.open(await here.payer("desktop"), order.checkout_url)).leaveForAlipay("ALI_PC");
  await alipay.signIn();
  const first = await here.merchant.lastFlow(order.id);

  const checkout = await Checkout.open(await alipay.page.context().newPage(), order.checkout_url);
  await checkout.changeWay();
  await checkout.showCode("WX_NATIVE");
  const wallet = await checkout.scan();
  await wallet.pay();
  await checkout.is("paid");

  const second = await here.merchant.lastFlow(order.id);
  const { closed_at, paid_at } = await here.sandbox.trade(first.flow_no);
  assert.notEqual(closed_at, null, "Alipay's trade was left open");
  assert.equal(paid_at, null);
  assert.notEqual((await here.sandbox.trade(second.flow_no)).paid_at, null);
});

test("a reload and a second tab show the same code", async () => {
  const order = await here.merchant.createOrder();
  const page = await here.payer("desktop");
  const checkout = await Checkout.open(page, order.checkout_url);
  await checkout.showCode("WX_NATIVE");
  const code = await checkout.code();

  await page.reload();
  await checkout.is("waiting");
  assert.equal(await checkout.code(), code);
  const other = await Checkout.open(await page.context().newPage(), order.checkout_url);
  await other.is("waiting");
  assert.equal(await other.code(), code);
  const { flows } = await here.merchant.order(order.id);
  assert.equal(flows.length, 1, "a reload began another payment");
});
