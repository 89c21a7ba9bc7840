#![no_main]
//! See `channels::fuzz::alipay_answer`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| channels::fuzz::alipay_answer(data));
