//! Simulated Alipay and WeChat Pay.
//!
//! An HTTP server that speaks the channels' wire protocols with real signatures, keeps its own
//! ledger, acts as the payer's wallet, and breaks on demand. It verifies as strictly as the
//! channels document it and depends on no other crate of this project: one wrong reading of the
//! documents must not pass its own test.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let running = sandbox::start(sandbox::Settings::default()).await?;
//! println!("open {}/wallet", running.url());
//! running.stop().await;
//! # Ok(())
//! # }
//! ```

mod account;
mod alipay;
mod artefacts;
mod authority;
mod barcode;
mod clock;
mod control;
mod faults;
mod key;
mod ledger;
mod notice;
mod payer;
mod persist;
mod register;
mod server;
mod tls;
mod token;
mod wallet;
mod wechat;
mod wechat_v2;

pub use account::{
    AlipayApp, AlipayCertificates, AlipaySubMerchant, RegisterError, RenewedKey, WechatMerchant,
    WechatPlatform,
};
pub use alipay::{CertificateError, NoticeCertSn, Rules as AlipayRules, Told};
pub use barcode::Behaviour;
pub use clock::Clock;
pub use control::NotifyError;
pub use faults::{Armed, Fault, FaultOrder, FaultRefused, Faults};
pub use key::KeyError;
pub use ledger::{Channel, LedgerView, PayRefused, RefundView, TradeView};
pub use notice::{
    ALIPAY_SCHEDULE, Delivery, DeliveryLog, NoticeKind, NoticeRefused, WECHAT_SCHEDULE,
};
pub use payer::{Acted, Opened, PayerError};
pub use persist::StateError;
pub use server::{Running, Sandbox, Settings, StartError, start};
pub use wechat::{
    CertificateView, Fill, KeyMode, PlatformView, PortalError, Rotation, SubMerchant, WechatApp,
};
pub use wechat_v2::{WechatV2Merchant, WechatV2Platform, WechatV2SubMerchant};
