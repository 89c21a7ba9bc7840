//! What Alipay's answer codes mean: one table for every code that the documents
//! name for the calls made here.
//!
//! A code that the table does not have for a call is [`Meaning::Unseen`]: the
//! outcome is not known. Texts (`sub_msg`) decide nothing.

use cashier::channel::RefusalKind;

/// The calls that are answered by Alipay's server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Precreate,
    Create,
    Pay,
    Query,
    Close,
    Cancel,
    Refund,
    QueryRefund,
    Token,
    Bill,
    Certificate,
}

/// What a verified failure means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A definite no.
    Refused(RefusalKind),
    /// Alipay has no such trade, or no such bill.
    NotFound,
    /// No failure: the payer is asked for a password.
    Waiting,
    /// A state forbids it; which one, only a query tells.
    Ask,
    /// Alipay failed: it may have been done.
    Failed,
    /// A value that the documents do not have here.
    Unseen,
}

use Call::{
    Bill, Cancel, Certificate, Close, Create, Pay, Precreate, Query, QueryRefund, Refund, Token,
};
use Meaning::{Ask, Failed, NotFound};

const FINAL: Meaning = Meaning::Refused(RefusalKind::Final);
const LATER: Meaning = Meaning::Refused(RefusalKind::Later);
const PAID: Meaning = Meaning::Refused(RefusalKind::AlreadyPaid);

const ALL: &[Call] = &[
    Precreate,
    Create,
    Pay,
    Query,
    Close,
    Cancel,
    Refund,
    QueryRefund,
    Token,
    Bill,
    Certificate,
];

/// What makes a trade. The documents give the three much the same codes; one that
/// stands with only some of them is no less definite with the others.
const MAKE: &[Call] = &[Precreate, Create, Pay];

