// What the gateway signs, verified by the channels' SDKs: what it hands to wallets, and what it
// sends to the channels.
import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { after } from "node:test";

import plugin from "wechatpay-axios-plugin";

import { until } from "../../browser/setting/until.js";
import { Gateway } from "../setting/gateway.js";
import { proves } from "../setting/matrix.js";
import { Recorder } from "../setting/recorder.js";
import { authorizedAsBySdk, signedAsByAlipaySdk } from "../setting/signed.js";
import { stage } from "../setting/stage.js";

const { Formatter, Rsa } = plugin;
const openid = "oInterop000000000000000000001";
const client_ip = "203.0.113.7";
let recorder;
let gateway;
let merchant;
let wechatKey;

const here = stage(async ({ demo }) => {
  recorder = await Recorder.open(demo.sandbox);
  gateway = await Gateway.start(demo, recorder.url);
  merchant = gateway.merchant;
  wechatKey = publicHalf(gateway.secret("wechat_merchant_private.key"));
});
after(async () => {
  await gateway?.stop();
  await recorder?.close();
});

/** PEM of the public half of a bare PKCS#8 key. */
function publicHalf(bare) {
  const key = createPrivateKey({ key: Buffer.from(bare, "base64"), format: "der", type: "pkcs8" });
  return createPublicKey(key).export({ type: "spki", format: "pem" });
}

async function action(way, more = {}) {
  const order = await merchant.createOrder();
  const made = await merchant.pay(order.id, { way, ...more });
  return { order, action: made.action, flow: made.flow };
}

const alipayRow = (method, shows) => ({ sdk: "alipay-sdk", protocol: "What the gateway signs", method, shows });
const wechatRow = (method, shows) => ({
  sdk: "wechatpay-axios-plugin",
  protocol: "What the gateway signs",
  method,
  shows,
});

const signedAsBySdk = (parameters) => signedAsByAlipaySdk(parameters, gateway.secret("alipay_app_private.key"));

for (const way of ["ALI_PC", "ALI_WAP"]) {
  proves(alipayRow(way, "the page's address"), async () => {
    const { action: handed } = await action(way);
    signedAsBySdk(new URL(handed.url).searchParams);
  });
}

proves(alipayRow("ALI_APP", "the order string"), async () => {
  const { action: handed } = await action("ALI_APP");
  signedAsBySdk(new URLSearchParams(handed.order_string));
});

for (const [method, doing] of [
  ["alipay.trade.precreate", async () => action("ALI_QR")],
  ["alipay.trade.query", async () => paid("ALI_QR")],
  ["alipay.trade.close", async () => merchant.closeOrder((await action("ALI_QR")).order.id)],
  ["alipay.trade.refund", async () => merchant.refund((await paid("ALI_QR")).order.id, 88)],
  ["alipay.trade.fastpay.refund.query", async () => refundInDoubt("alipay.trade.refund", (await paid("ALI_QR")).order.id)],
  ["alipay.trade.create", async () => action("ALI_JSAPI", { buyer_id: "2088000000000099" })],
  ["alipay.trade.pay", async () => scanned("alipay", "pay")],
  ["alipay.trade.cancel", async () => merchant.closeOrder((await scanned("alipay", "ask_password")).order.id)],
]) {
  proves(alipayRow(method, "the request"), async () => {
    await doing();
    const call = await until(`a call of ${method}`, () =>
      recorder.calls.findLast(({ url }) => url.includes(`method=${method}`)),
    );
    const query = new URL(call.url, recorder.url).searchParams;
    signedAsBySdk([...query, ...new URLSearchParams(call.body)]);
  });
}

/** What comes of a code that the payer shows at a counter. */
async function scanned(channel, behaviour) {
  const { auth_code } = await here.sandbox.barcode(channel, behaviour);
  return action("AUTO_BAR", { auth_code });
}

/** A refund without an answer to go by, so that the gateway asks. */
async function refundInDoubt(method, order) {
  await here.sandbox.startFault(method, "system_error");
  await merchant.refund(order, 88);
  await here.sandbox.endFaults();
}

/** An order that the payer has paid by its code, as the gateway has learnt by asking or by a notice. */
async function paid(way) {
  const made = await action(way);
  const { out_trade_no } = await here.sandbox.openInWallet(made.action.text);
  await here.sandbox.pay(out_trade_no);
  await until("the order is paid", async () => (await merchant.order(made.order.id)).status === "paid");
  return made;
}

for (const [way, shows] of [
  ["WX_JSAPI", "what the page hands to the bridge"],
  ["WX_LITE", "what the mini program hands to the wallet"],
]) {
  proves(wechatRow(way, shows), async () => {
    const { appId, timeStamp, nonceStr, package: pack, paySign } = (await action(way, { openid })).action.params;
    const text = Formatter.joinedByLineFeed(appId, timeStamp, nonceStr, pack);
    assert.equal(Rsa.verify(text, paySign, wechatKey), true);
  });
}

proves(wechatRow("WX_APP", "what the app hands to its SDK"), async () => {
  const { appid, timestamp, noncestr, prepayid, sign } = (await action("WX_APP")).action.params;
  const text = Formatter.joinedByLineFeed(appid, timestamp, noncestr, prepayid);
  assert.equal(Rsa.verify(text, sign, wechatKey), true);
});

for (const [path, doing] of [
  ["POST /v3/pay/transactions/native", async () => action("WX_NATIVE")],
  ["POST /v3/pay/transactions/h5", async () => action("WX_H5", { client_ip })],
  ["POST /v3/pay/transactions/jsapi", async () => action("WX_JSAPI", { openid })],
  ["POST /v3/pay/transactions/app", async () => action("WX_APP")],
  ["POST /v3/pay/transactions/codepay", async () => scanned("wechat", "pay")],
  ["GET /v3/pay/transactions/out-trade-no/{no}", async () => paid("WX_NATIVE")],
  ["POST …/out-trade-no/{no}/close", async () => merchant.closeOrder((await action("WX_NATIVE")).order.id)],
  ["POST …/out-trade-no/{no}/reverse", async () => merchant.closeOrder((await scanned("wechat", "ask_password")).order.id)],
  ["POST /v3/refund/domestic/refunds", async () => merchant.refund((await paid("WX_NATIVE")).order.id, 88)],
  ["GET /v3/refund/domestic/refunds/{no}", async () => refundInDoubt("wechat.refund", (await paid("WX_NATIVE")).order.id)],
]) {
  proves(wechatRow(path, "the Authorization header"), async () => {
    await doing();
    const wanted = new RegExp(`^${path.replace("…", "/v3/pay/transactions").replace("{no}", "[^/?]+")}([?].*)?$`);
    const call = await until(`a call of ${path}`, () =>
      recorder.calls.findLast(({ method, url }) => wanted.test(`${method} ${url}`)),
    );
    authorizedAsBySdk(call, wechatKey);
  });
}
