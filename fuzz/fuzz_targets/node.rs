//! Sequences of inputs into a node. What is checked stands in body/node.rs, which the ordinary tests run over the corpus
//! too.
#![no_main]

#[path = "../../tests/common/cast.rs"]
mod cast;
#[path = "../../tests/common/envelope.rs"]
mod envelope;
#[path = "../../tests/common/generate.rs"]
mod generate;
#[path = "../body/node.rs"]
mod node;
#[path = "../../tests/common/record.rs"]
mod record;
#[path = "../../tests/common/reseal.rs"]
mod reseal;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _reached = node::run(bytes);
});