/// The business codes (`sub_code` of `40004`), without their prefix `ACQ.`; and those
/// of the payer's code, which stand under others.
#[rustfmt::skip]
const BUSINESS: &[(&str, &[Call], Meaning)] = &[
    // Every call. SYSTEM_ERROR arrives under 20000 and under 40004.
    ("SYSTEM_ERROR",                           ALL,           Failed),
    ("INVALID_PARAMETER",                      ALL,           FINAL),
    // The state of the trade.
    ("TRADE_HAS_SUCCESS",                      MAKE,  PAID),
    ("TRADE_HAS_SUCCESS",                      &[Close],      Ask),
    ("TRADE_HAS_CLOSE",                        MAKE,  FINAL),
    ("TRADE_HAS_CLOSE",                        &[Close],      Ask),
    // Refunded in full already, by this number or another; or never paid.
    ("TRADE_HAS_CLOSE",                        &[Refund],     Ask),
    ("TRADE_NOT_EXIST",                        &[Query, Close, QueryRefund], NotFound),
    ("TRADE_NOT_EXIST",                        &[Refund],     FINAL),
    ("TRADE_STATUS_ERROR",                     &[Close],      Ask),
    ("TRADE_STATUS_ERROR",                     &[Refund],     FINAL),
    ("TRADE_HAS_FINISHED",                     &[Close],      Ask),
    ("TRADE_HAS_FINISHED",                     &[Cancel, Refund], FINAL),
    // Paid, being paid, or closed: a query tells.
    ("TRADE_STATUS_ERROR",                     &[Pay],        Ask),
    // Too late, or not for this product: what it is, a query tells.
    ("TRADE_CANCEL_TIME_OUT",                  &[Cancel],     FINAL),
    ("CANCEL_NOT_ALLOWED",                     &[Cancel],     FINAL),
    ("TRADE_NOT_EXIST",                        &[Cancel],     Failed),
    ("REASON_TRADE_STATUS_INVALID",            &[Close, Refund], Ask),
    ("REASON_ILLEGAL_STATUS",                  &[Close, Refund], Ask),
    ("CONTEXT_INCONSISTENT",                   MAKE,  FINAL),
    ("TRADE_BUYER_NOT_MATCH",                  MAKE,  FINAL),
    ("NOW_TIME_AFTER_EXPIRE_TIME_ERROR",       MAKE,  FINAL),
    ("APPLY_PC_MERCHANT_CODE_ERROR",           MAKE,  FINAL),
    // The merchant, its contract and its limits.
    ("ACCESS_FORBIDDEN",                       MAKE,  FINAL),
    ("PARTNER_ERROR",                          MAKE,  FINAL),
    ("EXIST_FORBIDDEN_WORD",                   MAKE,  FINAL),
    ("TOTAL_FEE_EXCEED",                       MAKE,  FINAL),
    ("SELLER_BEEN_BLOCKED",                    MAKE,  FINAL),
    ("SELLER_NOT_EXIST",                       MAKE,  FINAL),
    ("INVALID_STORE_ID",                       MAKE,  FINAL),
    ("INVALID_RECEIVE_ACCOUNT",                MAKE,  FINAL),
    ("SUB_GOODS_SIZE_MAX_COUNT",               MAKE,  FINAL),
    ("DEFAULT_SETTLE_RULE_NOT_EXIST",          MAKE,  FINAL),
    ("BEYOND_PAY_RESTRICTION",                 MAKE,  FINAL),
    ("BEYOND_PER_RECEIPT_RESTRICTION",         MAKE,  FINAL),
    ("BEYOND_PER_RECEIPT_DAY_RESTRICTION",     MAKE,  FINAL),
    ("BEYOND_PER_RECEIPT_SINGLE_RESTRICTION",  MAKE,  FINAL),
    ("MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT",    MAKE,  FINAL),
    ("MERCHANT_PERM_RECEIPT_SINGLE_LIMIT",     MAKE,  FINAL),
    ("MERCHANT_PERM_RECEIPT_DAY_LIMIT",        MAKE,  FINAL),
    ("MERCHANT_STATUS_NOT_NORMAL",             MAKE,  FINAL),
    ("RISK_MERCHANT_IP_NOT_EXIST",             MAKE,  FINAL),
    ("SECONDARY_MERCHANT_STATUS_ERROR",        MAKE,  FINAL),
    ("SECONDARY_MERCHANT_ID_INVALID",          MAKE,  FINAL),
    ("SECONDARY_MERCHANT_ISV_PUNISH_INDIRECT", MAKE,  FINAL),
    ("SECONDARY_MERCHANT_ALIPAY_ACCOUNT_INVALID", MAKE, FINAL),
    ("SECONDARY_MERCHANT_ID_BLANK",            MAKE,  FINAL),
    ("SECONDARY_MERCHANT_NOT_MATCH",           MAKE,  FINAL),
    ("SECONDARY_MERCHANT_ID_NOT_MATCH",         MAKE,          FINAL),
    ("ERROR_SELLER_CERTIFY_LEVEL_LIMIT",       MAKE,          FINAL),
    ("NOT_SUPPORT_PAYMENT_INST",               MAKE,          FINAL),
    ("STORE_INFO_INVALID",                     MAKE,          FINAL),
    ("ILLEGAL_ARGUMENT",                       MAKE,          FINAL),
    ("SUB_MERCHANT_CREATE_FAIL",               MAKE,          FINAL),
    ("SUB_MERCHANT_TYPE_INVALID",              MAKE,          FINAL),
    ("PLATFORM_BUSINESS_ACQUIRE_MODE_MUST_MERCHANT_ID", MAKE, FINAL),
    ("RESTRICTED_MERCHANT_INDUSTRY",           MAKE,          FINAL),
    ("PRODUCT_AMOUNT_LIMIT_ERROR",             MAKE,          FINAL),
    // The application in which a payment is opened.
    ("OPEN_ID_NOT_TINY_APP",                   MAKE,          FINAL),
    ("UNBOUND_APPLICATION",                    MAKE,          FINAL),
    ("PRODUCT_NOT_SUPPORT_IN_TINY_APP",        MAKE,          FINAL),
    ("BIZ_PRODUCT_NOT_ALLOWED",                MAKE,          FINAL),
    // The payer.
    ("BUYER_SELLER_EQUAL",                     MAKE,  FINAL),
    ("BUYER_ENABLE_STATUS_FORBID",             &[Precreate, Create, Pay, Refund], FINAL),
    ("BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR",   MAKE,  FINAL),
    ("BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR", MAKE,  FINAL),
    ("ERROR_BUYER_CERTIFY_LEVEL_LIMIT",        MAKE,  FINAL),
    ("BUYER_NOT_EXIST",                        &[Precreate, Create, Pay, Refund], FINAL),
    ("BUYER_ERROR",                            &[Refund],     FINAL),
    ("USER_NOT_MATCH_ERR",                     &[Refund],     FINAL),
    ("CUSTOMER_VALIDATE_ERROR",                &[Precreate, Create, Pay, Refund], FINAL),
    ("REFUND_ACCOUNT_NOT_EXIST",               &[Refund],     FINAL),
    ("PAYER_UNMATCHED",                        MAKE,          FINAL),
    ("USER_LOGONID_DUP",                       MAKE,          FINAL),
    ("NOT_CERTIFIED_USER",                     MAKE,          FINAL),
    ("BUYER_NOT_MAINLAND_CERT",                MAKE,          FINAL),
    // The payer's code, money and wallet. A code is sent once, so that one that is
    // spent was not spent by this payment.
    ("PAYMENT_AUTH_CODE_INVALID",              &[Pay],        FINAL),
    ("AUTH_TOKEN_IS_NOT_EXIST",                &[Pay],        FINAL),
    ("BUYER_BALANCE_NOT_ENOUGH",               &[Pay],        FINAL),
    ("BUYER_BANKCARD_BALANCE_NOT_ENOUGH",      &[Pay],        FINAL),
    ("NO_PAYMENT_INSTRUMENTS_AVAILABLE",       &[Pay],        FINAL),
    ("ERROR_BALANCE_PAYMENT_DISABLE",          &[Pay],        FINAL),
    ("PULL_MOBILE_CASHIER_FAIL",               &[Pay],        FINAL),
    ("MOBILE_PAYMENT_SWITCH_OFF",              &[Pay],        FINAL),
    ("USER_FACE_PAYMENT_SWITCH_OFF",           &[Pay],        FINAL),
    ("PAYMENT_FAIL",                           &[Pay],        FINAL),
    ("PAYMENT_REQUEST_HAS_RISK",               &[Pay],        FINAL),
    // Agreements and authorisations, which Till does not send.
    ("AGREEMENT_NOT_EXIST",                    &[Pay],        FINAL),
    ("AGREEMENT_INVALID",                      &[Pay],        FINAL),
    ("AGREEMENT_STATUS_NOT_NORMAL",            &[Pay],        FINAL),
    ("AGREEMENT_ERROR",                        &[Pay],        FINAL),
    ("AUTH_NO_ERROR",                          &[Pay],        FINAL),
    ("AUTH_AMOUNT_NOT_ENOUGH",                 &[Pay],        FINAL),
    ("PRE_AUTH_PROD_CODE_INCONSISTENT",        &[Pay],        FINAL),
    ("REQUEST_AMOUNT_EXCEED",                  &[Pay],        FINAL),
    // The refund itself.
    ("REFUND_AMT_NOT_EQUAL_TOTAL",             &[Refund],     FINAL),
    ("REASON_TRADE_REFUND_FEE_ERR",            &[Cancel, Refund], FINAL),
    ("REFUND_FEE_ERROR",                       &[Refund],     FINAL),
    ("TRADE_NOT_ALLOW_REFUND",                 &[Refund],     FINAL),
    ("NOT_ALLOW_PARTIAL_REFUND",               &[Refund],     FINAL),
    ("ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND",  &[Refund],     FINAL),
    ("CURRENCY_NOT_SUPPORT",                   &[Refund],     FINAL),
    ("OVERDRAFT_ASSIGN_ACCOUNT_INVALID",       &[Refund],     FINAL),
    ("OVERDRAFT_AGREEMENT_NOT_MATCH",          &[Refund],     FINAL),
    ("REFUND_ROYALTY_PAYEE_ACCOUNT_NOT_EXIST", &[Refund],     FINAL),
    ("REFUNDALLOC_UNAUTH_LIMIT",               &[Refund],     FINAL),
    // This number stands for a refund of another amount: it must not be taken for
    // one that never happened.
    ("DISCORDANT_REPEAT_REQUEST",              &[Refund],     Ask),
    // Money is missing or held; the same refund can be made once it is there.
    ("SELLER_BALANCE_NOT_ENOUGH",              &[Cancel, Refund], LATER),
    ("REASON_TRADE_BEEN_FREEZEN",              &[Cancel, Refund], LATER),
    ("ALLOC_AMOUNT_VALIDATE_ERROR",            &[Refund],     LATER),
    ("REFUND_CHARGE_ERROR",                    &[Refund],     LATER),
    ("TRADE_SETTLE_ERROR",                     &[Refund],     LATER),
    ("TRADE_SETTLE_ERROR",                     MAKE,  FINAL),
    // The payer who came back (OAuth): with a new code it may go well.
    ("isv.code-invalid",                       &[Token],      FINAL),
    ("isv.grant-type-invalid",                 &[Token],      FINAL),
    ("isv.unmatched-app-id",                   &[Token],      FINAL),
    ("isv.refresh-token-invalid",              &[Token],      FINAL),
    ("isv.refresh-token-time-out",             &[Token],      FINAL),
    ("isv.refreshed-token-invalid",            &[Token],      FINAL),
    // A day without a bill: nothing happened, or it is not made yet.
    ("NO_BILL_DATA",                           &[Bill],       NotFound),
    ("BILL_NOT_EXIST",                         &[Bill],       NotFound),
    ("BILL_DATE_BEFORE_REGISTRATION",          &[Bill],       NotFound),
    ("INVAILID_ARGUMENTS",                     &[Bill],       FINAL),
    ("TYPE_NOT_SUPPORTED",                     &[Bill],       FINAL),
    ("SYSTEM_RATE_LIMIT",                      &[Bill],       LATER),
    ("USER_RATE_LIMIT",                        &[Bill],       LATER),
    ("UNKNOWN_ERROR",                          &[Bill],       Failed),
    ("UNKNOW_ERROR",                           &[Bill],       Failed),
    // The documents say only that something went wrong.
    ("ENTERPRISE_PAY_BIZ_ERROR",               &[Query, Refund, QueryRefund], Failed),
];

