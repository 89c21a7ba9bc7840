// The demo shop: a list of goods, and a page for each order.
import { Checkout } from "./checkout.js";

export class Shop {
  constructor(page) {
    this.page = page;
  }

  /** Opens the shop and buys the first thing in it; the payer lands on the checkout page. */
  static async buy(page, demo) {
    await page.goto(demo.shop);
    await page.locator("[data-buy]").first().click();
    const checkout = new Checkout(page);
    await checkout.is("choose");
    return checkout;
  }

  /** Waits until the shop's order page says `state`: `waiting` or `paid`. */
  async is(state) {
    await this.page.locator(`#shop-state[data-state="${state}"]`).waitFor();
  }

  /** Waits until the shop has verified the signature of the gateway's webhook. */
  async hasVerifiedWebhook() {
    await this.page.locator('#webhook[data-verified="true"]').waitFor();
  }
}
