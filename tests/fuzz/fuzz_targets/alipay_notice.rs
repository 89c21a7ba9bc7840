#![no_main]
//! See `channels::fuzz::alipay_notice`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| channels::fuzz::alipay_notice(data));
