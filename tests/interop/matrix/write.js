// After a run: docs/interop.md is what the run has proven. With CI set, a page that differs is an
// error: it was not committed with what changed it.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { rowsFile } from "./rows.js";

const page = fileURLToPath(new URL("../../../docs/interop.md", import.meta.url));
const begin = "<!-- matrix: begin -->";
const end = "<!-- matrix: end -->";

const { dependencies } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const rows = readFileSync(rowsFile, "utf8").trim().split("\n").map((line) => JSON.parse(line));
const protocols = [...new Set(rows.map((row) => row.protocol))].sort();

function table(protocol) {
  const own = rows.filter((row) => row.protocol === protocol);
  own.sort((a, b) => `${a.method} ${a.shows}`.localeCompare(`${b.method} ${b.shows}`));
  const lines = own.map((row) => `| \`${row.method}\` | ${row.shows} | \`${row.sdk}\` | ${row.pass ? "yes" : "**no**"} |`);
  return [`### ${protocol}`, "", "| method | what is shown | SDK | pass |", "|---|---|---|---|", ...lines].join("\n");
}

const versions = Object.entries(dependencies).map(([name, version]) => `\`${name}\` ${version}`).join(", ");
const body = [`With ${versions}.`, ...protocols.map(table)].join("\n\n");
const before = readFileSync(page, "utf8");
const [head, rest] = before.split(begin);
const [, tail] = rest.split(end);
const after = `${head}${begin}\n\n${body}\n\n${end}${tail}`;

const failed = rows.filter((row) => !row.pass).length;
console.log(`${rows.length - failed} passed, ${failed} failed`);
if (after !== before) {
  writeFileSync(page, after);
  if (process.env.CI) {
    console.error("docs/interop.md does not say what this run has proven; run `make interop` and commit it");
    process.exit(1);
  }
}
