use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

fn order(channel: Channel, number: &str, expiry: Expiry) -> Order {
    Order {
        key: TradeKey::new(channel, "account", number),
        amount: 100,
        subject: "tea".to_owned(),
        product: "test".to_owned(),
        notify_url: None,
        return_url: None,
        attach: None,
        expiry,
        details: BTreeMap::new(),
    }
}

fn part(trade: &TradeKey, number: &str, amount: i64) -> NewRefund {
    NewRefund {
        trade: trade.clone(),
        out_refund_no: number.to_owned(),
        amount,
        reason: None,
        notify_url: None,
        state: RefundState::Success,
        details: BTreeMap::new(),
    }
}

#[test]
fn one_number_is_one_trade_and_is_paid_once() {
    let mut ledger = Ledger::default();
    let order = order(Channel::Alipay, "A1", Expiry::Never);
    let first = ledger.open(&order, at(0));
    let second = ledger.open(&order, at(9));
    assert_eq!(first, second);
    assert!(ledger.pay(&order.key, at(10)).is_ok());
    assert_eq!(ledger.pay(&order.key, at(11)), Err(PayRefused::AlreadyPaid));
    assert_eq!(ledger.trade(&order.key).unwrap().paid_at, Some(at(10)));
}

#[test]
fn an_unpaid_alipay_trade_is_closed_at_its_expiry() {
    let mut ledger = Ledger::default();
    let order = order(Channel::Alipay, "A1", Expiry::At(at(60)));
    ledger.open(&order, at(0));
    ledger.catch_up(at(600));
    let trade = ledger.trade(&order.key).unwrap();
    assert_eq!(
        (trade.state, trade.closed_at),
        (TradeState::Closed, Some(at(60)))
    );
    assert_eq!(ledger.pay(&order.key, at(601)), Err(PayRefused::Closed));
}

#[test]
fn an_expired_wechat_trade_stays_open_and_cannot_be_paid() {
    let mut ledger = Ledger::default();
    let order = order(Channel::Wechat, "W1", Expiry::At(at(60)));
    ledger.open(&order, at(0));
    ledger.catch_up(at(600));
    assert_eq!(ledger.trade(&order.key).unwrap().state_name(), "NOTPAY");
    assert_eq!(ledger.pay(&order.key, at(600)), Err(PayRefused::Expired));
}

#[test]
fn a_trade_that_was_force_paid_after_its_close_keeps_both_times() {
    let mut ledger = Ledger::default();
    let order = order(Channel::Alipay, "A1", Expiry::Never);
    ledger.open(&order, at(0));
    ledger.close(&order.key, at(5));
    assert_eq!(ledger.pay(&order.key, at(6)), Err(PayRefused::Closed));
    let trade = ledger.force_pay(&order.key, at(7)).unwrap();
    assert_eq!((trade.closed_at, trade.paid_at), (Some(at(5)), Some(at(7))));
    assert_eq!(trade.state_name(), "TRADE_SUCCESS");
}

#[test]
fn refunds_never_exceed_what_was_paid() {
    let mut ledger = Ledger::default();
    let order = order(Channel::Alipay, "A1", Expiry::Never);
    ledger.open(&order, at(0));
    assert_eq!(
        ledger.refund(part(&order.key, "R0", 1), at(1)),
        Err(RefundRefused::State(TradeState::Waiting))
    );
    ledger.pay(&order.key, at(1)).unwrap();
    ledger.refund(part(&order.key, "R1", 60), at(2)).unwrap();
    assert_eq!(ledger.trade(&order.key).unwrap().state, TradeState::Paid);
    assert_eq!(
        ledger.refund(part(&order.key, "R1", 10), at(3)),
        Err(RefundRefused::NumberUsed)
    );
    for amount in [41, 0, -1, i64::MAX] {
        let refused = ledger.refund(part(&order.key, "R2", amount), at(3));
        assert_eq!(refused, Err(RefundRefused::OverRemainder), "{amount}");
    }
    ledger.refund(part(&order.key, "R2", 40), at(4)).unwrap();
    let trade = ledger.trade(&order.key).unwrap();
    assert_eq!(
        (trade.state_name(), trade.paid_at),
        ("TRADE_CLOSED", Some(at(1)))
    );
    assert_eq!(ledger.refunded(&order.key), 100);
}

#[test]
fn a_part_refund_turns_a_wechat_trade_to_refund_and_a_closed_refund_frees_its_money() {
    let mut ledger = Ledger::default();
    let order = order(Channel::Wechat, "W1", Expiry::Never);
    ledger.open(&order, at(0));
    ledger.pay(&order.key, at(1)).unwrap();
    let new = NewRefund {
        state: RefundState::Processing,
        ..part(&order.key, "R1", 100)
    };
    ledger.refund(new, at(2)).unwrap();
    assert_eq!(ledger.trade(&order.key).unwrap().state_name(), "REFUND");
    ledger
        .settle_refund(&order.key, "R1", RefundState::Closed, at(3))
        .unwrap();
    assert_eq!(ledger.refunded(&order.key), 0);
    assert!(ledger.refund(part(&order.key, "R2", 100), at(4)).is_ok());
    let found = ledger
        .refund_numbered(Channel::Wechat, "account", "R2")
        .unwrap();
    assert_eq!(found.succeeded_at, Some(at(4)));
}

#[test]
fn a_paid_alipay_trade_is_finished_when_the_refund_window_ends() {
    let mut ledger = Ledger::default();
    let order = order(Channel::Alipay, "A1", Expiry::Never);
    ledger.open(&order, at(0));
    ledger.pay(&order.key, at(1)).unwrap();
    ledger.catch_up(at(1) + TimeDelta::days(364));
    assert_eq!(
        ledger.trade(&order.key).unwrap().state_name(),
        "TRADE_SUCCESS"
    );
    ledger.catch_up(at(1) + TimeDelta::days(365));
    assert_eq!(
        ledger.trade(&order.key).unwrap().state_name(),
        "TRADE_FINISHED"
    );
}

#[test]
fn a_saved_ledger_goes_on_where_it_was() {
    let mut ledger = Ledger::default();
    let open = order(Channel::Alipay, "A1", Expiry::At(at(60)));
    let paid = order(Channel::Wechat, "W1", Expiry::Never);
    ledger.open(&open, at(0));
    let trade = ledger.open(&paid, at(0));
    ledger.pay(&paid.key, at(1)).unwrap();
    ledger.refund(part(&paid.key, "R1", 30), at(2)).unwrap();
    let saved = serde_json::to_string(&ledger).unwrap();
    let mut again: Ledger = serde_json::from_str(&saved).unwrap();
    assert_eq!(again.view(), ledger.view());
    assert_eq!(again.refunded(&paid.key), 30);
    assert!(
        again
            .by_trade_no(Channel::Wechat, "account", &trade.trade_no)
            .is_some()
    );
    again.catch_up(at(61));
    assert_eq!(again.trade(&open.key).unwrap().state, TradeState::Closed);
    let next = again.open(&order(Channel::Wechat, "W2", Expiry::Never), at(3));
    assert_ne!(next.trade_no, trade.trade_no);
}