/// Whole families of business codes, by their beginning.
const FAMILIES: &[(&str, &[Call], Meaning)] = &[
    ("MERCHANT_AGREEMENT_", &[Pay], FINAL),
    ("AUTH_ORDER_", &[Pay], FINAL),
    ("CYCLE_PAY_", &[Pay], FINAL),
];

/// What a failure's codes mean for a call.
///
/// `code` 20000 is Alipay's own failure whatever else it says, 40005 a rate limit
/// before anything was done. The other gateway codes (a missing or wrong
/// parameter, key, permission or authorisation) are refused before anything is
/// done: a new payment fails for good, so that its payer is told; the other calls
/// succeed under the same number once a person has mended the settings.
pub(super) fn meaning(call: Call, code: &str, sub_code: &str) -> Meaning {
    match code {
        "20000" => Failed,
        "10003" if call == Pay => Meaning::Waiting,
        "40005" => LATER,
        "40002" if call == Token && business(call, sub_code) != Meaning::Unseen => {
            business(call, sub_code)
        }
        "20001" | "40001" | "40002" | "40003" | "40006" if MAKE.contains(&call) => FINAL,
        "20001" | "40001" | "40002" | "40003" | "40006" => LATER,
        "40004" => business(call, sub_code),
        _ => Meaning::Unseen,
    }
}

