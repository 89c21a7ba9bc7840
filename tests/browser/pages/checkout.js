// The payer's page of one order.
import jsqr from "jsqr";
import { PNG } from "pngjs";

import { AlipayCashier } from "./alipay_cashier.js";
import { Shop } from "./shop.js";
import { Wallet } from "./wallet.js";

export class Checkout {
  constructor(page) {
    this.page = page;
  }

  static async open(page, url) {
    await page.goto(url);
    return new Checkout(page);
  }

  /** Waits until the page says `state`. */
  async is(state, seconds = 30) {
    await this.page.locator(`#state[data-state="${state}"]`).waitFor({ timeout: seconds * 1000 });
  }

  /** The ways that are offered here, sorted. */
  async ways() {
    const ways = await this.page.locator("[data-way]").evaluateAll((buttons) => buttons.map((b) => b.dataset.way));
    return ways.sort();
  }

  async choose(way) {
    await this.page.locator(`[data-way="${way}"]`).click();
  }

  /** Chooses a way that leads to a page of Alipay's. */
  async leaveForAlipay(way) {
    await this.choose(way);
    return AlipayCashier.arrived(this.page);
  }

  /** Chooses a way that leads into WeChat. */
  async leaveForWechat(way) {
    await this.choose(way);
    return Wallet.arrived(this.page);
  }

  /** Chooses a way that shows a QR code here. */
  async showCode(way) {
    await this.choose(way);
    await this.is("waiting");
    await this.page.locator("#qr").waitFor();
  }

  /** What is in the picture, to tell two codes apart. */
  code() {
    return this.page.locator("#qr").evaluate((qr) => qr.getAttribute("src") ?? qr.outerHTML);
  }

  /** What a phone reads out of the one code for both wallets. */
  async codeForBoth() {
    const picture = await this.page.locator("#both-qr").screenshot();
    const { data, width, height } = PNG.sync.read(picture);
    return jsqr(new Uint8ClampedArray(data), width, height)?.data;
  }

  /** The wallet of the payer's phone, opened on the code that is shown: another tab. */
  async scan() {
    const tab = this.page.context().waitForEvent("page");
    await this.page.locator("#wallet-link").click({ modifiers: ["ControlOrMeta"] });
    return Wallet.arrived(await tab);
  }

  async changeWay() {
    await this.page.locator("#change-way").click();
    await this.page.locator("[data-way]").first().waitFor();
  }

  async sayIHavePaid() {
    await this.page.locator("#i-have-paid").click();
  }

  async backToShop() {
    await this.page.locator("#back-to-shop").click();
    return new Shop(this.page);
  }
}
