// Whether the channels' SDKs sign a message of the gateway as the gateway did.
import assert from "node:assert/strict";

import { AlipaySdk } from "alipay-sdk";
import plugin from "wechatpay-axios-plugin";

const { Formatter, Rsa } = plugin;

/**
 * Alipay: the SDK signs the same parameters; RSA2's signatures are the same for the same text.
 * @param {Iterable<[string, string]>} parameters of the request, from the address and the body
 * @param {string} privateKey the app's, base64 of PKCS#8
 * @param {object} mode of certificates: what the SDK is configured with besides; the SNs are its own
 */
export function signedAsByAlipaySdk(parameters, privateKey, mode = {}) {
  const { sign, method, app_id: appId, biz_content, ...rest } = Object.fromEntries(parameters);
  const { app_cert_sn, alipay_root_cert_sn, ...others } = rest;
  const given = mode.appCertContent ? others : rest;
  const sdk = new AlipaySdk({ appId, privateKey, keyType: "PKCS8", camelcase: false, ...mode });
  const content = biz_content === undefined ? {} : { bizContent: JSON.parse(biz_content) };
  const own = sdk.sdkExecute(method, { ...given, ...content }, { bizContentAutoSnakeCase: false });
  assert.equal(sign, new URLSearchParams(own).get("sign"));
  assert.notEqual(sign, undefined);
}

/**
 * WeChat Pay's APIv3: the SDK builds the text of the Authorization header, and verifies it.
 * @param {{method: string, url: string, headers: object, body: string}} call
 * @param {string} publicKey the merchant's, PEM
 */
export function authorizedAsBySdk(call, publicKey) {
  const [scheme, fields] = call.headers.authorization.split(/ (.*)/);
  assert.equal(scheme, "WECHATPAY2-SHA256-RSA2048");
  const field = (name) => fields.match(new RegExp(`${name}="([^"]*)"`))[1];
  const text = Formatter.request(call.method, call.url, field("timestamp"), field("nonce_str"), call.body);
  assert.equal(Rsa.verify(text, field("signature"), publicKey), true);
  assert.equal(Rsa.verify(`${text} `, field("signature"), publicKey), false);
}
