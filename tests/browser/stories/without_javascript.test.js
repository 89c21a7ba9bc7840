import { test } from "node:test";

import { Shop } from "../pages/shop.js";
import { stage } from "../setting/stage.js";

const here = stage();
const withoutScripts = { javaScriptEnabled: false };

test("without JavaScript a payer gets to Alipay's page and pays", async () => {
  const checkout = await Shop.buy(await here.payer("desktop", withoutScripts), here.demo);
  const alipay = await checkout.leaveForAlipay("ALI_PC");
  await alipay.signIn();
  await alipay.pay();
  await checkout.page.locator("#state").waitFor();
});

test("without JavaScript a payer sees WeChat's code, pays, and learns of it with a click", async () => {
  const checkout = await Shop.buy(await here.payer("desktop", withoutScripts), here.demo);
  await checkout.showCode("WX_NATIVE");
  const wallet = await checkout.scan();
  await wallet.pay();
  await checkout.sayIHavePaid();
  await checkout.is("paid");
});
