//! What each code of APIv3 (公共错误码, and the list on each call's page) means, call by
//! call: the one table. WeChat writes most codes with and without underscores, so
//! they are compared in capitals without them. A code that is not here was never
//! seen ([`Meaning::Unseen`]) and is never a no.

use cashier::channel::RefusalKind;

/// The calls whose codes are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Pay,
    Codepay,
    Query,
    Close,
    Reverse,
    Refund,
    QueryRefund,
    Bill,
}

/// What a code says about one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Not carried out, and never will be under this number.
    Final,
    /// Not carried out; the same request may succeed later.
    Later,
    /// The number is paid.
    AlreadyPaid,
    /// It may have been carried out, or the code says nothing about it: ask.
    Doubt,
    /// The payer is asked for the password just now.
    Paying,
    /// There is no such trade, refund or bill.
    Absent,
    /// The trade is closed.
    Closed,
    /// Too soon after the creation to close.
    TooEarly,
    /// The trade's state does not allow the close: ask which it is.
    NotAllowed,
    /// The code is not in the table.
    Unseen,
}

/// Part of the message of an `INVALID_REQUEST` that refuses a close within five
/// minutes of the creation. The rule is documented for APIv2 without a code, and
/// for APIv3 not at all; until a real answer is known, these words are it.
const TOO_EARLY: &str = "5分钟";

/// Part of the message of an `INVALID_REQUEST` for a number that is in use with
/// other parameters (`请求重入时，参数与首次请求时不一致`): something exists under it.
const DIFFERS: &str = "首次请求时不一致";

/// The same for a refund's number (`订单金额或退款金额与之前请求不一致`).
const REFUND_DIFFERS: &str = "与之前请求不一致";

/// The same for `201 商户订单号重复`.
const REPEATED: &str = "重复";

/// One code: as it is compared, words that its message must hold (none: any), and
/// what it means for each [`Call`].
type Row = (&'static str, &'static str, [Meaning; 8]);

use Meaning::{Absent, AlreadyPaid, Closed, Doubt, Final, Later, NotAllowed, Paying, TooEarly};

/// What is wrong is our configuration. A payment can be tried anew once it is
/// mended; a refund that is owed stays owed, so its number stays good.
const CONFIGURATION: [Meaning; 8] = [Final, Final, Later, Later, Later, Later, Later, Later];

/// Too fast. Whether a barcode payment or a refund was accepted all the same is not
/// documented, nor does a header say when to come back: whoever asked waits by their own
/// pauses.
const TOO_FAST: [Meaning; 8] = [Later, Doubt, Later, Later, Later, Doubt, Later, Later];

/// The payer's code or wallet does not do it: another code under another number may.
const PAYERS: [Meaning; 8] = [Doubt, Final, Doubt, Doubt, Doubt, Doubt, Doubt, Doubt];

/// There is no bill of that day, or none yet.
const NO_BILL: [Meaning; 8] = [Doubt, Doubt, Doubt, Doubt, Doubt, Doubt, Doubt, Absent];

