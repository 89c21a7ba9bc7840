// Pictures of the pages as a payer sees them: for the README when `make pictures` asks for it, and
// else for whoever wants to know why a test failed.
import { fileURLToPath } from "node:url";

const folder = process.env.TILL_PICTURES ?? fileURLToPath(new URL("../out", import.meta.url));

/**
 * Takes the page as it is seen at first, without scrolling.
 * @param {"light" | "dark"} colorScheme in the dark the file is called `NAME-dark.png`
 */
export async function takePicture(page, name, colorScheme = "light") {
  await page.emulateMedia({ colorScheme });
  const suffix = colorScheme === "light" ? "" : `-${colorScheme}`;
  await page.screenshot({ path: `${folder}/${name}${suffix}.png`, animations: "disabled" });
  await page.emulateMedia({ colorScheme: "light" });
}
