// Alipay's own SDK as a merchant of the sandbox, in both modes: every answer's signature is verified
// by the SDK, with Alipay's public key or with its certificate.
import assert from "node:assert/strict";
import { after } from "node:test";
import { inflateRawSync } from "node:zlib";

import { AlipaySdk } from "alipay-sdk";

import { bare, newKeys } from "../setting/keys.js";
import { proves } from "../setting/matrix.js";
import { Receiver } from "../setting/receiver.js";
import { newNumber, stage } from "../setting/stage.js";

const sellerId = "2088000077770001";
const modes = [
  { appId: "9021000177770001", protocol: "Alipay, public keys", certificates: false },
  { appId: "9021000177770002", protocol: "Alipay, certificates", certificates: true },
];
const provider = { appId: "9021000177770003", protocol: "Alipay, public keys", certificates: false };
const sdks = {};
let receiver;

const here = stage(async ({ demo, sandbox }) => {
  receiver = await Receiver.open("success");
  for (const { appId, certificates } of [...modes, provider]) {
    const keys = newKeys();
    const registered = await sandbox.register({
      channel: "alipay",
      app_id: appId,
      seller_id: sellerId,
      app_public_key_pem: keys.publicPem,
      certificates,
    });
    sdks[appId] = new AlipaySdk({
      appId,
      privateKey: bare(keys.privatePem),
      keyType: "PKCS8",
      ...(certificates ? files(registered) : { alipayPublicKey: bare(registered.alipay_public_key_pem) }),
      gateway: `${demo.sandbox}/gateway.do`,
      camelcase: false,
      timeout: 10_000,
    });
  }
});

after(() => receiver?.close());

/** The three files of the console. */
const files = ({ app_cert_pem, alipay_cert_pem, alipay_root_cert_pem }) => ({
  appCertContent: app_cert_pem,
  alipayPublicCertContent: alipay_cert_pem,
  alipayRootCertContent: alipay_root_cert_pem,
});

const order = (number, more = {}) => ({
  out_trade_no: number,
  total_amount: "88.88",
  subject: "龙井茶 250 克 + {\"}",
  ...more,
});

for (const mode of modes) stories(mode);

proves(
  {
    sdk: "alipay-sdk",
    protocol: "Alipay, certificates",
    method: "alipay.open.app.alipaycert.download",
    shows: "the certificate that the SDK counts by the same number",
  },
  async () => {
    const sdk = sdks[modes[1].appId];
    const bizContent = { alipay_cert_sn: sdk.config.alipayCertSn };
    const told = await sdk.exec("alipay.open.app.alipaycert.download", { bizContent }, { validateSign: true });
    const pem = Buffer.from(told.alipay_cert_content, "base64").toString();
    const again = new AlipaySdk({ ...sdk.config, alipayPublicCertContent: pem });
    assert.equal(again.config.alipayCertSn, sdk.config.alipayCertSn);
  },
);

