//! Everything that the page says: one table, one column a language. A text that
//! is missing in a language does not compile.

mod en;
mod zh;

use super::language::Language;
use cashier::way::{ChannelKind, Way};

/// The page's words in one language. A comment speaks for the fields up to the next.
pub(super) struct Text {
    /// The `lang` of the page.
    pub(super) lang: &'static str,
    /// Says what the part with the goods is.
    pub(super) order: &'static str,
    /// Before the merchant's name.
    pub(super) pay_to: &'static str,
    /// Before the time until which the order can be paid.
    pub(super) payable_until: &'static str,
    /// Before the time that is left.
    pub(super) left: &'static str,
    /// Behind a time of day, for browsers that do not show their own.
    pub(super) time_zone: &'static str,
    /// The wallets' names.
    pub(super) alipay: &'static str,
    pub(super) wechat: &'static str,
    /// The same, where a code is scanned.
    pub(super) alipay_code: &'static str,
    pub(super) wechat_code: &'static str,
    /// Above the ways.
    pub(super) choose_title: &'static str,
    /// Below a way that leads to Alipay's page on a computer.
    pub(super) hint_page: &'static str,
    /// Below a way that shows a code.
    pub(super) hint_code: &'static str,
    /// Below a way that opens the wallet.
    pub(super) hint_wallet: &'static str,
    /// One code for both wallets: above it, how to scan it, and before the other ways.
    pub(super) both_title: &'static str,
    pub(super) both_hint: &'static str,
    pub(super) both_or: &'static str,
    /// Nothing is offered: the page is inside WeChat and the payer is not known.
    pub(super) none_openid: &'static str,
    /// Nothing is offered: the page is inside a mini program.
    pub(super) none_mini_program: &'static str,
    /// Nothing is offered: the order or the merchant has no way for this place.
    pub(super) none_here: &'static str,
    /// Back to the payment that is under way.
    pub(super) keep_way: &'static str,
    /// Above the code, by wallet.
    pub(super) scan_alipay: &'static str,
    pub(super) scan_wechat: &'static str,
    /// How to scan, by wallet.
    pub(super) scan_hint_alipay: &'static str,
    pub(super) scan_hint_wechat: &'static str,
    /// What the picture is.
    pub(super) qr_code: &'static str,
    /// Below the code.
    pub(super) waiting_for_scan: &'static str,
    /// The link to the sandbox's wallet.
    pub(super) wallet_link: &'static str,
    /// The payment goes on at the wallet's page, by wallet.
    pub(super) leave_alipay: &'static str,
    pub(super) leave_wechat: &'static str,
    /// What happens afterwards.
    pub(super) leave_hint: &'static str,
    /// The button that leads there, by wallet.
    pub(super) go_alipay: &'static str,
    pub(super) go_wechat: &'static str,
    /// Below that button.
    pub(super) waiting_for_payment: &'static str,
    /// The payment inside the wallet: what to do, and the button, by wallet.
    pub(super) bridge_alipay: &'static str,
    pub(super) bridge_wechat: &'static str,
    pub(super) bridge_hint_alipay: &'static str,
    pub(super) bridge_hint_wechat: &'static str,
    pub(super) bridge_pay_alipay: &'static str,
    pub(super) bridge_pay_wechat: &'static str,
    /// The payer has closed the wallet's sheet.
    pub(super) bridge_cancelled: &'static str,
    /// The wallet would not open it.
    pub(super) bridge_failed: &'static str,
    /// Scripts are off.
    pub(super) bridge_needs_script: &'static str,
    /// The payment that is under way cannot go on in this browser.
    pub(super) elsewhere_title: &'static str,
    pub(super) elsewhere: &'static str,
    /// Asks the channel.
    pub(super) i_have_paid: &'static str,
    /// Leads back to the ways.
    pub(super) change_way: &'static str,
    /// Leads back to the merchant.
    pub(super) back: &'static str,
    /// A payment is being confirmed.
    pub(super) processing_title: &'static str,
    pub(super) processing_confirming: &'static str,
    /// A payment of a wrong amount came in.
    pub(super) processing_reviewed: &'static str,
    /// Before the time of the next question.
    pub(super) processing_next: &'static str,
    /// Asks the channel now.
    pub(super) check_now: &'static str,
    /// The order is paid.
    pub(super) paid_title: &'static str,
    pub(super) paid_text: &'static str,
    /// What it was paid by, when, and how much of it was given back.
    pub(super) paid_by: &'static str,
    pub(super) paid_at: &'static str,
    pub(super) refunded: &'static str,
    /// A second payment came in and goes back.
    pub(super) surplus: &'static str,
    /// There is nothing more to do.
    pub(super) may_leave: &'static str,
    /// The order's time is over.
    pub(super) expired_title: &'static str,
    pub(super) expired_text: &'static str,
    /// The merchant has closed the order.
    pub(super) closed_title: &'static str,
    pub(super) closed_text: &'static str,
    /// Money that came too late is on its way back.
    pub(super) returning_title: &'static str,
    pub(super) returning_text: &'static str,
    /// It is back.
    pub(super) returned_title: &'static str,
    pub(super) returned_text: &'static str,
    /// The next step where no way back is known.
    pub(super) ask_the_merchant: &'static str,
    /// See [`super::remark::Remark`].
    pub(super) remark_in_progress: &'static str,
    pub(super) remark_not_yet: &'static str,
    pub(super) remark_changed: &'static str,
    pub(super) remark_no_answer: &'static str,
    pub(super) remark_refused: &'static str,
    pub(super) remark_unavailable: &'static str,
    pub(super) remark_incomplete: &'static str,
    pub(super) remark_unnamed: &'static str,
    /// See [`super::fault::Fault`].
    pub(super) not_found_title: &'static str,
    pub(super) not_found_text: &'static str,
    pub(super) invalid_title: &'static str,
    pub(super) invalid_text: &'static str,
    pub(super) unavailable_title: &'static str,
    pub(super) unavailable_text: &'static str,
    /// At the page's end.
    pub(super) footer: &'static str,
}

impl Text {
    /// The words of that language.
    pub(super) const fn of(language: Language) -> &'static Text {
        match language {
            Language::Chinese => &zh::TEXT,
            Language::English => &en::TEXT,
        }
    }

    /// A wallet's name.
    pub(super) fn wallet(&self, channel: ChannelKind) -> &'static str {
        match channel {
            ChannelKind::Alipay => self.alipay,
            ChannelKind::Wechat => self.wechat,
            other => other.name(),
        }
    }

    /// A way's name.
    pub(super) fn name(&self, way: Way) -> &'static str {
        match way {
            Way::AliQr => self.alipay_code,
            Way::WxNative => self.wechat_code,
            other => self.wallet(other.channel()),
        }
    }

    /// What choosing a way leads to.
    pub(super) fn hint(&self, way: Way) -> &'static str {
        match way {
            Way::AliPc => self.hint_page,
            Way::AliQr | Way::WxNative => self.hint_code,
            _ => self.hint_wallet,
        }
    }
}
