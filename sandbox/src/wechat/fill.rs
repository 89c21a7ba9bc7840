//! A busy day in no time: many paid orders at once, for bills that are as long as real ones.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::inside::PortalError;
use super::lifetime;
use super::order::Product;
use crate::ledger::{Channel, Expiry, Order, TradeKey};
use crate::server::Sandbox;

/// How many orders one call makes at most.
const MOST: u32 = 1_000_000;

/// So many orders.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fill {
    /// How many, at most a million.
    pub trades: u32,
    /// Fen of each.
    #[serde(default = "Fill::amount")]
    pub amount: i64,
    /// How their numbers begin; eight digits follow.
    #[serde(default = "Fill::prefix")]
    pub prefix: String,
}

impl Fill {
    fn amount() -> i64 {
        100
    }

    fn prefix() -> String {
        "fill_".to_owned()
    }
}

impl Sandbox {
    /// Makes QR orders of a WeChat Pay merchant that are paid now. Nobody is told of them. A number
    /// that is in use is left as it is. Answers how many were made.
    ///
    /// # Errors
    /// [`PortalError::NoMerchant`]; [`PortalError::Fill`] for no or too many orders or an amount
    /// below 1 fen.
    pub fn fill_wechat(&self, mchid: &str, fill: &Fill) -> Result<u32, PortalError> {
        let account = self
            .accounts()
            .wechat(mchid)
            .ok_or_else(|| PortalError::NoMerchant(mchid.to_owned()))?;
        if !(1..=MOST).contains(&fill.trades) || fill.amount < 1 || fill.prefix.len() > 24 {
            return Err(PortalError::Fill);
        }
        let appid = &account.merchant.appid;
        Ok(self.with_world(|world, now| {
            let mut made = 0;
            for number in 0..fill.trades {
                let number = format!("{}{number:08}", fill.prefix);
                let order = Order {
                    key: TradeKey::new(Channel::Wechat, mchid, &number),
                    amount: fill.amount,
                    subject: "a busy day".to_owned(),
                    product: Product::Native.trade_type().to_owned(),
                    notify_url: None,
                    return_url: None,
                    attach: None,
                    expiry: Expiry::At(now + lifetime::UNPAID),
                    details: BTreeMap::from([("appid".to_owned(), appid.clone())]),
                };
                if world.ledger.trade(&order.key).is_none() {
                    world.ledger.open(&order, now);
                    made += u32::from(world.ledger.pay(&order.key, now).is_ok());
                }
            }
            made
        }))
    }
}
