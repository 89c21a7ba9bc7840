// What the gateway signs under WeChat Pay's APIv2, verified by the SDK's own signature.
import assert from "node:assert/strict";
import { after } from "node:test";

import plugin from "wechatpay-axios-plugin";

import { until } from "../../browser/setting/until.js";
import { Gateway } from "../setting/gateway.js";
import { proves } from "../setting/matrix.js";
import { Recorder } from "../setting/recorder.js";
import { stage } from "../setting/stage.js";

const { Hash, Transformer } = plugin;
const secret = "interop6interop7interop8interop9";
const mch_id = "1900000001";
const openid = "oInterop000000000000000000001";
const client_ip = "203.0.113.7";
const types = [Hash.ALGO_HMAC_SHA256, Hash.ALGO_MD5];
const gateways = {};
const recorders = {};

const here = stage(async ({ demo, sandbox }) => {
  const registered = await sandbox.register({
    channel: "wechat_v2",
    mch_id,
    appid: "wx0123456789abcdef",
    api_key: secret,
    certificate_checked_by_proxy: true,
  });
  const files = {
    "apiv2.key": secret,
    "apiclient_cert.pem": registered.certificate_pem,
    "apiclient_key.pem": registered.private_key_pem,
  };
  for (const type of types) {
    recorders[type] = await Recorder.open(demo.sandbox);
    const change = (accounts) => underV2(accounts, type);
    gateways[type] = await Gateway.start(demo, recorders[type].url, { change, files });
  }
});
after(async () => {
  for (const gateway of Object.values(gateways)) await gateway.stop();
  for (const recorder of Object.values(recorders)) await recorder.close();
});

/** The demo's merchant, whose account at WeChat Pay speaks APIv2. */
function underV2(accounts, type) {
  const account = [
    'protocol = "v2"',
    `sign_type = "${type}"`,
    'apiv2_key_file = "apiv2.key"',
    'merchant_certificate_file = "apiclient_cert.pem"',
    'merchant_private_key_file = "apiclient_key.pem"',
  ].join("\n");
  const without = accounts
    .replace(/^(apiv3_key_file|codepay|serial_no|merchant_private_key_file) = .*\n/gm, "")
    .replace(/\[\[merchants.accounts.platform_keys\]\]\n(.+\n)+/, "");
  return without.replace('protocol = "v3"', account);
}

/** Makes an order payable at one of the gateways. */
async function action(type, way, more = {}) {
  const { merchant } = gateways[type];
  const order = await merchant.createOrder();
  const made = await merchant.pay(order.id, { way, ...more });
  return { merchant, order, action: made.action, flow: made.flow };
}

async function scanned(type, behaviour) {
  const { auth_code } = await here.sandbox.barcode("wechat", behaviour);
  return action(type, "AUTO_BAR", { auth_code, client_ip });
}

async function paid(type) {
  const made = await action(type, "WX_NATIVE");
  const { out_trade_no } = await here.sandbox.openInWallet(made.action.text);
  await here.sandbox.pay(out_trade_no);
  await until("the order is paid", async () => (await made.merchant.order(made.order.id)).status === "paid");
  return made;
}

/** A refund without an answer to go by, so that the gateway asks. */
async function refundInDoubt(type) {
  const { merchant, order } = await paid(type);
  await here.sandbox.startFault("v2/refund", "system_error");
  await merchant.refund(order.id, 88);
  await here.sandbox.endFaults();
}

const row = (method, shows) => ({
  sdk: "wechatpay-axios-plugin",
  protocol: "What the gateway signs, APIv2",
  method,
  shows,
});

for (const type of types) {
  for (const [path, doing] of [
    ["/pay/unifiedorder", async () => action(type, "WX_NATIVE")],
    ["/pay/micropay", async () => scanned(type, "pay")],
    ["/pay/orderquery", async () => paid(type)],
    ["/pay/closeorder", async () => closed(await action(type, "WX_NATIVE"))],
    ["/secapi/pay/reverse", async () => closed(await scanned(type, "ask_password"))],
    ["/secapi/pay/refund", async () => refunded(await paid(type))],
    ["/pay/refundquery", async () => refundInDoubt(type)],
  ]) {
    proves(row(path, `the request's XML, ${type}`), async () => {
      await doing();
      const call = await until(`a call of ${path}`, () => recorders[type].calls.findLast(({ url }) => url === path));
      const { sign, ...rest } = Transformer.toObject(call.body);
      assert.equal(Hash.sign(type, rest, secret), sign);
      assert.notEqual(Hash.sign(type, { ...rest, mch_id: "1900000002" }, secret), sign);
      assert.equal(rest.mch_id, mch_id);
    });
  }

  for (const [way, shows, more] of [
    ["WX_JSAPI", "what the page hands to the bridge", { openid }],
    ["WX_LITE", "what the mini program hands to the wallet", { openid }],
    ["WX_APP", "what the app hands to its SDK", {}],
  ]) {
    proves(row(way, `${shows}, ${type}`), async () => {
      const { paySign, sign = paySign, ...rest } = (await action(type, way, more)).action.params;
      assert.equal(Hash.sign(type, rest, secret), sign);
    });
  }
}

const closed = ({ merchant, order }) => merchant.closeOrder(order.id);
const refunded = ({ merchant, order }) => merchant.refund(order.id, 88);
