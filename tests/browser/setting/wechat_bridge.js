// `WeixinJSBridge`, which WeChat's browser gives to pages. The sandbox is the wallet behind it: it
// verifies the signed parameters as WeChat does, and the payer confirms.

/** Call before the page is opened. */
export async function installWechatBridge(page, sandbox) {
  await page.exposeFunction("payInWechat", async (parameters) => {
    const { out_trade_no } = await sandbox.openInWallet(parameters);
    await sandbox.pay(out_trade_no);
  });
  await page.addInitScript(() => {
    window.WeixinJSBridge = {
      invoke(method, parameters, answer) {
        if (method !== "getBrandWCPayRequest") throw new Error(`unknown bridge method ${method}`);
        window.payInWechat(parameters).then(
          () => answer({ err_msg: "get_brand_wcpay_request:ok" }),
          () => answer({ err_msg: "get_brand_wcpay_request:fail" }),
        );
      },
    };
  });
}
