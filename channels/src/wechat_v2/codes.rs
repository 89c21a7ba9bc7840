//! What each code of APIv2 (错误码, on each call's page) means, call by call: the one
//! table. A code that is not here was never seen ([`Meaning::Unseen`]) and is never a
//! no. Only the code of a signed answer gets here: `return_code` FAIL is unsigned,
//! and no words of it decide anything.

use cashier::channel::RefusalKind;

/// The calls whose codes are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// `unifiedorder`
    Pay,
    /// `micropay`
    Bar,
    /// `orderquery`
    Query,
    /// `closeorder`
    Close,
    /// `reverse`
    Reverse,
    /// `refund`
    Refund,
    /// `refundquery`
    QueryRefund,
}

impl Call {
    /// Where it is sent.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Call::Pay => "/pay/unifiedorder",
            Call::Bar => "/pay/micropay",
            Call::Query => "/pay/orderquery",
            Call::Close => "/pay/closeorder",
            Call::Reverse => "/secapi/pay/reverse",
            Call::Refund => "/secapi/pay/refund",
            Call::QueryRefund => "/pay/refundquery",
        }
    }
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
    /// The payer is typing the password.
    Paying,
    /// Not done yet: the same call is to be made again.
    Again,
    /// It may have been carried out, or the code says nothing about it: ask.
    Doubt,
    /// There is no such trade or refund.
    Absent,
    /// The trade is closed or reversed.
    Closed,
    /// Too soon after the creation to close.
    TooEarly,
    /// The trade's state does not allow it: ask which it is.
    NotAllowed,
    /// The code is not in the table.
    Unseen,
}

/// Part of the message of a close that is refused within five minutes of the
/// creation. The rule is documented without a code.
const TOO_EARLY: &str = "5分钟";

/// Part of the message of an `INVALID_REQUEST` for a number that is in use with
/// other parameters (`201 商户订单号重复`): something exists under it.
const REPEATED: &str = "重复";

/// The same for a refund's number (`订单金额或退款金额与之前请求不一致`).
const DIFFERS: &str = "不一致";

/// One code: as it is compared, words that its message must hold (none: any), and
/// what it means for each call, in the order of [`Call`].
type Row = (&'static str, &'static str, [Meaning; 7]);

use Meaning::{
    Absent, Again, AlreadyPaid, Closed, Doubt, Final, Later, NotAllowed, Paying, TooEarly,
};

/// What is wrong is our configuration. A payment can be tried anew once it is
/// mended; a refund that is owed stays owed, so its number stays good.
const CONFIGURATION: [Meaning; 7] = [Final, Final, Later, Later, Later, Later, Later];

/// It says nothing about what became of it.
const DOUBT: [Meaning; 7] = [Doubt; 7];

/// What only a barcode can be refused for.
const BARCODE: [Meaning; 7] = [Doubt, Final, Doubt, Doubt, Doubt, Doubt, Doubt];

