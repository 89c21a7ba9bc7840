// Each state that a payer can meet, on a desktop and on a phone: it survives a reload, axe finds
// nothing, and there is a picture of it.
import { test } from "node:test";

import { assertAccessible } from "../checks/accessibility.js";
import { takePicture } from "../checks/picture.js";
import { Checkout } from "../pages/checkout.js";
import { stage } from "../setting/stage.js";

const ways = {
  desktop: { alipay: "ALI_PC", wechat: "WX_NATIVE" },
  phone: { alipay: "ALI_WAP", wechat: "WX_H5" },
};

const picturesInTheDark = ["choose", "paid"];

// An order lives for two minutes at least. This one runs out while the other states are looked at.
const shortestLife = 120;
let expiring;
const here = stage(async ({ merchant }) => {
  expiring = await merchant.createOrder({ expires_in: shortestLife });
});

/** Opens the checkout page of a new order. */
async function begin(device) {
  const order = await here.merchant.createOrder();
  const checkout = await Checkout.open(await here.payer(device), order.checkout_url);
  return { order, checkout };
}

/** Goes to Alipay, signs in there, and comes back without having paid. */
async function signInAtAlipay(device) {
  const { order, checkout } = await begin(device);
  const alipay = await checkout.leaveForAlipay(ways[device].alipay);
  await alipay.signIn();
  await Checkout.open(checkout.page, order.checkout_url);
  const flow = await here.merchant.lastFlow(order.id);
  return { order, checkout, flow };
}

const arrivals = {
  async choose(device) {
    return (await begin(device)).checkout;
  },
  async waiting(device) {
    const { order, checkout } = await begin(device);
    if (device === "desktop") {
      await checkout.showCode(ways.desktop.wechat);
    } else {
      await checkout.leaveForWechat(ways.phone.wechat);
      await Checkout.open(checkout.page, order.checkout_url);
    }
    return checkout;
  },
  async processing(device) {
    const { checkout } = await signInAtAlipay(device);
    await here.sandbox.startFault("alipay.trade.close", "http_500");
    await checkout.changeWay();
    await checkout.choose(ways[device].wechat);
    return checkout;
  },
  async paid(device) {
    const { checkout, flow } = await signInAtAlipay(device);
    await here.sandbox.pay(flow.flow_no);
    return checkout;
  },
  async closed(device) {
    const { order, checkout } = await begin(device);
    await here.merchant.closeOrder(order.id);
    return checkout;
  },
  async returned(device) {
    const { order, checkout, flow } = await signInAtAlipay(device);
    await here.merchant.closeOrder(order.id);
    await checkout.is("closed");
    await here.sandbox.payAfterClose(flow.flow_no);
    return checkout;
  },
  async expired(device) {
    const checkout = await Checkout.open(await here.payer(device), expiring.checkout_url);
    await checkout.is("expired", shortestLife + 15);
    return checkout;
  },
};

for (const [state, arrive] of Object.entries(arrivals)) {
  for (const device of Object.keys(ways)) {
    test(`on a ${device}, "${state}" is shown, survives a reload and is accessible`, async () => {
      const checkout = await arrive(device);
      await checkout.is(state);
      await checkout.page.reload();
      await checkout.is(state);
      await takePicture(checkout.page, `${device}-${state}`);
      if (picturesInTheDark.includes(state)) await takePicture(checkout.page, `${device}-${state}`, "dark");
      await assertAccessible(checkout.page);
    });
  }
}
