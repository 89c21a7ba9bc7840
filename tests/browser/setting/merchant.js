// The merchant's server, for orders that the demo shop does not make.
import { randomUUID } from "node:crypto";

export class Merchant {
  /** @param {{gateway: string, api_key: string}} demo */
  constructor(demo) {
    this.demo = demo;
  }

  /** Creates an order of 88.00 yuan; `more` are further fields of `POST /v1/orders`. */
  createOrder(more = {}) {
    return this.#call("POST", "/v1/orders", {
      merchant_order_no: `T${randomUUID().replaceAll("-", "").slice(0, 24)}`,
      amount: 8800,
      subject: "龙井茶 250 克",
      return_url: this.demo.shop,
      ...more,
    });
  }

  order(id) {
    return this.#call("GET", `/v1/orders/${id}`);
  }

  /** The latest try at paying the order; its `flow_no` is the channel's `out_trade_no`. */
  async lastFlow(id) {
    return (await this.order(id)).flows.at(-1);
  }

  /** Makes an order payable in one way; `wish` is the body of `POST …/flows`. */
  pay(id, wish) {
    return this.#call("POST", `/v1/orders/${id}/flows`, wish);
  }

  refund(id, amount) {
    return this.#call("POST", `/v1/orders/${id}/refunds`, { merchant_refund_no: randomUUID(), amount });
  }

  closeOrder(id) {
    return this.#call("POST", `/v1/orders/${id}/close`, {});
  }

  async #call(method, path, body) {
    const response = await fetch(this.demo.gateway + path, {
      method,
      headers: {
        authorization: `Bearer ${this.demo.api_key}`,
        ...(body && { "content-type": "application/json", "idempotency-key": randomUUID() }),
      },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }
}
