// Pictures of the pages as a payer sees them: for the README when `make pictures` asks for it, and
// else for whoever wants to know why a test failed.
import { fileURLToPath } from "node:url";

const folder = process.env.TILL_PICTURES ?? fileURLToPath(new URL("../out", import.meta.url));

export async function takePicture(page, name) {
  await page.screenshot({ path: `${folder}/${name}.png`, animations: "disabled" });
}
