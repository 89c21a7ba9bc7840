import assert from "node:assert/strict";
import { test } from "node:test";

import { Checkout } from "../pages/checkout.js";
import { installAlipayBridge } from "../setting/alipay_bridge.js";
import { stage } from "../setting/stage.js";
import { installWechatBridge } from "../setting/wechat_bridge.js";

const here = stage();

for (const [wallet, device, way, bridge] of [
  ["wechat", "inWechat", "WX_JSAPI", installWechatBridge],
  ["alipay", "inAlipay", "ALI_JSAPI", installAlipayBridge],
]) {
  test(`the one code on a desktop is scanned with ${wallet} and paid there`, async () => {
    const order = await here.merchant.createOrder();
    const desktop = await Checkout.open(await here.payer("desktop"), order.checkout_url);
    await desktop.is("choose");
    const known = async () => (await here.sandbox.ledger()).trades.length;
    const before = await known();
    const scanned = await desktop.codeForBoth();
    assert.equal(scanned, order.checkout_url, "the code leads to this very page");
    assert.equal(await known(), before, "nothing exists at a channel before the scan");

    const phone = await here.payer(device);
    await bridge(phone, here.sandbox);
    const inWallet = await Checkout.open(phone, scanned);
    await inWallet.is("choose");
    assert.equal(await known(), before, "nor before the payer chooses");
    assert.deepEqual(await inWallet.ways(), [way]);
    await inWallet.choose(way);
    await inWallet.is("paid");
    await desktop.is("paid");
    const { flows } = await here.merchant.order(order.id);
    assert.deepEqual(flows.map((flow) => [flow.way, flow.status]), [[way, "paid"]]);
  });
}

test("an order that only one wallet can pay shows no code for both", async () => {
  const order = await here.merchant.createOrder({ ways: ["ALI_QR", "ALI_JSAPI"] });
  const desktop = await Checkout.open(await here.payer("desktop"), order.checkout_url);
  await desktop.is("choose");
  assert.deepEqual(await desktop.ways(), ["ALI_QR"]);
  assert.equal(await desktop.page.locator("#both-qr").count(), 0);
});
