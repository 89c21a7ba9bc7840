// The page that Alipay shows (the sandbox's), where the trade begins with the payer's sign-in.

export class AlipayCashier {
  constructor(page) {
    this.page = page;
  }

  static async arrived(page) {
    await page.locator("#sign-in").waitFor();
    return new AlipayCashier(page);
  }

  async signIn() {
    await this.page.locator("#sign-in").click();
    await this.page.locator("#pay").waitFor();
  }

  /** Confirms; Alipay then sends the payer back to the checkout page. */
  async pay() {
    await this.page.locator("#pay").click();
  }
}
