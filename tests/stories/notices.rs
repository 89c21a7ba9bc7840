//! Notices: what is believed, and what is not. Every letter in these stories was
//! written and signed by the simulated channel; what is wrong with it was done on
//! the way, or told to the channel before it signed.

mod alipay;
mod amounts;
mod letter;
mod misfits;
mod outage;
mod payers;
mod repeats;
mod seen;
mod wechat;
