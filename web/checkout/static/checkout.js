// Keeps the page true without a click: the server pushes, and where it cannot, the page asks, ever
// more slowly but without end. Everything also works without this script.
(() => {
  "use strict";

  const firstPause = 2000;
  const longestPause = 30000;
  const deadline = { at: 0, asked: false };
  const over = ["paid"];
  let pause = firstPause;
  let asking = 0;
  let stream = null;
  let leaving = false;
  let turning = false;
  let recheck = 0;

  const state = () => document.getElementById("state");

  // What the server says, however it came.
  function seen(said) {
    if (!leaving && said.mark !== state().dataset.mark) turnPage();
  }

  // Takes over the page as it is now, without a flash, and says aloud what is new.
  async function turnPage() {
    if (turning || leaving) return;
    turning = true;
    try {
      const answer = await fetch(state().dataset.page, { headers: { accept: "text/html" } });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      const main = next.querySelector("main");
      if (leaving || !main || !next.getElementById("state")) return;
      document.querySelector("main").replaceWith(document.adoptNode(main));
      document.title = next.title;
      history.replaceState(null, "", state().dataset.page);
      document.getElementById("announce").textContent = document.getElementById("heading").textContent;
      begin();
    } catch {
      askLater();
    } finally {
      turning = false;
    }
  }

  async function ask() {
    clearTimeout(asking);
    asking = 0;
    if (leaving) return;
    try {
      const answer = await fetch(state().dataset.status, { headers: { accept: "application/json" } });
      if (answer.ok) seen(await answer.json());
    } catch {
      // No network just now: the next question comes later.
    }
    if (!stream || stream.readyState !== EventSource.OPEN) askLater();
  }

  function askLater() {
    if (asking || over.includes(state().dataset.state)) return;
    asking = setTimeout(ask, pause);
    pause = Math.min(pause * 1.5, longestPause);
  }

  function listen() {
    if (over.includes(state().dataset.state)) {
      stream?.close();
      return;
    }
    if (stream && stream.readyState !== EventSource.CLOSED) return;
    if (!window.EventSource) {
      askLater();
      return;
    }
    stream = new EventSource(state().dataset.events);
    stream.addEventListener("open", () => {
      clearTimeout(asking);
      asking = 0;
      pause = firstPause;
    });
    stream.addEventListener("message", (event) => seen(JSON.parse(event.data)));
    stream.addEventListener("error", askLater);
  }

  function tick() {
    const left = document.getElementById("left");
    if (!left || !deadline.at) return;
    const seconds = Math.max(0, Math.ceil((deadline.at - performance.now()) / 1000));
    const two = (number) => String(number).padStart(2, "0");
    const hours = Math.floor(seconds / 3600);
    const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
    left.textContent = hours >= 24 ? "" : hours ? `${hours}:${rest}` : rest;
    if (seconds === 0 && !deadline.asked) {
      deadline.asked = true;
      ask();
    }
  }

  // Times as the payer's own clock shows them.
  function localTimes() {
    for (const time of document.querySelectorAll("time")) {
      const at = new Date(time.dateTime);
      const today = at.toDateString() === new Date().toDateString();
      const day = today ? {} : { month: "short", day: "numeric" };
      const seconds = time.textContent.split(":").length > 2 ? { second: "2-digit" } : {};
      time.textContent = at.toLocaleString(document.documentElement.lang, {
        ...day, hour: "2-digit", minute: "2-digit", hour12: false, ...seconds,
      });
    }
  }

  // The wallets' own payments: what calls them, and what their answers say.
  const wallets = {
    wechat: {
      bridge: "WeixinJSBridge",
      open: (bridge, params, done) => bridge.invoke("getBrandWCPayRequest", params, done),
      isPaid: (answer) => (answer.err_msg ?? "").endsWith(":ok"),
      isCancelled: (answer) => (answer.err_msg ?? "").endsWith(":cancel"),
    },
    alipay: {
      bridge: "AlipayJSBridge",
      open: (bridge, params, done) => bridge.call("tradePay", params, done),
      isPaid: (answer) => ["9000", "8000", "6004"].includes(String(answer.resultCode)),
      isCancelled: (answer) => ["6001", "99"].includes(String(answer.resultCode)),
    },
  };

  // What a wallet answers is a hint; the server asks the channel.
  function pay(button, wallet) {
    const { params, cancelled, failed } = button.dataset;
    wallet.open(window[wallet.bridge], JSON.parse(params), (answer) => {
      if (wallet.isPaid(answer)) document.getElementById("i-have-paid")?.click();
      else document.getElementById("bridge-says").textContent = wallet.isCancelled(answer) ? cancelled : failed;
    });
  }

  function withBridge(button) {
    const wallet = wallets[button.dataset.wallet];
    if (window[wallet.bridge]) pay(button, wallet);
    else document.addEventListener(`${wallet.bridge}Ready`, () => pay(button, wallet), { once: true });
  }

  // The wallet opens by itself once for each payment; after a reload, with the button.
  function openWallet() {
    const button = document.getElementById("pay-in-wallet");
    if (!button) return;
    const key = `till:${button.dataset.flow}`;
    try {
      if (sessionStorage.getItem(key)) return;
      sessionStorage.setItem(key, "opened");
    } catch {
      return; // No storage: with the button only.
    }
    withBridge(button);
  }

  function begin() {
    const { left, recheck: seconds } = state().dataset;
    deadline.at = left === undefined ? 0 : performance.now() + Number(left) * 1000;
    deadline.asked = left === undefined || left === "0";
    clearTimeout(recheck);
    if (seconds !== undefined) recheck = setTimeout(turnPage, Number(seconds) * 1000);
    localTimes();
    tick();
    listen();
    openWallet();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("#pay-in-wallet");
    if (button) withBridge(button);
  });
  // A page that is being left must not turn under the payer's hands.
  document.addEventListener("submit", (event) => {
    if (leaving) event.preventDefault();
    leaving = true;
    document.body.classList.add("busy");
    document.body.setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    leaving = false;
    document.body.classList.remove("busy");
    document.body.removeAttribute("aria-busy");
    turnPage();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    pause = firstPause;
    ask();
    listen();
  });
  setInterval(tick, 1000);
  begin();
})();
