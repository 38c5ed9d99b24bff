//! Has somebody pressed Ctrl-C? A flag that every wait looks at, so that what was started is ended on the way out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::failure::Failure;

/// The longest time for which a wait does not look. Short for a person, and too long to show in what is measured.
const SLICE: Duration = Duration::from_millis(250);

/// Set from a signal handler, which can be told of nothing less than global.
static ASKED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From now on SIGINT, SIGTERM and SIGHUP end waits instead of the process.
///
/// # Errors
/// When the system takes no signal handler.
pub fn listen() -> Result<(), Failure> {
    let flag = ASKED.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(flag)).map_err(Failure::doing("listening for signals"))?;
    }
    Ok(())
}

/// An error once somebody has asked for the end.
///
/// # Errors
/// [`Failure::Interrupted`].
pub fn check() -> Result<(), Failure> {
    if ASKED.get().is_some_and(|flag| flag.load(Ordering::Relaxed)) { Err(Failure::Interrupted) } else { Ok(()) }
}

/// Sleeps for as long, or until somebody asks for the end; tells `passed` how long it has slept, a few times a second.
///
/// # Errors
/// [`Failure::Interrupted`].
pub fn sleep(time: Duration, mut passed: impl FnMut(Duration)) -> Result<(), Failure> {
    let began = Instant::now();
    loop {
        check()?;
        let elapsed = began.elapsed();
        passed(elapsed);
        let left = time.saturating_sub(elapsed);
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(SLICE));
    }
}
