//! Has it come to that? Waits for what real nodes do on threads of their own, every one of them bounded.

use std::time::{Duration, Instant};

/// Longer than anything takes on a starved machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until it is so.
pub fn until(what: &str, mut come_true: impl FnMut() -> bool) {
    let began = Instant::now();
    while !come_true() {
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
