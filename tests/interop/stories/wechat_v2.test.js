// WeChat Pay's older interface: the SDK signs with MD5 and HMAC-SHA256, and verifies each answer.
import assert from "node:assert/strict";
import { after } from "node:test";

import plugin from "wechatpay-axios-plugin";

import { newKeys } from "../setting/keys.js";
import { proves } from "../setting/matrix.js";
import { Receiver } from "../setting/receiver.js";
import { newNumber, stage } from "../setting/stage.js";

const { Aes, Formatter, Hash, Transformer, Wechatpay } = plugin;
const mch_id = "1900077702";
const appid = "wx7777777777777702";
const secret = "interop4interop5interop6interop7";
const keys = newKeys();
let wxpay;
let receiver;

const here = stage(async ({ sandbox }) => {
  await sandbox.register({
    channel: "wechat_v2",
    mch_id,
    appid,
    api_key: secret,
    certificate_checked_by_proxy: true,
  });
  receiver = await Receiver.open("<xml><return_code>SUCCESS</return_code></xml>");
  wxpay = client(mch_id);
});
after(() => receiver?.close());

function client(mchid) {
  return new Wechatpay({
    mchid,
    serial: "nil",
    // APIv2 needs neither, the SDK asks for both.
    privateKey: keys.privatePem,
    certs: { platform: keys.publicPem },
    secret,
    baseURL: `${here.demo.sandbox}/`,
  });
}

function row(method, shows) {
  return { sdk: "wechatpay-axios-plugin", protocol: "WeChat Pay, APIv2", method, shows };
}

/** A call whose answer the SDK verifies. It throws for a no, whose signature it signs again here. */
async function ask(chain, fields, sign_type = Hash.ALGO_HMAC_SHA256) {
  const question = { appid, mch_id, nonce_str: Formatter.nonce(), sign_type, ...fields };
  try {
    return (await chain.post(question)).data;
  } catch (error) {
    const data = error.response?.data;
    if (data?.result_code !== "FAIL") throw error;
    const { sign, ...rest } = data;
    assert.equal(Hash.sign(sign_type, rest, secret), sign);
    return data;
  }
}

const order = (number, more = {}) => ({
  body: "龙井茶 250 克",
  out_trade_no: number,
  total_fee: "8888",
  spbill_create_ip: "203.0.113.7",
  notify_url: receiver.url,
  trade_type: "NATIVE",
  product_id: "1",
  ...more,
});

const query = (number) => ask(wxpay.v2.pay.orderquery, { out_trade_no: number });

async function paidTrade() {
  const number = newNumber();
  const made = await ask(wxpay.v2.pay.unifiedorder, order(number));
  await here.sandbox.openInWallet(made.code_url);
  await here.sandbox.pay(number);
  return number;
}

for (const sign_type of [Hash.ALGO_MD5, Hash.ALGO_HMAC_SHA256]) {
  proves(row("/pay/unifiedorder", `NATIVE, ${sign_type}`), async () => {
    const number = newNumber();
    const made = await ask(wxpay.v2.pay.unifiedorder, order(number), sign_type);
    assert.equal((await here.sandbox.openInWallet(made.code_url)).out_trade_no, number);
  });
}

/** What a page or an app hands to the wallet, signed by the SDK. */
const signed = (parameters, name) => ({ ...parameters, [name]: Hash.sign(Hash.ALGO_HMAC_SHA256, parameters, secret) });

