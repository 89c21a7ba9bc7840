#![no_main]
//! See `channels::fuzz::wechat_notice`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| channels::fuzz::wechat_notice(data));
