// Alipay's own SDK as a merchant of the sandbox: every answer's signature is verified by the SDK.
import assert from "node:assert/strict";
import { after } from "node:test";

import { AlipaySdk } from "alipay-sdk";

import { bare, newKeys } from "../setting/keys.js";
import { proves } from "../setting/matrix.js";
import { Receiver } from "../setting/receiver.js";
import { newNumber, stage } from "../setting/stage.js";

const appId = "9021000177770001";
const sellerId = "2088000077770001";
const keys = newKeys();
const sdkName = "alipay-sdk";
const protocol = "Alipay, gateway.do";
let sdk;
let receiver;

const here = stage(async ({ demo, sandbox }) => {
  const registered = await sandbox.register({
    channel: "alipay",
    app_id: appId,
    seller_id: sellerId,
    app_public_key_pem: keys.publicPem,
  });
  receiver = await Receiver.open("success");
  sdk = new AlipaySdk({
    appId,
    privateKey: bare(keys.privatePem),
    keyType: "PKCS8",
    alipayPublicKey: bare(registered.alipay_public_key_pem),
    gateway: `${demo.sandbox}/gateway.do`,
    camelcase: false,
    timeout: 10_000,
  });
});

after(() => receiver?.close());

/** A call whose answer the SDK verifies. */
function ask(method, bizContent, more = {}) {
  return sdk.exec(method, { bizContent, ...more }, { validateSign: true });
}

function row(method, shows) {
  return { sdk: sdkName, protocol, method, shows };
}

const order = (number, more = {}) => ({
  out_trade_no: number,
  total_amount: "88.88",
  subject: "龙井茶 250 克 + {\"}",
  ...more,
});

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
    const made = sdk.pageExecute(method, http, { bizContent });
  
    assert.equal((await here.sandbox.openInWallet(made)).out_trade_no, number);
  });
}

proves(row("alipay.trade.app.pay", "sdkExecute"), async () => {
  const number = newNumber();
  const bizContent = order(number, { product_code: "QUICK_MSECURITY_PAY" });
  const order_string = sdk.sdkExecute("alipay.trade.app.pay", { bizContent });
  assert.equal((await here.sandbox.openInWallet(order_string)).out_trade_no, number);
});

proves(row("notice of a payment", "checkNotifySignV2 on the sandbox's form"), async () => {
  const number = await paidTrade();
  for (;;) {
    const form = Object.fromEntries(new URLSearchParams((await receiver.next()).body));
    assert.equal(sdk.checkNotifySignV2(form), true);
    assert.equal(sdk.checkNotifySignV2({ ...form, total_amount: "0.01" }), false);
    if (form.out_trade_no === number && form.trade_status === "TRADE_SUCCESS") return;
  }
});

proves(row("any method", "an answer with a wrong signature is refused by the SDK"), async () => {
  await here.sandbox.startFault("alipay.trade.query", "bad_signature");
  try {
    await assert.rejects(ask("alipay.trade.query", { out_trade_no: newNumber() }));
  } finally {
    await here.sandbox.endFaults();
  }
});