for (const [trade_type, more, artefact] of [
  [
    "JSAPI",
    { openid: "oInterop000000000000000000001" },
    ({ prepay_id }) => signed({ ...moment("appId", "timeStamp", "nonceStr"), package: `prepay_id=${prepay_id}`, signType: "HMAC-SHA256" }, "paySign"),
  ],
  [
    "APP",
    {},
    ({ prepay_id }) => signed({ ...moment("appid", "timestamp", "noncestr"), partnerid: mch_id, prepayid: prepay_id, package: "Sign=WXPay" }, "sign"),
  ],
  [
    "MWEB",
    { scene_info: JSON.stringify({ h5_info: { type: "Wap", wap_url: "http://shop.example", wap_name: "Shop" } }) },
    ({ mweb_url }) => mweb_url,
  ],
]) {
  proves(row("/pay/unifiedorder", `${trade_type}, opens in the wallet`), async () => {
    const number = newNumber();
    const made = await ask(wxpay.v2.pay.unifiedorder, order(number, { trade_type, ...more }));
    assert.equal(made.result_code, "SUCCESS", JSON.stringify(made));
    assert.equal((await here.sandbox.openInWallet(artefact(made))).out_trade_no, number);
  });
}

/** The three fields that every signed hand-over has, as it spells them. */
const moment = (app, time, nonce) => ({ [app]: appid, [time]: `${Formatter.timestamp()}`, [nonce]: Formatter.nonce() });

proves(row("/pay/orderquery", "unknown, unpaid, paid"), async () => {
  assert.equal((await query(newNumber())).err_code, "ORDERNOTEXIST");
  const number = newNumber();
  await ask(wxpay.v2.pay.unifiedorder, order(number));
  assert.equal((await query(number)).trade_state, "NOTPAY");
  const paid = await query(await paidTrade());
  assert.deepEqual([paid.trade_state, paid.total_fee], ["SUCCESS", "8888"]);
});

proves(row("/pay/closeorder", "closed; paid"), async () => {
  const number = newNumber();
  await ask(wxpay.v2.pay.unifiedorder, order(number));
  assert.equal((await ask(wxpay.v2.pay.closeorder, { out_trade_no: number })).result_code, "SUCCESS");
  assert.equal((await query(number)).trade_state, "CLOSED");
  const refused = await ask(wxpay.v2.pay.closeorder, { out_trade_no: await paidTrade() });
  assert.equal(refused.err_code, "ORDERPAID");
});

const micropay = async (number, behaviour) => {
  const { auth_code } = await here.sandbox.barcode("wechat", behaviour);
  const { notify_url: _n, trade_type: _t, product_id: _p, ...rest } = order(number, { auth_code });
  return ask(wxpay.v2.pay.micropay, rest);
};

proves(row("/pay/micropay", "paid at once, waiting, refused"), async () => {
  assert.equal((await micropay(newNumber(), "pay")).result_code, "SUCCESS");
  const number = newNumber();
  assert.equal((await micropay(number, "ask_password")).err_code, "USERPAYING");
  await here.sandbox.pay(number);
  assert.equal((await query(number)).trade_state, "SUCCESS");
  assert.equal((await micropay(newNumber(), "refuse")).result_code, "FAIL");
});

proves(row("/tools/authcodetoopenid", "whose code it is"), async () => {
  const { auth_code } = await here.sandbox.barcode("wechat", "pay");
  const { openid } = await ask(wxpay.v2.tools.authcodetoopenid, { auth_code });
  assert.match(openid, /./);
});

proves(row("/secapi/pay/reverse", "a paid barcode payment goes back"), async () => {
  const number = newNumber();
  await micropay(number, "pay");
  const reversed = await ask(wxpay.v2.secapi.pay.reverse, { out_trade_no: number });
  assert.deepEqual([reversed.result_code, reversed.recall], ["SUCCESS", "N"]);
  assert.equal((await query(number)).trade_state, "REVOKED");
});

proves(row("/secapi/pay/refund, /pay/refundquery", "once, however often it is sent"), async () => {
  const number = await paidTrade();
  const wish = { out_trade_no: number, out_refund_no: `${number}R`, total_fee: "8888", refund_fee: "888" };
  const first = await ask(wxpay.v2.secapi.pay.refund, wish);
  const again = await ask(wxpay.v2.secapi.pay.refund, wish);
  assert.equal(first.refund_id, again.refund_id);
  const found = await ask(wxpay.v2.pay.refundquery, { out_refund_no: `${number}R` });
  assert.equal(found.refund_fee_0, "888");
  const none = await ask(wxpay.v2.pay.refundquery, { out_refund_no: "none" });
  assert.equal(none.err_code, "REFUNDNOTEXIST");
});