/// The first row whose code and words fit decides.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    //                             pay          codepay      query   close       reverse refund query_refund bill
    ("SYSTEMERROR",          "", [Doubt,       Doubt,       Doubt,  Doubt,      Doubt,  Doubt, Doubt,        Doubt]),
    ("BANKERROR",            "", [Doubt,       Doubt,       Doubt,  Doubt,      Doubt,  Doubt, Doubt,        Doubt]),
    ("SERVICEUNAVAILABLE",   "", [Doubt,       Doubt,       Doubt,  Doubt,      Doubt,  Doubt, Doubt,        Doubt]),
    ("BIZERRNEEDRETRY",      "", [Doubt,       Doubt,       Doubt,  Doubt,      Doubt,  Doubt, Doubt,        Doubt]),
    ("FREQUENCYLIMITED",     "", TOO_FAST),
    ("FREQUENCYLIMITEXCEED", "", TOO_FAST),
    ("RATELIMITEXCEEDED",    "", TOO_FAST),
    ("INVALIDREQTOOMUCH",    "", TOO_FAST),

    ("ORDERPAID",            "", [AlreadyPaid, AlreadyPaid, Doubt,  NotAllowed, Doubt,  Doubt, Doubt,        Doubt]),
    ("ORDERCLOSED",          "", [Final,       Final,       Doubt,  Closed,     Closed, Doubt, Doubt,        Doubt]),
    ("ORDERREVERSED",        "", [Final,       Final,       Doubt,  NotAllowed, Closed, Doubt, Doubt,        Doubt]),
    ("ORDERNOTEXIST",        "", [Doubt,       Doubt,       Absent, Absent,     Absent, Final, Absent,       Doubt]),
    ("USERPAYING",           "", [Doubt,       Paying,      Doubt,  NotAllowed, Paying, Doubt, Doubt,        Doubt]),
    ("TRADESTATEERROR",      "", [Doubt,       Doubt,       Doubt,  NotAllowed, Doubt,  Doubt, Doubt,        Doubt]),
    ("OUTTRADENOUSED",       "", [Doubt,       Doubt,       Doubt,  Doubt,      Doubt,  Doubt, Doubt,        Doubt]),

    ("RESOURCENOTEXISTS",    "", [Doubt,       Doubt,       Doubt,  Doubt,      Doubt,  Final, Absent,       Doubt]),
    ("REFUNDNOTEXIST",       "", [Doubt,       Doubt,       Doubt,  Doubt,      Doubt,  Doubt, Absent,       Doubt]),
    ("NOTENOUGH",            "", [Later,       Final,       Doubt,  Doubt,      Later,  Later, Doubt,        Doubt]),
    ("USERACCOUNTABNORMAL",  "", [Final,       Final,       Doubt,  Doubt,      Later,  Final, Doubt,        Doubt]),
    ("TRADEOVERDUE",         "", [Doubt,       Doubt,       Doubt,  Doubt,      Final,  Final, Doubt,        Doubt]),
    ("INVALIDTRANSACTIONID", "", [Doubt,       Doubt,       Doubt,  Doubt,      Final,  Final, Doubt,        Doubt]),

    ("RULELIMIT",            "", [Final,       Final,       Doubt,  Doubt,      Doubt,  Doubt, Doubt,        Doubt]),
    ("ACCOUNTERROR",         "", [Final,       Final,       Doubt,  Doubt,      Doubt,  Doubt, Doubt,        Doubt]),
    ("TRADEERROR",           "", [Final,       Final,       Doubt,  Doubt,      Final,  Doubt, Doubt,        Doubt]),
    ("OPENIDMISMATCH",       "", [Final,       Doubt,       Doubt,  Doubt,      Doubt,  Doubt, Doubt,        Doubt]),

    ("PARAMERROR",           "", [Final,       Final,       Doubt,  Doubt,      Doubt,  Final, Doubt,        Doubt]),
    ("INVALIDREQUEST",       TOO_EARLY, [Final,       Doubt,       Doubt,  TooEarly,   Doubt,  Final, Doubt,        Doubt]),
    ("INVALIDREQUEST",       DIFFERS, [Doubt,       Doubt,       Doubt,  NotAllowed, Doubt,  Doubt, Doubt,        Doubt]),
    ("INVALIDREQUEST",       REFUND_DIFFERS, [Doubt,       Doubt,       Doubt,  NotAllowed, Doubt,  Doubt, Doubt,        Doubt]),
    ("INVALIDREQUEST",       REPEATED, [Doubt,       Doubt,       Doubt,  NotAllowed, Doubt,  Doubt, Doubt,        Doubt]),
    ("INVALIDREQUEST",       "", [Final,       Doubt,       Doubt,  NotAllowed, Doubt,  Final, Doubt,        Doubt]),

    ("SIGNERROR",            "", CONFIGURATION),
    ("NOAUTH",               "", CONFIGURATION),
    ("MCHNOTEXISTS",         "", CONFIGURATION),
    ("MCHIDNOTEXIST",        "", CONFIGURATION),
    ("APPIDNOTEXIST",        "", CONFIGURATION),
    ("APPIDMCHIDNOTMATCH",   "", CONFIGURATION),

    ("AUTHCODEEXPIRE",       "", PAYERS),
    ("AUTHCODEERROR",        "", PAYERS),
    ("AUTHCODEINVALID",      "", PAYERS),
    ("NOTSUPORTCARD",        "", PAYERS),
    ("NOTSUPPORTCARD",       "", PAYERS),
    ("BUYERMISMATCH",        "", [Doubt,       Doubt,       Doubt,  Doubt,      Doubt,  Doubt, Doubt,       Doubt]),
    ("REVERSEEXPIRE",        "", [Doubt,       Doubt,       Doubt,  Doubt,      Final,  Doubt, Doubt,       Doubt]),

    ("NOSTATEMENTEXIST",     "", NO_BILL),
    ("STATEMENTCREATING",    "", NO_BILL),
];

/// What `code` with `message` says about `call`.
pub(super) fn meaning(call: Call, code: &str, message: &str) -> Meaning {
    let code = normalised(code);
    let row = TABLE
        .iter()
        .find(|(known, words, _)| *known == code && message.contains(words));
    let Some((
        _,
        _,
        [
            pay,
            codepay,
            query,
            close,
            reverse,
            refund,
            query_refund,
            bill,
        ],
    )) = row
    else {
        return Meaning::Unseen;
    };
    match call {
        Call::Pay => *pay,
        Call::Codepay => *codepay,
        Call::Query => *query,
        Call::Close => *close,
        Call::Reverse => *reverse,
        Call::Refund => *refund,
        Call::QueryRefund => *query_refund,
        Call::Bill => *bill,
    }
}