/// The first row whose code and words fit decides.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    //                             pay          bar          query   close       reverse     refund  query_refund
    ("SYSTEMERROR",          "", DOUBT),
    ("BANKERROR",            "", DOUBT),
    ("BIZERRNEEDRETRY",      "", DOUBT),
    ("ERROR",                "", DOUBT),
    ("USERPAYING",           "", [Doubt,       Paying,      Doubt,  NotAllowed, Again,      Doubt,  Doubt]),
    // Documented for refunds, as a word that it was not accepted.
    ("FREQUENCYLIMITED",     "", [Later,       Doubt,       Later,  Later,      Later,      Later,  Later]),
    ("INVALIDREQTOOMUCH",    "", [Later,       Doubt,       Later,  Later,      Later,      Doubt,  Later]),

    ("AUTHCODEEXPIRE",       "", BARCODE),
    ("AUTHCODEERROR",        "", BARCODE),
    ("AUTHCODEINVALID",      "", BARCODE),
    ("NOTSUPORTCARD",        "", BARCODE),
    ("BUYERMISMATCH",        "", BARCODE),
    ("TRADEERROR",           "", [Doubt,       Final,       Doubt,  Doubt,      Final,      Doubt,  Doubt]),
    ("RULELIMIT",            "", [Final,       Final,       Doubt,  Doubt,      Doubt,      Doubt,  Doubt]),
    ("NOTENOUGH",            "", [Later,       Final,       Doubt,  Doubt,      Doubt,      Later,  Doubt]),

    ("ORDERPAID",            "", [AlreadyPaid, AlreadyPaid, Doubt,  NotAllowed, Doubt,      Doubt,  Doubt]),
    ("ORDERCLOSED",          "", [Final,       Final,       Doubt,  Closed,     Closed,     Doubt,  Doubt]),
    ("ORDERREVERSED",        "", [Final,       Final,       Doubt,  NotAllowed, Closed,     Doubt,  Doubt]),
    ("ORDERNOTEXIST",        "", [Doubt,       Doubt,       Absent, Absent,     Absent,     Final,  Absent]),
    ("TRADESTATEERROR",      "", [Doubt,       Doubt,       Doubt,  NotAllowed, Doubt,      Doubt,  Doubt]),
    ("OUTTRADENOUSED",       "", DOUBT),
    ("REVERSEEXPIRE",        "", [Doubt,       Doubt,       Doubt,  Doubt,      Final,      Doubt,  Doubt]),

    ("REFUNDNOTEXIST",       "", [Doubt,       Doubt,       Doubt,  Doubt,      Doubt,      Doubt,  Absent]),
    ("USERACCOUNTABNORMAL",  "", [Doubt,       Doubt,       Doubt,  Doubt,      Doubt,      Final,  Doubt]),
    ("TRADEOVERDUE",         "", [Doubt,       Doubt,       Doubt,  Doubt,      Final,      Final,  Doubt]),
    ("INVALIDTRANSACTIONID", "", [Doubt,       Doubt,       Doubt,  Doubt,      Final,      Final,  Doubt]),

    ("INVALIDREQUEST", TOO_EARLY, [Final,      Final,       Doubt,  TooEarly,   Doubt,      Final,  Doubt]),
    ("INVALIDREQUEST", REPEATED, [Doubt,       Doubt,       Doubt,  NotAllowed, Doubt,      Doubt,  Doubt]),
    ("INVALIDREQUEST", DIFFERS,  [Doubt,       Doubt,       Doubt,  NotAllowed, Doubt,      Doubt,  Doubt]),
    ("INVALIDREQUEST",       "", [Final,       Final,       Doubt,  NotAllowed, Doubt,      Final,  Doubt]),
    ("PARAMERROR",           "", [Final,       Final,       Doubt,  Doubt,      Doubt,      Final,  Doubt]),
    ("LACKPARAMS",           "", [Final,       Final,       Doubt,  Doubt,      Doubt,      Final,  Doubt]),

    ("NOAUTH",               "", CONFIGURATION),
    ("APPIDNOTEXIST",        "", CONFIGURATION),
    ("MCHIDNOTEXIST",        "", CONFIGURATION),
    ("APPIDMCHIDNOTMATCH",   "", CONFIGURATION),
    ("SIGNERROR",            "", CONFIGURATION),
    ("NOTUTF8",              "", CONFIGURATION),
    ("XMLFORMATERROR",       "", CONFIGURATION),
    ("POSTDATAEMPTY",        "", CONFIGURATION),
    ("REQUIREPOSTMETHOD",    "", CONFIGURATION),
];

/// What `code` with `message` says about `call`.
pub(super) fn meaning(call: Call, code: &str, message: &str) -> Meaning {
    let code = normalised(code);
    let row = TABLE
        .iter()
        .find(|(known, words, _)| *known == code && message.contains(words));
    let Some((_, _, [pay, bar, query, close, reverse, refund, query_refund])) = row else {
        return Meaning::Unseen;
    };
    match call {
        Call::Pay => *pay,
        Call::Bar => *bar,
        Call::Query => *query,
        Call::Close => *close,
        Call::Reverse => *reverse,
        Call::Refund => *refund,
        Call::QueryRefund => *query_refund,
    }
}

impl Meaning {
    /// The kind of refusal that it is, if it is a definite no.
    pub(super) fn refusal(self) -> Option<RefusalKind> {
        match self {
            Final => Some(RefusalKind::Final),
            Later => Some(RefusalKind::Later),
            AlreadyPaid => Some(RefusalKind::AlreadyPaid),
            Paying | Again | Doubt | Absent | Closed | TooEarly | NotAllowed | Meaning::Unseen => {
                None
            }
        }
    }
}

