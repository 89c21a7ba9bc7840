#![no_main]
//! See `channels::fuzz::wechat_v2`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| channels::fuzz::wechat_v2(data));
