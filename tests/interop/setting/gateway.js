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
   * @param {(accounts: string, folder: string) => string} change what else stands in the merchant's file
   */
  static async start(demo, channels, change = (accounts) => accounts) {
    const gateway = new Gateway();
    gateway.folder = mkdtempSync(join(tmpdir(), "till-interop-"));
    cpSync(demo.folder, gateway.folder, { recursive: true, filter: (file) => !/till\.db|\.log|demo\.json/.test(file) });
    const accounts = join(gateway.folder, "accounts.toml");
    const reached = readFileSync(accounts, "utf8").replaceAll(demo.sandbox, channels);
    writeFileSync(accounts, change(reached, gateway.folder));
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
    gateway.merchant = new Merchant({ ...demo, gateway: gateway.url });
    return gateway;
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
