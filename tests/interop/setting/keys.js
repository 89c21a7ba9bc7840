// Key pairs of merchants that exist for one run only.
import { generateKeyPairSync } from "node:crypto";

/** PEM: PKCS#8 and SubjectPublicKeyInfo. */
export function newKeys() {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    privatePem: privateKey.export({ type: "pkcs8", format: "pem" }),
    publicPem: publicKey.export({ type: "spki", format: "pem" }),
  };
}

/** The base64 between a PEM's first and last line. */
export function bare(pem) {
  return pem.replace(/-----[^-]+-----/g, "").replace(/\s/g, "");
}
