// Nothing that the sandbox simulates is without a row. The last file of a run.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { rowsFile } from "../matrix/rows.js";
import { stage } from "../setting/stage.js";

const here = stage();

/** The rows' names of what the sandbox calls otherwise. */
const rowsOf = {
  "alipay.bill_file": "alipay.data.dataservice.bill.downloadurl.query",
  "wechat.native": "POST /v3/pay/transactions/native",
  "wechat.h5": "POST /v3/pay/transactions/h5",
  "wechat.jsapi": "POST /v3/pay/transactions/jsapi",
  "wechat.app": "POST /v3/pay/transactions/app",
  "wechat.codepay": "POST /v3/pay/transactions/codepay",
  "wechat.query": "GET /v3/pay/transactions/out-trade-no/{no}",
  "wechat.close": "POST …/out-trade-no/{no}/close",
  "wechat.reverse": "POST …/out-trade-no/{no}/reverse",
  "wechat.refund": "POST /v3/refund/domestic/refunds",
  "wechat.refund_query": "GET /v3/refund/domestic/refunds/{no}",
  "wechat.abnormal_refund": "POST …/refunds/{refund_id}/apply-abnormal-refund",
  "wechat.certificates": "GET /v3/certificates",
  "wechat.bill": "GET /v3/bill/tradebill",
  "wechat.bill_file": "GET /v3/bill/tradebill",
  "v2/unifiedorder": "/pay/unifiedorder",
  "v2/micropay": "/pay/micropay",
  "v2/orderquery": "/pay/orderquery",
  "v2/closeorder": "/pay/closeorder",
  "v2/reverse": "/secapi/pay/reverse",
  "v2/refund": "/secapi/pay/refund, /pay/refundquery",
  "v2/refundquery": "/secapi/pay/refund, /pay/refundquery",
  "v2/downloadbill": "/pay/downloadbill",
  "v2/authcodetoopenid": "/tools/authcodetoopenid",
  "notice.alipay": "notice of a payment",
  "notice.wechat": "notice of a payment",
};

test("every method that the sandbox simulates was called by an SDK", async () => {
  // Whoever names a method that is not there is told all that there are.
  const told = await here.sandbox.startFault("none", "delay").catch((error) => error.message);
  const methods = told.match(/(alipay|wechat|notice)\.[a-z_.]+[a-z]|v2\/[a-z]+/g);
  assert.ok(methods.length > 30, told);
  const ours = readFileSync(rowsFile, "utf8").trim().split("\n").map((line) => JSON.parse(line));
  const shown = new Set(ours.filter(({ pass }) => pass).map(({ method }) => method));
  const missing = methods.filter((method) => !shown.has(rowsOf[method] ?? method));
  assert.deepEqual(missing, []);
});
