// A widely used SDK for WeChat Pay as a merchant of the sandbox: every answer's signature is
// verified by the SDK, under WeChat Pay's public key and under platform certificates.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after } from "node:test";
import { gunzipSync } from "node:zlib";

import plugin from "wechatpay-axios-plugin";

import { newKeys } from "../setting/keys.js";
import { proves } from "../setting/matrix.js";
import { Receiver } from "../setting/receiver.js";
import { newNumber, stage } from "../setting/stage.js";

const { Aes, Formatter, Rsa, Wechatpay } = plugin;
const mchid = "1900077701";
const appid = "wx7777777777777777";
const serial = "4F1C2E3D4B5A69788796A5B4C3D2E1F001234567";
const apiv3Key = "interop0interop1interop2interop3";
const keys = newKeys();
let publicKeyId;
let platformKey;
let wxpay;
let receiver;

const here = stage(async ({ demo, sandbox }) => {
  const registered = await sandbox.register({
    channel: "wechat",
    mchid,
    appid,
    serial_no: serial,
    merchant_public_key_pem: keys.publicPem,
    apiv3_key: apiv3Key,
  });
  publicKeyId = registered.public_key_id;
  platformKey = registered.public_key_pem;
  receiver = await Receiver.open("");
  wxpay = client({ [publicKeyId]: platformKey });
  wxpay.client.v3.defaults.headers.common["Wechatpay-Serial"] = publicKeyId;
});
after(() => receiver?.close());

function client(certs) {
  return new Wechatpay({
    mchid,
    serial,
    privateKey: keys.privatePem,
    certs,
    baseURL: `${here.demo.sandbox}/`,
  });
}

function row(method, shows) {
  return { sdk: "wechatpay-axios-plugin", protocol: "WeChat Pay, APIv3", method, shows };
}

const order = (number, more = {}) => ({
  appid,
  mchid,
  description: "龙井茶 250 克",
  out_trade_no: number,
  notify_url: receiver.url,
  amount: { total: 8888, currency: "CNY" },
  ...more,
});

/** The answer's code and status where the SDK got a no. */
async function refused(call) {
  try {
    await call;
  } catch ({ response }) {
    return [response.status, response.data.code];
  }
  throw new Error("it was not refused");
}

const query = (number) =>
  wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.get({ params: { mchid }, out_trade_no: number });

const close = (number) =>
  wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.close.post({ mchid }, { out_trade_no: number });

async function paidTrade() {
  const number = newNumber();
  const { data } = await wxpay.v3.pay.transactions.native.post(order(number));
  await here.sandbox.openInWallet(data.code_url);
  await here.sandbox.pay(number);
  return number;
}

proves(row("POST /v3/pay/transactions/native", "the code can be scanned"), async () => {
  const number = newNumber();
  const { data } = await wxpay.v3.pay.transactions.native.post(order(number));
  assert.equal((await here.sandbox.openInWallet(data.code_url)).out_trade_no, number);
});

proves(row("POST /v3/pay/transactions/h5", "the address opens"), async () => {
  const scene_info = { payer_client_ip: "203.0.113.7", h5_info: { type: "Wap" } };
  const number = newNumber();
  const { data } = await wxpay.v3.pay.transactions.h5.post(order(number, { scene_info }));
  assert.equal((await here.sandbox.openInWallet(data.h5_url)).out_trade_no, number);
});

proves(row("POST /v3/pay/transactions/jsapi", "what the SDK signs opens in the wallet"), async () => {
  const number = newNumber();
  const payer = { openid: "oInterop000000000000000000001" };
  const { data } = await wxpay.v3.pay.transactions.jsapi.post(order(number, { payer }));
  const parameters = {
    appId: appid,
    timeStamp: `${Formatter.timestamp()}`,
    nonceStr: Formatter.nonce(),
    package: `prepay_id=${data.prepay_id}`,
    signType: "RSA",
  };
  const { appId, timeStamp, nonceStr, package: pack } = parameters;
  parameters.paySign = Rsa.sign(Formatter.joinedByLineFeed(appId, timeStamp, nonceStr, pack), keys.privatePem);
  assert.equal((await here.sandbox.openInWallet(parameters)).out_trade_no, number);
});

proves(row("POST /v3/pay/transactions/app", "what the SDK signs opens in the wallet"), async () => {
  const number = newNumber();
  const { data } = await wxpay.v3.pay.transactions.app.post(order(number));
  const parameters = {
    appid,
    partnerid: mchid,
    prepayid: data.prepay_id,
    package: "Sign=WXPay",
    noncestr: Formatter.nonce(),
    timestamp: `${Formatter.timestamp()}`,
  };
  const { timestamp, noncestr, prepayid } = parameters;
  parameters.sign = Rsa.sign(Formatter.joinedByLineFeed(appid, timestamp, noncestr, prepayid), keys.privatePem);
  assert.equal((await here.sandbox.openInWallet(parameters)).out_trade_no, number);
});

