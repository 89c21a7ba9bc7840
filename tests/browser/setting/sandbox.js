// The sandbox's control interface: what a test does that a payer cannot, and the channels' own
// ledger, which is the judge of every story.

export class Sandbox {
  /** @param {string} url */
  constructor(url) {
    this.url = url;
  }

  /** Every trade and refund that the channels believe in. */
  ledger() {
    return this.#call("GET", "/sandbox/ledger");
  }

  /** The trades that took money, also when it was given back later. */
  async paidTrades() {
    const { trades } = await this.ledger();
    return trades.filter((trade) => trade.paid_at !== null);
  }

  async trade(outTradeNo) {
    const { trades } = await this.ledger();
    const found = trades.find((trade) => trade.out_trade_no === outTradeNo);
    if (!found) throw new Error(`the channels know no trade ${outTradeNo}: ${JSON.stringify(trades)}`);
    return found;
  }

  /** From now on the calls of `method` go wrong, until `endFaults`. */
  startFault(method, fault) {
    return this.#call("POST", "/sandbox/faults", { method, fault });
  }

  endFaults() {
    return this.#call("DELETE", "/sandbox/faults");
  }

  /** Acts as the wallet app on what the gateway handed out; verifies its signature. */
  openInWallet(artefact) {
    return this.#call("POST", "/sandbox/payer/open", { artefact });
  }

  /** Registers a merchant's account; answers what the merchant verifies the channel with. */
  register(account) {
    return this.#call("POST", "/sandbox/accounts", account);
  }

  /** Lets a service provider's app of Alipay act for a merchant. */
  authorize(appId, merchant) {
    return this.#call("POST", `/sandbox/alipay/${appId}/merchants`, merchant);
  }

  /** Lets a service provider of WeChat Pay act for a merchant. */
  link(mchid, merchant) {
    return this.#call("POST", `/sandbox/wechat/${mchid}/sub_merchants`, merchant);
  }

  /** How WeChat Pay signs for a merchant: with its public key, certificates, or both. */
  setKeyMode(mchid, mode, public_key_permille) {
    return this.#call("POST", `/sandbox/wechat/${mchid}/platform`, { mode, public_key_permille });
  }

  /** How a refund at WeChat Pay ends. */
  endRefund(outRefundNo, state) {
    return this.#call("POST", `/sandbox/refunds/${outRefundNo}`, { state });
  }

  /** What the channels' clock shows. */
  clock() {
    return this.#call("GET", "/sandbox/clock");
  }

  /** Moves the channels' clock on. */
  advance(seconds) {
    return this.#call("POST", "/sandbox/clock", { advance_seconds: seconds });
  }

  /** A payment code, as a payer shows it at a counter. */
  barcode(channel, behaviour) {
    return this.#call("POST", "/sandbox/payer/barcode", { channel, behaviour });
  }

  pay(outTradeNo) {
    return this.#call("POST", `/sandbox/trades/${outTradeNo}/pay`);
  }

  /** The channel contradicts itself: it takes money for a trade that it has closed. */
  payAfterClose(outTradeNo) {
    return this.#call("POST", `/sandbox/trades/${outTradeNo}/force_pay`);
  }

  async #call(method, path, body) {
    const response = await fetch(this.url + path, {
      method,
      headers: body ? { "content-type": "application/json" } : {},
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }
}