impl Meaning {
    /// The kind of refusal that it is, if it is a definite no.
    pub(super) fn refusal(self) -> Option<RefusalKind> {
        match self {
            Final => Some(RefusalKind::Final),
            Later => Some(RefusalKind::Later),
            AlreadyPaid => Some(RefusalKind::AlreadyPaid),
            Doubt | Paying | Absent | Closed | TooEarly | NotAllowed | Meaning::Unseen => None,
        }
    }
}

/// The spelling under which a code is compared.
fn normalised(code: &str) -> String {
    code.chars()
        .filter(|c| *c != '_')
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documented::rows;
    use std::collections::BTreeSet;

    #[test]
    fn both_spellings_of_a_code_mean_the_same() {
        for (older, newer) in [
            ("USERPAYING", "USER_PAYING"),
            ("SYSTEMERROR", "SYSTEM_ERROR"),
            ("RULELIMIT", "RULE_LIMIT"),
            ("ORDERNOTEXIST", "ORDER_NOT_EXIST"),
            ("ORDERCLOSED", "ORDER_CLOSED"),
            ("ORDERPAID", "ORDER_PAID"),
            ("NOTENOUGH", "NOT_ENOUGH"),
            ("NOAUTH", "NO_AUTH"),
            ("BANKERROR", "BANK_ERROR"),
            ("ACCOUNTERROR", "ACCOUNT_ERROR"),
        ] {
            for call in [
                Call::Pay,
                Call::Codepay,
                Call::Query,
                Call::Close,
                Call::Reverse,
                Call::Refund,
                Call::QueryRefund,
            ] {
                let known = meaning(call, older, "");
                assert_ne!(known, Meaning::Unseen, "{older}");
                assert_eq!(known, meaning(call, newer, ""), "{older} {call:?}");
            }
        }
    }

    const DOCUMENTED: &str = include_str!("../../fixtures/wechat/codes_v3.txt");

    /// The codes of APIv2, which payments by code may still be answered with: their own table
    /// under APIv3 is not published.
    const OF_APIV2: &str = include_str!("../../fixtures/wechat/codes_v2.txt");

    const CALLS: [Call; 8] = [
        Call::Pay,
        Call::Codepay,
        Call::Query,
        Call::Close,
        Call::Reverse,
        Call::Refund,
        Call::QueryRefund,
        Call::Bill,
    ];

    /// The calls that a place in the documents' table stands for.
    fn calls(place: &str) -> Vec<Call> {
        match place {
            "all" => CALLS.to_vec(),
            "order" => vec![Call::Pay],
            "codepay" => vec![Call::Codepay],
            "query" => vec![Call::Query],
            "close" => vec![Call::Close],
            "reverse" => vec![Call::Reverse],
            "refund" => vec![Call::Refund],
            "refund.query" => vec![Call::QueryRefund],
            "bill" => vec![Call::Bill],
            _ => panic!("{place}"),
        }
    }

    /// Whether a meaning is what a document's class says.
    fn fits(class: &str, call: Call, meaning: Meaning) -> bool {
        let moves_money = matches!(call, Call::Codepay | Call::Refund);
        match class {
            "C" if matches!(call, Call::Pay | Call::Codepay) => meaning == Final,
            "C" => matches!(meaning, Final | Later | Doubt | NotAllowed),
            "C?" => matches!(meaning, Final | Doubt),
            "U" => matches!(meaning, Final | Later),
            "F" => matches!(meaning, Final | Closed | Absent),
            "F?" => matches!(meaning, AlreadyPaid | NotAllowed | Doubt),
            "R" if moves_money => meaning == Doubt,
            "R" => matches!(meaning, Doubt | Later),
            "R!" => meaning == Later,
            "Q" => matches!(meaning, Doubt | Paying | NotAllowed),
            "none" => meaning == Absent,
            _ => panic!("{class}"),
        }
    }

    #[test]
    fn every_documented_code_means_what_is_documented() {
        let mut count = 0;
        for row in rows(DOCUMENTED) {
            let (codes, places, class) = (row[0], row[1], row[2]);
            let message = row.get(3).copied().unwrap_or_default();
            for (call, code) in places
                .split_whitespace()
                .flat_map(calls)
                .flat_map(|call| codes.split_whitespace().map(move |code| (call, code)))
            {
                let meaning = meaning(call, code, message);
                assert!(
                    fits(class, call, meaning),
                    "{call:?} {code}: {class}, not {meaning:?}"
                );
                count += 1;
            }
        }
        assert!(count > 100, "{count}");
    }

    #[test]
    fn the_table_has_no_code_that_no_document_has() {
        let named = |table| {
            rows(table)
                .flat_map(|row| {
                    row[0]
                        .split_whitespace()
                        .map(normalised)
                        .collect::<Vec<_>>()
                })
                .collect::<BTreeSet<_>>()
        };
        let (documented, older) = (named(DOCUMENTED), named(OF_APIV2));
        for (code, _, _) in TABLE {
            // APIv2 spells it NOTSUPORTCARD; a newer page may not.
            let known =
                documented.contains(*code) || older.contains(*code) || *code == "NOTSUPPORTCARD";
            assert!(known, "{code}");
        }
    }

    #[test]
    fn the_codes_that_decide_about_money_mean_what_is_documented() {
        for (call, code, message, expected) in [
            (Call::Pay, "ORDERPAID", "该订单已支付", AlreadyPaid),
            (Call::Pay, "ORDER_CLOSED", "该订单已失效", Final),
            (
                Call::Pay,
                "INVALID_REQUEST",
                "请求重入时，参数与首次请求时不一致",
                Doubt,
            ),
            (Call::Pay, "INVALID_REQUEST", "201 商户订单号重复", Doubt),
            (Call::Pay, "INVALID_REQUEST", "appid未绑定", Final),
            (Call::Close, "ORDERPAID", "该订单已支付", NotAllowed),
            (Call::Close, "ORDER_CLOSED", "", Closed),
            (Call::Close, "ORDER_NOT_EXIST", "订单不存在", Absent),
            (
                Call::Close,
                "INVALID_REQUEST",
                "订单生成后5分钟内不能关闭，请稍后再试",
                TooEarly,
            ),
            (Call::Close, "SYSTEM_ERROR", "", Doubt),
            (Call::Query, "ORDER_NOT_EXIST", "", Absent),
            (Call::Refund, "NOT_ENOUGH", "", Later),
            (Call::Refund, "FREQUENCY_LIMITED", "", Doubt),
            (
                Call::Refund,
                "INVALID_REQUEST",
                "订单金额或退款金额与之前请求不一致",
                Doubt,
            ),
            (
                Call::Refund,
                "INVALID_REQUEST",
                "订单未支付，不能退款",
                Final,
            ),
            (Call::Refund, "USER_ACCOUNT_ABNORMAL", "", Final),
            (Call::QueryRefund, "RESOURCE_NOT_EXISTS", "", Absent),
            (Call::Codepay, "USER_PAYING", "", Paying),
            (Call::Codepay, "SYSTEM_ERROR", "", Doubt),
            (Call::Codepay, "BANK_ERROR", "", Doubt),
            (Call::Codepay, "FREQUENCY_LIMITED", "", Doubt),
            (Call::Codepay, "RATELIMIT_EXCEEDED", "", Doubt),
            (Call::Codepay, "INVALID_REQUEST", "", Doubt),
            (Call::Codepay, "ORDER_PAID", "", AlreadyPaid),
            (Call::Codepay, "TRADE_ERROR", "用户没有输入支付密码", Final),
            (Call::Codepay, "AUTH_CODE_INVALID", "", Final),
            (Call::Codepay, "NOT_ENOUGH", "", Final),
            (Call::Pay, "RATELIMIT_EXCEEDED", "", Later),
            (Call::Close, "FREQUENCY_LIMITED", "", Later),
            (Call::Reverse, "USERPAYING", "", Paying),
            (Call::Reverse, "SYSTEMERROR", "", Doubt),
            (Call::Reverse, "REVERSE_EXPIRE", "", Final),
            (Call::Reverse, "ORDERNOTEXIST", "", Absent),
            (
                Call::Bill,
                "NO_STATEMENT_EXIST",
                "请求的账单文件不存在",
                Absent,
            ),
            (Call::Bill, "STATEMENT_CREATING", "账单生成中", Absent),
            (Call::Bill, "SYSTEM_ERROR", "", Doubt),
            (Call::Refund, "SOMETHING_NEW", "", Meaning::Unseen),
            (Call::Refund, "", "", Meaning::Unseen),
        ] {
            assert_eq!(
                meaning(call, code, message),
                expected,
                "{call:?} {code} {message}"
            );
        }
    }

    #[test]
    fn asking_is_never_answered_with_a_final_no() {
        for (code, words, _) in TABLE {
            for call in [Call::Query, Call::QueryRefund, Call::Bill] {
                let refusal = meaning(call, code, words).refusal();
                assert!(matches!(refusal, None | Some(RefusalKind::Later)), "{code}");
            }
        }
    }

    #[test]
    fn every_row_can_be_reached_and_is_spelt_as_it_is_compared() {
        let mut for_any_words = BTreeSet::new();
        for (code, words, _) in TABLE {
            assert_eq!(*code, normalised(code));
            assert!(
                !for_any_words.contains(code),
                "{code} {words} comes too late"
            );
            if words.is_empty() {
                for_any_words.insert(code);
            }
        }
    }
}
