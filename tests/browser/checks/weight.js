// How many bytes a page costs the payer, counted as they come over the wire, headers included.

/** Counts from now on; `bytes()` and `requests()` tell the sum so far. */
export async function weigh(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.setCacheDisabled", { cacheDisabled: true });
  let bytes = 0;
  let requests = 0;
  devtools.on("Network.loadingFinished", (response) => {
    bytes += response.encodedDataLength;
    requests += 1;
  });
  return { bytes: () => bytes, requests: () => requests };
}