function stories({ appId, protocol }) {
  /** A call whose answer the SDK verifies. */
  function ask(method, bizContent, more = {}) {
    return sdks[appId].exec(method, { bizContent, ...more }, { validateSign: true });
  }

  function row(method, shows) {
    return { sdk: "alipay-sdk", protocol, method, shows };
  }

  /** A trade that was scanned and paid. */
  async function paidTrade() {
    const number = newNumber();
    const made = await ask("alipay.trade.precreate", order(number), { notify_url: receiver.url });
    await here.sandbox.openInWallet(made.qr_code);
    await here.sandbox.pay(number);
    return number;
  }

  proves(row("alipay.trade.precreate", "the answer is verified, the code can be paid"), async () => {
    const number = newNumber();
    const made = await ask("alipay.trade.precreate", order(number));
    assert.equal(made.code, "10000");
    assert.equal(made.out_trade_no, number);
    const opened = await here.sandbox.openInWallet(made.qr_code);
    assert.equal(opened.out_trade_no, number);
  });

  proves(row("alipay.trade.query", "before the scan, waiting, paid"), async () => {
    const number = newNumber();
    const made = await ask("alipay.trade.precreate", order(number));
    const unknown = await ask("alipay.trade.query", { out_trade_no: number });
    assert.deepEqual([unknown.code, unknown.sub_code], ["40004", "ACQ.TRADE_NOT_EXIST"]);
    await here.sandbox.openInWallet(made.qr_code);
    assert.equal((await ask("alipay.trade.query", { out_trade_no: number })).trade_status, "WAIT_BUYER_PAY");
    await here.sandbox.pay(number);
    const paid = await ask("alipay.trade.query", { out_trade_no: number });
    assert.deepEqual([paid.trade_status, paid.total_amount], ["TRADE_SUCCESS", "88.88"]);
  });

  proves(row("alipay.trade.close", "unknown, closed, paid"), async () => {
    const number = newNumber();
    const made = await ask("alipay.trade.precreate", order(number));
    const unknown = await ask("alipay.trade.close", { out_trade_no: number });
    assert.equal(unknown.sub_code, "ACQ.TRADE_NOT_EXIST");
    await here.sandbox.openInWallet(made.qr_code);
    assert.equal((await ask("alipay.trade.close", { out_trade_no: number })).code, "10000");
    const paid = await paidTrade();
    assert.equal((await ask("alipay.trade.close", { out_trade_no: paid })).sub_code, "ACQ.TRADE_STATUS_ERROR");
  });

  proves(row("alipay.trade.refund", "once, however often it is sent"), async () => {
    const number = await paidTrade();
    const wish = { out_trade_no: number, refund_amount: "8.88", out_request_no: `${number}R` };
    const first = await ask("alipay.trade.refund", wish);
    assert.deepEqual([first.fund_change, first.refund_fee], ["Y", "8.88"]);
    const again = await ask("alipay.trade.refund", wish);
    assert.deepEqual([again.fund_change, again.refund_fee], ["N", "8.88"]);
  });

  proves(row("alipay.trade.fastpay.refund.query", "there and not there"), async () => {
    const number = await paidTrade();
    const wish = { out_trade_no: number, out_request_no: `${number}R` };
    await ask("alipay.trade.refund", { ...wish, refund_amount: "88.88" });
    const found = await ask("alipay.trade.fastpay.refund.query", wish);
    assert.deepEqual([found.refund_status, found.refund_amount], ["REFUND_SUCCESS", "88.88"]);
    const none = await ask("alipay.trade.fastpay.refund.query", { ...wish, out_request_no: "none" });
    assert.equal(none.refund_status, undefined);
  });

  proves(row("alipay.trade.pay", "paid at once, waiting, refused"), async () => {
    const code = async (behaviour) => (await here.sandbox.barcode("alipay", behaviour)).auth_code;
    const pay = async (number, behaviour) =>
      ask("alipay.trade.pay", order(number, { scene: "bar_code", auth_code: await code(behaviour) }));
    assert.equal((await pay(newNumber(), "pay")).code, "10000");
    const number = newNumber();
    assert.equal((await pay(number, "ask_password")).code, "10003");
    await here.sandbox.pay(number);
    assert.equal((await ask("alipay.trade.query", { out_trade_no: number })).trade_status, "TRADE_SUCCESS");
    assert.equal((await pay(newNumber(), "refuse")).code, "40004");
  });

  proves(row("alipay.trade.cancel", "unknown, unpaid, paid"), async () => {
    const cancel = (number) => ask("alipay.trade.cancel", { out_trade_no: number });
    const unknown = await cancel(newNumber());
    assert.deepEqual([unknown.code, unknown.action], ["10000", undefined]);
    const number = newNumber();
    const { auth_code } = await here.sandbox.barcode("alipay", "ask_password");
    await ask("alipay.trade.pay", order(number, { scene: "bar_code", auth_code }));
    assert.equal((await cancel(number)).action, "close");
    const paid = newNumber();
    const ready = await here.sandbox.barcode("alipay", "pay");
    await ask("alipay.trade.pay", order(paid, { scene: "bar_code", auth_code: ready.auth_code }));
    assert.equal((await cancel(paid)).action, "refund");
  });

  proves(row("alipay.trade.create", "a trade for a known payer"), async () => {
    const number = newNumber();
    const made = await ask("alipay.trade.create", order(number, { buyer_id: "2088000000000099" }));
    assert.equal(made.code, "10000");
    assert.equal((await ask("alipay.trade.query", { out_trade_no: number })).trade_no, made.trade_no);
  });

  for (const [method, http] of [["alipay.trade.page.pay", "GET"], ["alipay.trade.wap.pay", "POST"]]) {
    proves(row(method, `pageExecute, ${http}`), async () => {
      const number = newNumber();
      const product = method.includes("page") ? "FAST_INSTANT_TRADE_PAY" : "QUICK_WAP_WAY";
      const bizContent = order(number, { product_code: product });
      const made = sdks[appId].pageExecute(method, http, { bizContent });
      assert.equal((await here.sandbox.openInWallet(made)).out_trade_no, number);
    });
  }

  proves(row("alipay.trade.app.pay", "sdkExecute"), async () => {
    const number = newNumber();
    const bizContent = order(number, { product_code: "QUICK_MSECURITY_PAY" });
    const order_string = sdks[appId].sdkExecute("alipay.trade.app.pay", { bizContent });
    assert.equal((await here.sandbox.openInWallet(order_string)).out_trade_no, number);
  });

  proves(row("notice of a payment", "checkNotifySignV2 on the sandbox's form"), async () => {
    const number = await paidTrade();
    for (;;) {
      const form = Object.fromEntries(new URLSearchParams((await receiver.next()).body));
      if (form.app_id !== appId) continue;
      assert.equal(sdks[appId].checkNotifySignV2(form), true);
      assert.equal(sdks[appId].checkNotifySignV2({ ...form, total_amount: "0.01" }), false);
      if (form.out_trade_no === number && form.trade_status === "TRADE_SUCCESS") return;
    }
  });

  proves(row("notice of a refund", "the payment's notice with what went back"), async () => {
    const number = await paidTrade();
    await ask("alipay.trade.refund", { out_trade_no: number, refund_amount: "8.88", out_request_no: `${number}R` });
    for (;;) {
      const form = Object.fromEntries(new URLSearchParams((await receiver.next()).body));
      if (form.out_trade_no !== number || !form.refund_fee) continue;
      assert.equal(sdks[appId].checkNotifySignV2(form), true);
      assert.deepEqual([form.out_biz_no, form.refund_fee], [`${number}R`, "8.88"]);
      return;
    }
  });

  proves(row("alipay.system.oauth.token", "a code from the authorize page, once"), async () => {
    const page = new URL(`${here.demo.sandbox}/oauth2/publicAppAuthorize.htm`);
    page.search = new URLSearchParams({
      app_id: appId,
      scope: "auth_base",
      redirect_uri: "http://shop.example/back",
      state: "s1",
    });
    const answer = await fetch(page, { redirect: "manual" });
    const back = new URL(answer.headers.get("location")).searchParams;
    assert.equal(back.get("state"), "s1");
    const question = { grantType: "authorization_code", code: back.get("auth_code") };
    const token = await sdks[appId].exec("alipay.system.oauth.token", question, { validateSign: true });
    assert.match(token.user_id ?? token.open_id, /./);
    const again = await sdks[appId].exec("alipay.system.oauth.token", question).catch((error) => error);
    assert.equal(again.user_id, undefined);
  });

  proves(row("any method", "an answer with a wrong signature is refused by the SDK"), async () => {
    await here.sandbox.startFault("alipay.trade.query", "bad_signature");
    try {
      await assert.rejects(ask("alipay.trade.query", { out_trade_no: newNumber() }));
    } finally {
      await here.sandbox.endFaults();
    }
  });
}

