use super::super::language::Language;
use super::super::panel::{Bridge, Choose, Leave, Offer, Over, Paid, Processing, Scan};
use super::super::qr::Qr;
use super::super::remark::Remark;
use super::*;
use cashier::id::CheckoutToken;
use cashier::way::Way;

const LANGUAGES: [Language; 2] = [Language::Chinese, Language::English];
const NOW: Timestamp = Timestamp::from_millis(1_767_281_405_000);

fn page(text: &'static Text, state: &'static str, panel: Panel) -> Page {
    let token = CheckoutToken::generate([0xab; 16]);
    Page {
        text,
        frame: Frame::under("/checkout"),
        links: Links::new("/checkout", &token, None),
        order: Goods {
            merchant: "西湖茶行".to_owned(),
            initial: "西".to_owned(),
            subject: "龙井茶 <250 克>".to_owned(),
            body: None,
            amount: "¥88.00".to_owned(),
            until: Some(Moment::of(NOW, NOW, text)),
            seconds_left: Some(60),
        },
        state,
        mark: "mark".to_owned(),
        recheck: None,
        notice: None,
        payer: None,
        back: Some("https://shop.example.com/orders/1".to_owned()),
        panel,
    }
}

fn offer(way: Way) -> Offer {
    Offer {
        way,
        brand: way.channel().name(),
        name: "",
        hint: "",
    }
}

fn panels(text: &'static Text) -> Vec<(&'static str, Panel, &'static [&'static str])> {
    let ways = vec![offer(Way::AliPc), offer(Way::AliQr), offer(Way::WxNative)];
    let over = |may_check| Over {
        title: "a",
        explanation: "b",
        returned: true,
        may_check,
    };
    vec![
        (
            "choose",
            Panel::Choose(Choose {
                ways,
                none: "",
                under_way: true,
                both: None,
            }),
            &[
                "name=\"way\" value=\"ALI_PC\" data-way=\"ALI_PC\"",
                "data-way=\"ALI_QR\"",
                "data-way=\"WX_NATIVE\"",
                "id=\"keep-way\"",
            ],
        ),
        (
            "choose",
            Panel::Choose(Choose {
                ways: vec![],
                none: text.none_openid,
                under_way: false,
                both: None,
            }),
            &["class=\"next\""],
        ),
        (
            "choose",
            Panel::Choose(Choose {
                ways: vec![],
                none: text.none_here,
                under_way: false,
                both: Qr::draw("https://pay.example.com/checkout/00").ok(),
            }),
            &["id=\"both-qr\""],
        ),
        (
            "waiting",
            Panel::Scan(Scan {
                title: text.scan_alipay,
                hint: text.scan_hint_alipay,
                brand: "alipay",
                qr: Qr::draw("https://qr.alipay.com/bax03431ljhokirwl38f00a7").unwrap(),
                wallet_link: Some("http://127.0.0.1:1/wallet/scan?code=a".to_owned()),
            }),
            &[
                "<svg id=\"qr\" role=\"img\"",
                "id=\"wallet-link\"",
                "id=\"i-have-paid\"",
                "id=\"change-way\"",
            ],
        ),
        (
            "waiting",
            Panel::Leave(Leave {
                title: text.leave_alipay,
                hint: text.leave_hint,
                brand: "alipay",
                label: text.go_alipay,
                way: Way::AliPc,
            }),
            &[
                "id=\"continue\"",
                "name=\"way\" value=\"ALI_PC\"",
                "id=\"i-have-paid\"",
            ],
        ),
        (
            "waiting",
            Panel::Bridge(Bridge {
                title: text.bridge_wechat,
                hint: text.bridge_hint_wechat,
                brand: "wechat",
                label: text.bridge_pay_wechat,
                flow: "F1".to_owned(),
                params: "{\"package\":\"prepay_id=wx1\"}".to_owned(),
            }),
            &[
                "id=\"pay-in-wallet\"",
                "data-params=\"{&#34;package&#34;:&#34;prepay_id=wx1&#34;}\"",
            ],
        ),
        (
            "waiting",
            Panel::Elsewhere(text.elsewhere_title),
            &["id=\"change-way\""],
        ),
        (
            "processing",
            Panel::Processing(Processing {
                why: text.processing_confirming,
                next: Some(Moment::near(NOW, text)),
            }),
            &[
                "id=\"i-have-paid\"",
                "<time datetime=\"2026-01-01T15:30:05.000Z\">23:30:05",
            ],
        ),
        (
            "paid",
            Panel::Paid(Paid {
                by: Some(text.alipay),
                at: Some(Moment::of(NOW, NOW, text)),
                refunded: Some("¥1.00".to_owned()),
                surplus: true,
            }),
            &["id=\"back-to-shop\" class=\"primary\"", "¥1.00"],
        ),
        (
            "expired",
            Panel::Over(over(true)),
            &["id=\"i-have-paid\"", "id=\"back-to-shop\""],
        ),
        (
            "returned",
            Panel::Over(over(false)),
            &["id=\"back-to-shop\""],
        ),
    ]
}

#[test]
fn every_state_has_its_hooks_landmarks_and_heading_in_every_language() {
    for language in LANGUAGES {
        let text = Text::of(language);
        for (state, panel, hooks) in panels(text) {
            let html = page(text, state, panel).render().unwrap();
            let once = |part: &str| assert_eq!(html.matches(part).count(), 1, "{part} in {html}");
            once(&format!("<html lang=\"{}\">", text.lang));
            once(&format!("data-state=\"{state}\""));
            let parts = [
                "<main>",
                "<footer>",
                "<h1>",
                "<h2 id=\"heading\">",
                "id=\"state\"",
            ];
            parts.iter().for_each(|part| once(part));
            once("id=\"announce\" class=\"unseen\" role=\"status\"");
            hooks.iter().for_each(|hook| once(hook));
            assert!(html.contains("龙井茶 &#60;250 克&#62;"), "{html}");
            assert!(
                !html.contains(" style="),
                "the content policy forbids inline styles"
            );
            assert!(
                !html.contains(" onclick="),
                "the content policy forbids inline scripts"
            );
        }
    }
}

#[test]
fn no_text_is_empty_or_left_in_the_other_language() {
    let [chinese, english] = LANGUAGES.map(|language| {
        let text = Text::of(language);
        let pages = panels(text).into_iter().map(|(state, panel, _)| {
            let mut page = page(text, state, panel);
            page.order.merchant = String::new();
            page.order.initial = String::new();
            page.order.subject = String::new();
            page.order.amount = String::new();
            page.render().unwrap()
        });
        let remarks = Remark::ALL
            .iter()
            .map(|remark| remark.text(text).to_owned());
        pages.chain(remarks).collect::<Vec<String>>()
    });
    let has_chinese = |text: &String| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    assert!(chinese.iter().all(has_chinese));
    assert_eq!(english.iter().find(|text| has_chinese(text)), None);
}

#[test]
fn a_page_has_no_way_back_where_the_merchant_gave_none() {
    let text = Text::of(Language::Chinese);
    let over = Over {
        title: "a",
        explanation: "b",
        returned: false,
        may_check: false,
    };
    let mut page = page(text, "closed", Panel::Over(over));
    page.back = None;
    let html = page.render().unwrap();
    assert!(!html.contains("back-to-shop"));
    assert!(html.contains(text.ask_the_merchant));
}

#[test]
fn only_addresses_of_the_web_become_links() {
    assert!(is_web("https://shop.example.com/") && is_web("http://127.0.0.1:8070/"));
    assert!(!is_web("javascript:alert(1)") && !is_web("data:text/html,x"));
}
