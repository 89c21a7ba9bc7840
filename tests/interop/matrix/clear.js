// Before a run: no row of an earlier one.
import { rmSync } from "node:fs";

import { rowsFile } from "./rows.js";

rmSync(rowsFile, { force: true });