proves(row("GET /v3/pay/transactions/out-trade-no/{no}", "unknown, unpaid, paid"), async () => {
  assert.equal((await refused(query(newNumber())))[0], 404);
  const number = newNumber();
  await wxpay.v3.pay.transactions.native.post(order(number));
  assert.equal((await query(number)).data.trade_state, "NOTPAY");
  const paid = (await query(await paidTrade())).data;
  assert.deepEqual([paid.trade_state, paid.amount.total], ["SUCCESS", 8888]);
});

proves(row("POST …/out-trade-no/{no}/close", "closed, again, paid"), async () => {
  const number = newNumber();
  await wxpay.v3.pay.transactions.native.post(order(number));
  assert.equal((await close(number)).status, 204);
  assert.equal((await close(number)).status, 204);
  assert.equal((await query(number)).data.trade_state, "CLOSED");
  assert.equal((await refused(close(await paidTrade())))[0], 400);
});

proves(row("POST /v3/pay/transactions/codepay", "paid at once, waiting, refused"), async () => {
  const pay = async (behaviour) => {
    const { auth_code } = await here.sandbox.barcode("wechat", behaviour);
    const number = newNumber();
    const { notify_url: _, ...rest } = order(number, {
      payer: { auth_code },
      scene_info: { store_info: { id: "0001" } },
    });
    return [number, () => wxpay.v3.pay.transactions.codepay.post(rest)];
  };
  const [, once] = await pay("pay");
  assert.equal((await once()).data.trade_state, "SUCCESS");
  const [number, slow] = await pay("ask_password");
  await slow().catch(() => undefined);
  assert.equal((await query(number)).data.trade_state, "USERPAYING");
  await here.sandbox.pay(number);
  assert.equal((await query(number)).data.trade_state, "SUCCESS");
  const [, no] = await pay("refuse");
  assert.ok((await refused(no()))[0] >= 400);
});

proves(row("POST …/out-trade-no/{no}/reverse", "a paid barcode payment goes back"), async () => {
  const { auth_code } = await here.sandbox.barcode("wechat", "pay");
  const number = newNumber();
  const { notify_url: _, ...rest } = order(number, {
    payer: { auth_code },
    scene_info: { store_info: { id: "0001" } },
  });
  await wxpay.v3.pay.transactions.codepay.post(rest);
  await wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.reverse.post({ appid, mchid }, { out_trade_no: number });
  assert.equal((await query(number)).data.trade_state, "REVOKED");
});

proves(row("POST /v3/refund/domestic/refunds", "once, however often it is sent"), async () => {
  const number = await paidTrade();
  const wish = {
    out_trade_no: number,
    out_refund_no: `${number}R`,
    amount: { refund: 888, total: 8888, currency: "CNY" },
  };
  const first = (await wxpay.v3.refund.domestic.refunds.post(wish)).data;
  const again = (await wxpay.v3.refund.domestic.refunds.post(wish)).data;
  assert.equal(first.refund_id, again.refund_id);
});

proves(row("GET /v3/refund/domestic/refunds/{no}", "there and not there"), async () => {
  const number = await paidTrade();
  const out_refund_no = `${number}R`;
  const amount = { refund: 8888, total: 8888, currency: "CNY" };
  await wxpay.v3.refund.domestic.refunds.post({ out_trade_no: number, out_refund_no, amount });
  const find = (no) => wxpay.v3.refund.domestic.refunds._out_refund_no_.get({ out_refund_no: no });
  assert.equal((await find(out_refund_no)).data.amount.refund, 8888);
  assert.equal((await refused(find("none")))[0], 404);
});

proves(row("POST …/refunds/{refund_id}/apply-abnormal-refund", "a refund that stuck goes to the merchant"), async () => {
  const number = await paidTrade();
  const out_refund_no = `${number}R`;
  const amount = { refund: 8888, total: 8888, currency: "CNY" };
  const made = await wxpay.v3.refund.domestic.refunds.post({ out_trade_no: number, out_refund_no, amount });
  const { refund_id } = made.data;
  await here.sandbox.endRefund(out_refund_no, "ABNORMAL");
  const { applyAbnormalRefund } = wxpay.v3.refund.domestic.refunds._refund_id_;
  const { data } = await applyAbnormalRefund.post({ out_refund_no, type: "MERCHANT_BANK_CARD" }, { refund_id });
  assert.equal(data.refund_id, refund_id);
});

proves(row("GET /v3/certificates", "decrypted by the SDK; the certificates verify answers"), async () => {
  await here.sandbox.setKeyMode(mchid, "migrating", 500);
  const { data } = await wxpay.v3.certificates.get();
  const certs = Object.fromEntries(
    data.data.map(({ serial_no, encrypt_certificate: sealed }) => [
      serial_no,
      Aes.AesGcm.decrypt(sealed.ciphertext, apiv3Key, sealed.nonce, sealed.associated_data),
    ]),
  );
  assert.ok(Object.keys(certs).length > 0);
  const byCertificate = client(certs);
  const number = newNumber();
  const made = await byCertificate.v3.pay.transactions.native.post(order(number));
  assert.ok(made.data.code_url);
  await here.sandbox.setKeyMode(mchid, "public_key", 1000);
});

