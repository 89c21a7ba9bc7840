// A gateway of its own beside the demo, whose channel accounts are reached through a recorder.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { Merchant } from "../../browser/setting/merchant.js";
import { until } from "../../browser/setting/until.js";

const program = fileURLToPath(new URL("../../../target/debug/till", import.meta.url));

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

export class Gateway {
  /**
   * @param {{folder: string, sandbox: string}} demo whose merchant and keys are used
   * @param {string} channels the address that stands in for the sandbox's
   * @param {{change?: (accounts: string) => string, files?: Record<string, string>}} more what else stands in the
   *   import file, and the files that it names
   */
  static async start(demo, channels, { change = (accounts) => accounts, files = {} } = {}) {
    const gateway = new Gateway();
    gateway.folder = mkdtempSync(join(tmpdir(), "till-interop-"));
    cpSync(demo.folder, gateway.folder, { recursive: true, filter: (file) => !/till\.db|\.log|demo\.json/.test(file) });
    const accounts = join(gateway.folder, "accounts.toml");
    writeFileSync(accounts, change(readFileSync(accounts, "utf8")).replaceAll(demo.sandbox, channels));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(gateway.folder, name), text, { mode: 0o600 });
    const port = await freePort();
    gateway.url = `http://127.0.0.1:${port}`;
    const env = {
      PATH: process.env.PATH,
      TILL__HTTP__LISTEN: `127.0.0.1:${port}`,
      TILL__METRICS__LISTEN: "",
      TILL__DATABASE__URL: `sqlite://${join(gateway.folder, "interop.db")}?mode=rwc`,
      TILL__SECURITY__MASTER_KEY_FILE: join(gateway.folder, "master.key"),
      TILL__WEBHOOK__ALLOW_PRIVATE_ADDRESSES: "true",
      TILL__LOG__FILTER: "warn",
    };
    execFileSync(program, ["migrate"], { env });
    execFileSync(program, ["account", "import", accounts], { env });
    gateway.process = spawn(program, ["serve"], { env, stdio: ["ignore", "ignore", "inherit"] });
    gateway.exited = once(gateway.process, "exit");
    await until("the gateway answers", async () => {
      const answer = await fetch(`${gateway.url}/readyz`).catch(() => undefined);
      return answer?.ok;
    });
    gateway.demo = demo;
    gateway.merchant = gateway.merchantOf(demo.api_key);
    return gateway;
  }

  /** The merchant's server whose app has this key. */
  merchantOf(api_key) {
    return new Merchant({ ...this.demo, gateway: this.url, api_key });
  }

  async stop() {
    this.process.kill("SIGTERM");
    await this.exited;
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A secret of the demo's folder. */
  secret(name) {
    return readFileSync(join(this.folder, name), "utf8").trim();
  }
}