fn business(call: Call, sub_code: &str) -> Meaning {
    if matches!(
        sub_code,
        "isp.unknow-error" | "aop.unknow-error" | "aop.ACQ.SYSTEM_ERROR" | "AQC.SYSTEM_ERROR"
    ) {
        return Failed;
    }
    // The enumeration of refund queries spells TRADE_NOT_EXIST without the prefix too.
    let name = sub_code.strip_prefix("ACQ.").unwrap_or(sub_code);
    let exactly = BUSINESS
        .iter()
        .find(|(code, calls, _)| *code == name && calls.contains(&call));
    let of_a_family = || {
        FAMILIES
            .iter()
            .find(|(begin, calls, _)| name.starts_with(begin) && calls.contains(&call))
    };
    exactly
        .or_else(of_a_family)
        .map_or(Meaning::Unseen, |(_, _, meaning)| *meaning)
}

impl Call {
    /// The API's name.
    pub(super) const fn method(self) -> &'static str {
        match self {
            Precreate => "alipay.trade.precreate",
            Create => "alipay.trade.create",
            Pay => "alipay.trade.pay",
            Query => "alipay.trade.query",
            Close => "alipay.trade.close",
            Cancel => "alipay.trade.cancel",
            Refund => "alipay.trade.refund",
            QueryRefund => "alipay.trade.fastpay.refund.query",
            Token => "alipay.system.oauth.token",
            Bill => "alipay.data.dataservice.bill.downloadurl.query",
            Certificate => "alipay.open.app.alipaycert.download",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documented::rows;

    const DOCUMENTED: &str = include_str!("../../fixtures/alipay/codes.txt");

    /// Where the documents say no and the table asks all the same: the number is in use for
    /// a refund of another amount, and what became of that one, only a query tells.
    const ASKED_ALL_THE_SAME: (Call, &str) = (Refund, "ACQ.DISCORDANT_REPEAT_REQUEST");

    /// The calls that a place in the documents' table stands for.
    fn calls(place: &str) -> &'static [Call] {
        match place {
            "all" => ALL,
            "create side" => MAKE,
            "precreate" => &[Precreate],
            "create" => &[Create],
            "pay" => &[Pay],
            "query" => &[Query],
            "close" => &[Close],
            "cancel" => &[Cancel],
            "refund" => &[Refund],
            "refund.query" => &[QueryRefund],
            "token" => &[Token],
            "bill" => &[Bill],
            _ => panic!("{place}"),
        }
    }