/// The spelling under which a code is compared: its own pages write some codes with
/// underscores and without.
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

    const CALLS: [Call; 7] = [
        Call::Pay,
        Call::Bar,
        Call::Query,
        Call::Close,
        Call::Reverse,
        Call::Refund,
        Call::QueryRefund,
    ];

    const DOCUMENTED: &str = include_str!("../../fixtures/wechat/codes_v2.txt");

    /// The calls that a place in the documents' table stands for: the last word of a path.
    fn calls(place: &str) -> Vec<Call> {
        let named = |call: &Call| call.path().rsplit('/').next() == Some(place);
        let calls: Vec<_> = CALLS.into_iter().filter(named).collect();
        match place {
            "all" => CALLS.to_vec(),
            _ => calls,
        }
    }

    /// Whether a meaning is what a document's class says.
    fn fits(class: &str, call: Call, meaning: Meaning) -> bool {
        let moves_money = matches!(call, Call::Bar | Call::Refund);
        match class {
            "C" if matches!(call, Call::Pay | Call::Bar) => meaning == Final,
            "C" => matches!(meaning, Final | Later | Doubt | NotAllowed),
            "U" => matches!(meaning, Final | Later),
            "F" => matches!(meaning, Final | Closed | Absent),
            "F?" => matches!(meaning, AlreadyPaid | NotAllowed | Doubt),
            "R" if moves_money => matches!(meaning, Doubt | Again),
            "R" => matches!(meaning, Doubt | Again | Later),
            "R!" => meaning == Later,
            "Q" => matches!(meaning, Doubt | Paying | Again | NotAllowed),
            _ => panic!("{class}"),
        }
    }

    #[test]
    fn every_documented_code_means_what_is_documented() {
        let mut count = 0;
        for row in rows(DOCUMENTED) {
            let (codes, places, class) = (row[0], row[1], row[2]);
            let message = row.get(3).copied().unwrap_or_default();
            for place in places.split_whitespace() {
                let calls = calls(place);
                assert!(!calls.is_empty(), "{place}");
                for (call, code) in calls
                    .into_iter()
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
        }
        assert!(count > 100, "{count}");
    }

    #[test]
    fn the_table_has_no_code_that_no_document_has() {
        let documented: BTreeSet<_> = rows(DOCUMENTED)
            .flat_map(|row| {
                row[0]
                    .split_whitespace()
                    .map(normalised)
                    .collect::<Vec<_>>()
            })
            .collect();
        let ours: BTreeSet<_> = TABLE
            .iter()
            .map(|(code, _, _)| (*code).to_owned())
            .collect();
        assert_eq!(ours, documented);
    }

    #[test]
    fn the_codes_that_decide_about_money_mean_what_is_documented() {
        for (call, code, message, expected) in [
            (Call::Pay, "ORDERPAID", "该订单已支付", AlreadyPaid),
            (Call::Pay, "ORDERCLOSED", "", Final),
            (Call::Pay, "OUT_TRADE_NO_USED", "", Doubt),
            (Call::Pay, "INVALID_REQUEST", "201 商户订单号重复", Doubt),
            (Call::Pay, "INVALID_REQUEST", "appid未绑定", Final),
            (Call::Pay, "SYSTEMERROR", "", Doubt),
            (Call::Bar, "USERPAYING", "需要用户输入支付密码", Paying),
            (Call::Bar, "SYSTEMERROR", "", Doubt),
            (Call::Bar, "BANKERROR", "", Doubt),
            (Call::Bar, "OUT_TRADE_NO_USED", "", Doubt),
            (Call::Bar, "INVALID_REQUEST", "201 商户订单号重复", Doubt),
            (Call::Bar, "TRADE_ERROR", "用户没有输入支付密码", Final),
            (Call::Bar, "AUTHCODEEXPIRE", "", Final),
            (Call::Bar, "AUTH_CODE_INVALID", "", Final),
            (Call::Bar, "NOTENOUGH", "", Final),
            (Call::Bar, "ORDERPAID", "", AlreadyPaid),
            (Call::Close, "ORDERPAID", "该订单已支付", NotAllowed),
            (Call::Close, "ORDERCLOSED", "", Closed),
            (Call::Close, "ORDERNOTEXIST", "", Absent),
            (Call::Close, "TRADE_STATE_ERROR", "", NotAllowed),
            (Call::Close, "SYSTEMERROR", "", Doubt),
            (Call::Query, "ORDERNOTEXIST", "订单不存在", Absent),
            (Call::Query, "SYSTEMERROR", "", Doubt),
            (Call::Reverse, "USERPAYING", "正在支付中不能发起撤销", Again),
            (Call::Reverse, "SYSTEMERROR", "系统超时", Doubt),
            (Call::Reverse, "ORDERNOTEXIST", "", Absent),
            (Call::Reverse, "REVERSE_EXPIRE", "", Final),
            (Call::Refund, "NOTENOUGH", "", Later),
            (Call::Refund, "FREQUENCY_LIMITED", "", Later),
            (Call::Refund, "INVALID_REQ_TOO_MUCH", "", Doubt),
            (Call::Refund, "BIZERR_NEED_RETRY", "", Doubt),
            (Call::Refund, "ERROR", "", Doubt),
            (Call::Refund, "TRADE_OVERDUE", "", Final),
            (Call::Refund, "USER_ACCOUNT_ABNORMAL", "", Final),
            (Call::Refund, "NOAUTH", "", Later),
            (Call::QueryRefund, "REFUNDNOTEXIST", "", Absent),
            (Call::Refund, "SOMETHING_NEW", "", Meaning::Unseen),
            (Call::Bar, "", "", Meaning::Unseen),
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
            for call in [Call::Query, Call::QueryRefund] {
                let refusal = meaning(call, code, words).refusal();
                assert!(matches!(refusal, None | Some(RefusalKind::Later)), "{code}");
            }
        }
    }

    #[test]
    fn only_a_barcode_waits_for_a_password() {
        for (code, words, _) in TABLE {
            for call in CALLS {
                let paying = meaning(call, code, words) == Paying;
                assert_eq!(paying, call == Call::Bar && *code == "USERPAYING", "{code}");
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
