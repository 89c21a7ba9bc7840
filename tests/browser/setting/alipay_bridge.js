// `AlipayJSBridge`, which Alipay's browser gives to pages. The sandbox is the wallet behind it: it
// knows the trade, and the payer confirms.

/** Call before the page is opened. */
export async function installAlipayBridge(page, sandbox) {
  await page.exposeFunction("payInAlipay", async (parameters) => {
    const { out_trade_no } = await sandbox.openInWallet(parameters);
    await sandbox.pay(out_trade_no);
  });
  await page.addInitScript(() => {
    window.AlipayJSBridge = {
      call(method, parameters, answer) {
        if (method !== "tradePay") throw new Error(`unknown bridge method ${method}`);
        window.payInAlipay(parameters).then(
          () => answer({ resultCode: "9000" }),
          () => answer({ resultCode: "4000" }),
        );
      },
    };
  });
}
