// What the gateway signs in the other modes of an account: for merchants of a service provider,
// in Alipay's certificate mode, and with WeChat Pay's platform certificates.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after } from "node:test";

import { until } from "../../browser/setting/until.js";
import { Gateway } from "../setting/gateway.js";
import { bare, newKeys } from "../setting/keys.js";
import { proves } from "../setting/matrix.js";
import { Recorder } from "../setting/recorder.js";
import { authorizedAsBySdk, signedAsByAlipaySdk } from "../setting/signed.js";
import { stage } from "../setting/stage.js";

const keys = newKeys();
const apiv3Key = randomBytes(16).toString("hex");
const apiKeys = {};
const files = { "merchant.key": bare(keys.privatePem), "apiv3.key": apiv3Key };
const mchid = "1900077721";
const sub_mchid = "1900077729";
let certified;
let token;
let recorder;
let gateway;

/** A merchant with one app and one account, which is `lines`. */
function merchant(name, lines) {
  apiKeys[name] = `till_test_${randomBytes(24).toString("hex")}`;
  return `
[[merchants]]
id = "${name}"
name = "${name}"

[[merchants.accounts]]
id = "${name}_account"
base_url = "${here.demo.sandbox}"
${lines}

[[merchants.apps]]
id = "${name}_app"
name = "${name}"
accounts = ["${name}_account"]
api_keys = [{ key = "${apiKeys[name]}" }]
`;
}

const wechat = (number) => `
channel = "wechat"
protocol = "v3"
ways = ["WX_NATIVE"]
mchid = "${number}"
appid = "wx${number}000000"
serial_no = "4F1C2E3D4B5A69788796A5B4C3D2E1F001234567"
merchant_private_key_file = "merchant.key"
apiv3_key_file = "apiv3.key"`;

const alipay = (app_id) => `
channel = "alipay"
ways = ["ALI_QR"]
app_id = "${app_id}"
seller_id = "2088000077770021"
app_private_key_file = "merchant.key"`;

/** A merchant at the sandbox's WeChat Pay. */
function registerWechat(number) {
  return here.sandbox.register({
    channel: "wechat",
    mchid: number,
    appid: `wx${number}000000`,
    serial_no: "4F1C2E3D4B5A69788796A5B4C3D2E1F001234567",
    merchant_public_key_pem: keys.publicPem,
    apiv3_key: apiv3Key,
  });
}

function registerAlipay(app_id, certificates) {
  const seller_id = "2088000077770021";
  return here.sandbox.register({
    channel: "alipay",
    app_id,
    seller_id,
    app_public_key_pem: keys.publicPem,
    certificates,
  });
}

const here = stage(async ({ demo, sandbox }) => {
  const platform = await registerWechat(mchid);
  await sandbox.link(mchid, { sub_mchid });
  await registerWechat("1900077722");
  await sandbox.setKeyMode("1900077722", "certificates", 0);
  const key = await registerAlipay("9021000177770021", false);
  const seller = { seller_id: "2088000077770029", auth_app_id: "9021000177770029" };
  token = (await sandbox.authorize("9021000177770021", seller)).app_auth_token;
  certified = await registerAlipay("9021000177770022", true);
  files["platform.pem"] = platform.public_key_pem;
  files["alipay.pem"] = key.alipay_public_key_pem;
  files["token.key"] = token;
  files["app.crt"] = certified.app_cert_pem;
  files["alipay.crt"] = certified.alipay_cert_pem;
  files["root.crt"] = certified.alipay_root_cert_pem;
  recorder = await Recorder.open(demo.sandbox);
  const accounts = [
    merchant(
      "partner",
      `${wechat(mchid)}
sub_mchid = "${sub_mchid}"
platform_keys = [{ id = "${platform.public_key_id}", file = "platform.pem" }]`,
    ),
    merchant("downloading", `${wechat("1900077722")}\nplatform_certificates = true`),
    merchant(
      "isv",
      `${alipay("9021000177770021").replace("2088000077770021", "2088000077770029")}
alipay_public_key_file = "alipay.pem"
app_auth_token_file = "token.key"`,
    ),
    merchant(
      "certified",
      `${alipay("9021000177770022")}
app_cert_file = "app.crt"
alipay_cert_file = "alipay.crt"
root_cert_file = "root.crt"`,
    ),
  ].join("\n");
  gateway = await Gateway.start(demo, recorder.url, { change: (own) => `${own}\n${accounts}`, files });
});
after(async () => {
  await gateway?.stop();
  await recorder?.close();
});

function row(sdk, method, shows) {
  return { sdk, protocol: "What the gateway signs, by mode", method, shows };
}

/** An order made payable; it is only handed out when the channel's answer was believed. */
async function handedOut(name, way) {
  const server = gateway.merchantOf(apiKeys[name]);
  const order = await server.createOrder();
  const { action } = await server.pay(order.id, { way });
  return { server, order, action };
}

/** The last call that fits, as soon as it is there. */
function sent(what, fits) {
  return until(`a call of ${what}`, () => recorder.calls.findLast(fits));
}

for (const [path, doing] of [
  ["POST /v3/pay/partner/transactions/native", () => handedOut("partner", "WX_NATIVE")],
  [
    "POST /v3/pay/partner/transactions/out-trade-no/{no}/close",
    async () => {
      const { server, order } = await handedOut("partner", "WX_NATIVE");
      await server.closeOrder(order.id);
    },
  ],
]) {
  proves(row("wechatpay-axios-plugin", path, "the Authorization header, for a sub-merchant"), async () => {
    await doing();
    const form = new RegExp(`^${path.replace("{no}", "[^/]+")}$`);
    const call = await sent(path, ({ method, url }) => form.test(`${method} ${url}`));
    assert.equal(JSON.parse(call.body).sub_mchid, sub_mchid);
    authorizedAsBySdk(call, keys.publicPem);
  });
}

proves(row("wechatpay-axios-plugin", "GET /v3/certificates", "the Authorization header"), async () => {
  await handedOut("downloading", "WX_NATIVE");
  const call = await sent("certificates", ({ url }) => url === "/v3/certificates");
  authorizedAsBySdk(call, keys.publicPem);
});

function parameters(call) {
  return [...new URL(call.url, recorder.url).searchParams, ...new URLSearchParams(call.body)];
}

proves(row("alipay-sdk", "alipay.trade.precreate", "the request, with app_auth_token"), async () => {
  await handedOut("isv", "ALI_QR");
  const call = await sent("precreate", ({ url }) => url.includes("app_id=9021000177770021"));
  assert.equal(new Map(parameters(call)).get("app_auth_token"), token);
  signedAsByAlipaySdk(parameters(call), bare(keys.privatePem));
});

proves(row("alipay-sdk", "alipay.trade.precreate", "the request, with the certificates' SNs"), async () => {
  await handedOut("certified", "ALI_QR");
  const call = await sent("precreate", ({ url }) => url.includes("app_id=9021000177770022"));
  // The SDK computes the SNs itself and signs them with the rest.
  signedAsByAlipaySdk(parameters(call), bare(keys.privatePem), {
    appCertContent: certified.app_cert_pem,
    alipayPublicCertContent: certified.alipay_cert_pem,
    alipayRootCertContent: certified.alipay_root_cert_pem,
  });
});
