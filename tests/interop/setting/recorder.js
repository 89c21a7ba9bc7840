// A line between the gateway and the sandbox that keeps what the gateway sends.
import { createServer, request as send } from "node:http";

export class Recorder {
  #server;
  calls = [];

  /** @param {string} target where everything goes on to */
  static async open(target) {
    const recorder = new Recorder();
    recorder.#server = createServer(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      const { method, url, headers } = request;
      recorder.calls.push({ method, url, headers, body: body.toString("utf8") });
      const onward = send(new URL(url, target), { method, headers }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      onward.on("error", () => response.destroy());
      onward.end(body);
    });
    await new Promise((done) => recorder.#server.listen(0, "127.0.0.1", done));
    return recorder;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** The last call that fits. */
  last(fits) {
    const call = this.calls.findLast(fits);
    if (!call) throw new Error(`no such call among ${this.calls.map(({ method, url }) => `${method} ${url.split("?")[0]}`)}`);
    return call;
  }

  close() {
    this.#server.closeAllConnections();
    return new Promise((done) => this.#server.close(done));
  }
}