    /// Whether a meaning is what a document's kind says.
    fn fits(kind: &str, call: Call, meaning: Meaning) -> bool {
        match kind {
            "U" => meaning == Failed,
            "D" if call == QueryRefund => matches!(meaning, FINAL | NotFound),
            "D" => meaning == FINAL,
            "D now" | "R" => meaning == LATER,
            "S/Q" => meaning == PAID,
            "Q" => matches!(meaning, Ask | NotFound),
            "D/Q" => matches!(meaning, LATER | Ask),
            "C" if MAKE.contains(&call) => meaning == FINAL,
            "C" => meaning == LATER,
            "none" => meaning == NotFound,
            "-" => meaning != Meaning::Unseen,
            _ => panic!("{kind}"),
        }
    }

    #[test]
    fn every_documented_code_means_what_is_documented() {
        let mut count = 0;
        for row in rows(DOCUMENTED) {
            let [code, place, kind, named] = row[..] else {
                panic!("{row:?}")
            };
            for (call, name) in calls(place)
                .iter()
                .flat_map(|call| named.split_whitespace().map(move |name| (*call, name)))
            {
                let meaning = meaning(call, code, &name.replace('*', "NEVER_SEEN"));
                let fits = match (call, name) {
                    ASKED_ALL_THE_SAME => meaning == Ask,
                    _ => fits(kind, call, meaning),
                };
                assert!(fits, "{call:?} {code} {name}: {kind}, not {meaning:?}");
                count += 1;
            }
        }
        assert!(count > 700, "{count}");
    }

    #[test]
    fn a_code_has_one_meaning_for_a_call() {
        for call in ALL {
            let mut seen = std::collections::BTreeSet::new();
            for (code, _, _) in BUSINESS.iter().filter(|(_, calls, _)| calls.contains(call)) {
                assert!(seen.insert(code), "{call:?} {code}");
            }
        }
    }

    #[test]
    fn what_alipay_could_not_do_or_say_is_not_a_no() {
        for call in ALL {
            for (code, sub_code) in [
                ("20000", "isp.unknow-error"),
                ("20000", "ACQ.SYSTEM_ERROR"),
                ("20000", "ACQ.TRADE_NOT_EXIST"),
                ("40004", "ACQ.SYSTEM_ERROR"),
                ("40004", "aop.ACQ.SYSTEM_ERROR"),
                ("40004", "aop.unknow-error"),
            ] {
                assert_eq!(
                    meaning(*call, code, sub_code),
                    Failed,
                    "{call:?} {code} {sub_code}"
                );
            }
            for (code, sub_code) in [
                ("40004", "ACQ.NEVER_SEEN"),
                ("40004", ""),
                ("50000", ""),
                ("", ""),
            ] {
                let meaning = meaning(*call, code, sub_code);
                assert_eq!(meaning, Meaning::Unseen, "{call:?} {code} {sub_code}");
            }
            let waiting = meaning(*call, "10003", "");
            assert_eq!(waiting == Meaning::Waiting, *call == Pay, "{call:?}");
        }
    }

    /// Shows F55.
    #[test]
    fn a_rate_limit_and_missing_money_may_pass() {
        for call in ALL {
            assert_eq!(meaning(*call, "40005", "isv.app-call-limited"), LATER);
        }
        assert_eq!(
            meaning(Refund, "40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH"),
            LATER
        );
    }

    #[test]
    fn a_wrong_key_never_ends_a_refund() {
        assert_eq!(meaning(Refund, "40002", "isv.invalid-signature"), LATER);
        assert_eq!(meaning(Precreate, "40002", "isv.invalid-signature"), FINAL);
    }

    #[test]
    fn a_close_that_a_state_forbids_is_neither_closed_nor_paid() {
        for code in [
            "TRADE_STATUS_ERROR",
            "REASON_TRADE_STATUS_INVALID",
            "REASON_ILLEGAL_STATUS",
            "TRADE_HAS_CLOSE",
            "TRADE_HAS_SUCCESS",
        ] {
            assert_eq!(
                meaning(Close, "40004", &format!("ACQ.{code}")),
                Ask,
                "{code}"
            );
        }
        assert_eq!(meaning(Precreate, "40004", "ACQ.TRADE_HAS_SUCCESS"), PAID);
    }
}