proves({ sdk: "alipay-sdk", protocol: provider.protocol, method: "app_auth_token", shows: "a service provider acts for a merchant" }, async () => {
  const { app_auth_token } = await here.sandbox.authorize(provider.appId, {
    seller_id: "2088000077770111",
    auth_app_id: "2021000077770111",
  });
  const ask = (method, bizContent, appAuthToken) =>
    sdks[provider.appId].exec(method, { bizContent, ...(appAuthToken && { appAuthToken }) }, { validateSign: true });
  const number = newNumber();
  const made = await ask("alipay.trade.precreate", order(number), app_auth_token);
  await here.sandbox.openInWallet(made.qr_code);
  await here.sandbox.pay(number);
  assert.equal((await here.sandbox.trade(number)).seller_id, "2088000077770111");
  assert.equal((await ask("alipay.trade.query", { out_trade_no: number }, app_auth_token)).trade_status, "TRADE_SUCCESS");
  assert.equal((await ask("alipay.trade.query", { out_trade_no: number })).sub_code, "aop.invalid-app-auth-token");
});

// The last: it moves the channels' clock.
for (const { appId, protocol } of modes) {
  const method = "alipay.data.dataservice.bill.downloadurl.query";
  proves({ sdk: "alipay-sdk", protocol, method, shows: "yesterday's trade is in the file" }, async () => {
    const sdk = sdks[appId];
    const ask = (name, bizContent) => sdk.exec(name, { bizContent }, { validateSign: true });
    const number = newNumber();
    const { now } = await here.sandbox.clock();
    const { auth_code } = await here.sandbox.barcode("alipay", "pay");
    await ask("alipay.trade.pay", order(number, { scene: "bar_code", auth_code }));
    const inBeijing = new Date(Date.parse(now) + 8 * 3600 * 1000).toISOString();
    const [hours, minutes] = inBeijing.slice(11, 16).split(":").map(Number);
    await here.sandbox.advance((24 + 11 - hours) * 3600 - minutes * 60);
    const told = await ask(method, { bill_type: "trade", bill_date: inBeijing.slice(0, 10) });
    const archive = Buffer.from(await (await fetch(told.bill_download_url)).arrayBuffer());
    assert.ok(rows(archive).some((line) => line.includes(number)));
  });
}

/** The lines of an archive's first file; its local header says where its content begins. */
function rows(archive) {
  assert.equal(archive.readUInt32LE(0), 0x04034b50);
  const content = archive.subarray(30 + archive.readUInt16LE(26) + archive.readUInt16LE(28));
  return new TextDecoder("gbk").decode(inflateRawSync(content)).split("\n");
}
