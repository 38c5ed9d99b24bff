//! How does one lie well? A checksum that fits whatever the bytes say.

use crate::envelope::Envelope;

/// Bytes of the checksum.
pub const CHECK: usize = 8;

/// Replaces the checksum at the end of a datagram by one that its receiver accepts.
pub fn reseal(bytes: &mut [u8], envelope: &Envelope) {
    let (covered, check) = bytes.split_last_chunk_mut::<CHECK>().expect("a datagram is longer than its checksum");
    *check = xxhash_rust::xxh3::xxh3_64_with_seed(covered, envelope.binding().seed()).to_le_bytes();
}