proves(row("notice of a payment", "its signature, by the SDK's Hash"), async () => {
  const number = await paidTrade();
  for (;;) {
    const { sign, ...rest } = Transformer.toObject((await receiver.next()).body);
    if (rest.req_info) continue;
    const type = sign.length === 64 ? Hash.ALGO_HMAC_SHA256 : Hash.ALGO_MD5;
    assert.equal(Hash.sign(type, rest, secret), sign);
    if (rest.out_trade_no === number) return;
  }
});

proves(row("notice of a refund", "req_info opened by the SDK"), async () => {
  const number = await paidTrade();
  const wish = { out_trade_no: number, out_refund_no: `${number}R`, total_fee: "8888", refund_fee: "8888" };
  await ask(wxpay.v2.secapi.pay.refund, { ...wish, notify_url: receiver.url });
  // WeChat Pay takes its time with a refund.
  await here.sandbox.endRefund(`${number}R`, "SUCCESS");
  for (;;) {
    const { req_info } = Transformer.toObject((await receiver.next()).body);
    if (!req_info) continue;
    const opened = Transformer.toObject(Aes.AesEcb.decrypt(req_info, Hash.md5(secret)));
    if (opened.out_trade_no !== number) continue;
    assert.equal(opened.refund_fee, "8888");
    return;
  }
});

proves(row("any method", "an answer with a wrong signature is refused by the SDK"), async () => {
  await here.sandbox.startFault("v2/orderquery", "bad_signature");
  try {
    await assert.rejects(query(newNumber()));
  } finally {
    await here.sandbox.endFaults();
  }
});

proves(row("sub_mch_id", "a service provider acts for a merchant"), async () => {
  const [provider, sub_mch_id] = ["1900077704", "1900077705"];
  const providersApp = "wx7777777777777704";
  await here.sandbox.register({
    channel: "wechat_v2",
    mch_id: provider,
    appid: providersApp,
    api_key: secret,
    certificate_checked_by_proxy: true,
    sub_merchants: [{ sub_mch_id }],
  });
  const number = newNumber();
  const names = { mch_id: provider, appid: providersApp, sub_mch_id };
  const { unifiedorder, orderquery } = client(provider).v2.pay;
  const made = await ask(unifiedorder, order(number, names));
  assert.deepEqual([made.mch_id, made.sub_mch_id], [provider, sub_mch_id]);
  await here.sandbox.openInWallet(made.code_url);
  await here.sandbox.pay(number);
  const paid = await ask(orderquery, { out_trade_no: number, ...names });
  assert.deepEqual([paid.trade_state, paid.sub_mch_id], ["SUCCESS", sub_mch_id]);
});

// The last: it moves the channels' clock.
proves(row("/pay/downloadbill", "yesterday's trade is in the file"), async () => {
  const number = await paidTrade();
  const { now } = await here.sandbox.clock();
  const inBeijing = new Date(Date.parse(now) + 8 * 3600 * 1000).toISOString();
  const [hours, minutes] = inBeijing.slice(11, 16).split(":").map(Number);
  await here.sandbox.advance((24 + 11 - hours) * 3600 - minutes * 60);
  const bill_date = inBeijing.slice(0, 10).replaceAll("-", "");
  const question = { appid, mch_id, nonce_str: Formatter.nonce(), bill_date, bill_type: "ALL" };
  // The file is not XML, which the SDK would read.
  const { data } = await wxpay.v2.pay.downloadbill.post(question, { transformResponse: [(text) => text] });
  assert.ok(`${data}`.includes(number), `${data}`.slice(0, 200));
});
