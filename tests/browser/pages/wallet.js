// The wallet on the payer's phone (the sandbox's), with a payment to confirm.

export class Wallet {
  constructor(page) {
    this.page = page;
  }

  static async arrived(page) {
    await page.locator("#pay").waitFor();
    return new Wallet(page);
  }

  async pay() {
    await this.page.locator("#pay").click();
  }
}
