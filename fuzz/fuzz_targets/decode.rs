//! Bytes into the decoder. What is checked stands in body/decode.rs, which the ordinary tests run over the corpus too.
#![no_main]

#[path = "../../tests/common/cast.rs"]
mod cast;
#[path = "../body/decode.rs"]
mod decode;
#[path = "../../tests/common/open.rs"]
mod open;
#[path = "../../tests/common/record.rs"]
mod record;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| decode::run(bytes));