proves(row("notice of a payment", "verified and opened by the SDK"), async () => {
  const number = await paidTrade();
  for (;;) {
    const { headers, body } = await receiver.next();
    const text = Formatter.joinedByLineFeed(headers["wechatpay-timestamp"], headers["wechatpay-nonce"], body);
    assert.equal(headers["wechatpay-serial"], publicKeyId);
    assert.equal(Rsa.verify(text, headers["wechatpay-signature"], platformKey), true);
    assert.equal(Rsa.verify(`${text} `, headers["wechatpay-signature"], platformKey), false);
    const { resource } = JSON.parse(body);
    const opened = Aes.AesGcm.decrypt(resource.ciphertext, apiv3Key, resource.nonce, resource.associated_data);
    const trade = JSON.parse(opened);
    if (trade.out_trade_no !== number) continue;
    assert.deepEqual([trade.trade_state, trade.amount.total], ["SUCCESS", 8888]);
    return;
  }
});

proves(row("any method", "an answer with a wrong signature is refused by the SDK"), async () => {
  const number = await paidTrade();
  await here.sandbox.startFault("wechat.query", "bad_signature");
  try {
    await assert.rejects(query(number), /Verify the response/);
  } finally {
    await here.sandbox.endFaults();
  }
});

proves(row("notice of a refund", "verified and opened by the SDK"), async () => {
  const number = await paidTrade();
  const out_refund_no = `${number}R`;
  const amount = { refund: 888, total: 8888, currency: "CNY" };
  await wxpay.v3.refund.domestic.refunds.post({ out_trade_no: number, out_refund_no, amount, notify_url: receiver.url });
  // WeChat Pay takes its time with a refund.
  await here.sandbox.endRefund(out_refund_no, "SUCCESS");
  for (;;) {
    const { headers, body } = await receiver.next();
    const text = Formatter.joinedByLineFeed(headers["wechatpay-timestamp"], headers["wechatpay-nonce"], body);
    assert.equal(Rsa.verify(text, headers["wechatpay-signature"], platformKey), true);
    const { event_type, resource } = JSON.parse(body);
    if (event_type !== "REFUND.SUCCESS") continue;
    const opened = Aes.AesGcm.decrypt(resource.ciphertext, apiv3Key, resource.nonce, resource.associated_data);
    const refund = JSON.parse(opened);
    if (refund.out_refund_no !== out_refund_no) continue;
    assert.deepEqual([refund.refund_status, refund.amount.refund], ["SUCCESS", 888]);
    return;
  }
});

proves(row("/v3/pay/partner/transactions", "a service provider acts for a merchant"), async () => {
  const sub_mchid = "1900077703";
  await here.sandbox.link(mchid, { sub_mchid });
  const number = newNumber();
  const { appid: sp_appid, mchid: sp_mchid, ...rest } = order(number);
  const names = { sp_appid, sp_mchid, sub_mchid };
  const { partner } = wxpay.v3.pay;
  const made = await partner.transactions.native.post({ ...rest, ...names });
  await here.sandbox.openInWallet(made.data.code_url);
  await here.sandbox.pay(number);
  const find = partner.transactions.outTradeNo._out_trade_no_;
  const { data } = await find.get({ params: { sp_mchid, sub_mchid }, out_trade_no: number });
  assert.deepEqual([data.trade_state, data.sub_mchid], ["SUCCESS", sub_mchid]);
});

// The last: it moves the channels' clock.
proves(row("GET /v3/bill/tradebill", "the hash is right, yesterday's trade is in it"), async () => {
  const number = await paidTrade();
  // To the next day, eleven in the morning in Beijing: the bill is made by then.
  const inBeijing = new Date(Date.now() + 8 * 3600 * 1000).toISOString();
  const [hours, minutes] = inBeijing.slice(11, 16).split(":").map(Number);
  await here.sandbox.advance((24 + 11 - hours) * 3600 - minutes * 60);
  const bill_date = inBeijing.slice(0, 10);
  const headers = { "Wechatpay-Serial": publicKeyId };
  const params = { bill_date, bill_type: "ALL", tar_type: "GZIP" };
  const { data } = await wxpay.v3.bill.tradebill.get({ params, headers });
  const url = new URL(data.download_url);
  const path = `${url.pathname}${url.search}`;
  const [nonce, time] = [Formatter.nonce(), `${Formatter.timestamp()}`];
  const sign = Rsa.sign(Formatter.request("GET", path, time, nonce), keys.privatePem);
  const authorization = Formatter.authorization(mchid, nonce, sign, time, serial);
  const answer = await fetch(url, { headers: { authorization, accept: "*/*" } });
  assert.equal(answer.status, 200);
  const text = gunzipSync(Buffer.from(await answer.arrayBuffer()));
  assert.equal(createHash("sha1").update(text).digest("hex"), data.hash_value);
  assert.ok(text.toString("utf8").includes(number));
});
