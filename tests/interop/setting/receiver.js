// A merchant's server that takes notices and keeps them.
import { createServer } from "node:http";

export class Receiver {
  #server;
  #waiting = [];
  #letters = [];

  /** @param {string} reply what every notice is answered with */
  static async open(reply) {
    const receiver = new Receiver();
    receiver.#server = createServer(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      response.end(reply);
      const letter = { headers: request.headers, body: Buffer.concat(chunks).toString("utf8") };
      const next = receiver.#waiting.shift();
      if (next) next(letter);
      else receiver.#letters.push(letter);
    });
    await new Promise((done) => receiver.#server.listen(0, "127.0.0.1", done));
    return receiver;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}/notices`;
  }

  /** The next notice, as soon as it is there. */
  next() {
    const letter = this.#letters.shift();
    return letter ? Promise.resolve(letter) : new Promise((done) => this.#waiting.push(done));
  }

  close() {
    this.#server.closeAllConnections();
    return new Promise((done) => this.#server.close(done));
  }
}
