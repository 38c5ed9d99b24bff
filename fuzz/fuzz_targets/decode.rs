//! Bytes into the decoder. What is checked stands in body/decode.rs, which the ordinary tests run over the corpus too.
#![no_main]

#[path = "../body/decode.rs"]
mod decode;
#[path = "../../tests/common/envelope.rs"]
mod envelope;
#[path = "../../tests/common/record.rs"]
mod record;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| decode::run(bytes));
