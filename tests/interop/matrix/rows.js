// Where the rows of a run are kept until its end.
import { fileURLToPath } from "node:url";

export const rowsFile = fileURLToPath(new URL("../.rows.jsonl", import.meta.url));
