// The real `till demo`: gateway, sandbox and shop in one process, on free ports, with an empty
// folder of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { until } from "./until.js";

const program = fileURLToPath(new URL("../../../target/debug/till", import.meta.url));
const anyPort = "127.0.0.1:0";
// Settings of whoever runs the tests are not for the demo.
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("TILL_")));

/** Starts a demo and returns what it wrote to demo.json, its `folder`, and `stop`. */
export async function startDemo() {
  if (!existsSync(program)) throw new Error(`${program} is missing; run: cargo build --workspace --bin till`);
  const folder = await mkdtemp(join(tmpdir(), "till-browser-"));
  const logFile = join(folder, "till.log");
  const log = await open(logFile, "w");
  const flags = ["--http", "--shop", "--sandbox", "--metrics"].flatMap((flag) => [flag, anyPort]);
  const till = spawn(program, ["demo", "--data", folder, ...flags], {
    env: environment,
    stdio: ["ignore", log.fd, log.fd],
  });
  await log.close();
  const exited = once(till, "exit");
  const endWithUs = () => till.kill("SIGKILL");
  process.once("exit", endWithUs);

  const stop = async () => {
    till.kill("SIGTERM");
    await exited;
    process.off("exit", endWithUs);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return { ...(await ready(till, folder)), folder, stop };
  } catch (error) {
    error.message += `\n${await readFile(logFile, "utf8")}`;
    await stop();
    throw error;
  }
}

async function ready(till, folder) {
  const description = join(folder, "demo.json");
  await until("till writes demo.json", () => {
    if (till.exitCode !== null) throw new Error(`till ended with exit code ${till.exitCode}`);
    return existsSync(description);
  });
  return JSON.parse(await readFile(description, "utf8"));
}
