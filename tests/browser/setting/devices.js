// Where a payer can be. The user agents are those that the checkout page tells apart.

const phone = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};
const iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)";

export const devices = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { ...phone, userAgent: `${iphone} Version/18.5 Mobile/15E148 Safari/604.1` },
  inWechat: {
    ...phone,
    userAgent: `${iphone} Mobile/15E148 MicroMessenger/8.0.60(0x18003c2d) NetType/WIFI Language/zh_CN`,
  },
  inAlipay: {
    ...phone,
    userAgent: `${iphone} Mobile/15E148 Ariver/1.1.0 AliApp(AP/10.7.20.6000) AlipayClient/10.7.20.6000 Language/zh-Hans`,
  },
};
