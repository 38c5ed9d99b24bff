//! What does a start leave behind? For each page of a program that runs once the kernel maps up to fifteen around it, so that
//! nearly all of a program is resident when it has started, and most of that is never used again.
//!
//! Pages of a file that this process has neither written nor may write are the page cache's, and can be let go: who uses one
//! again finds it there, and only those around it come back with it.

use core::ops::Range;
use std::io;

use super::sys;

/// Lets go of what is mapped of the program's file and of its libraries but need not be, in the whole process. For programs that
/// are mostly this node, once they have started: what runs on is mapped again as it is used.
///
/// # Errors
/// That the system does not tell what is mapped, or does not let go of it.
pub fn forget_start() -> io::Result<()> {
    sys::forget_unwritten()
}

/// Where a file is mapped of which the process has no page of its own, nor can write one.
pub(super) fn unwritten(smaps: &str) -> impl Iterator<Item = Range<usize>> {
    let mut mapping = None;
    smaps.lines().filter_map(move |line| {
        if let Some(pages_of_its_own) = line.strip_prefix("Anonymous:") {
            return mapping.take().filter(|_| pages_of_its_own.trim() == "0 kB");
        }
        // A line that begins a mapping: only it has no colon behind its first word.
        let mut words = line.split_whitespace();
        let range = words.next().filter(|word| !word.ends_with(':'))?;
        let (rights, path) = (words.next()?, words.nth(3));
        let of_a_file = path.is_some_and(|path| path.starts_with('/'));
        mapping = address_range(range).filter(|_| of_a_file && matches!(rights, "r--p" | "r-xp"));
        None
    })
}

fn address_range(text: &str) -> Option<Range<usize>> {
    let (start, end) = text.split_once('-')?;
    Some(usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unwritten_pages_of_files_are_let_go() {
        let mapping = |range: &str, rights: &str, path: &str, own: u32| {
            format!(
                "{range} {rights} 00001000 fe:00 42    {path}\nSize:    8 kB\nAnonymous:    {own} kB\nVmFlags: rd ex\n"
            )
        };
        let smaps = [
            mapping("1000-3000", "r--p", "/usr/bin/bruit", 0),
            mapping("3000-5000", "r-xp", "/usr/bin/bruit", 0),
            mapping("5000-7000", "r--p", "/usr/bin/bruit", 4),
            mapping("7000-9000", "rw-p", "/usr/bin/bruit", 0),
            mapping("9000-b000", "r--s", "/dev/shm/x", 0),
            mapping("b000-d000", "r-xp", "[vdso]", 0),
            mapping("d000-f000", "r--p", "", 0),
            mapping("7f00f000-7f011000", "r-xp", "/usr/lib/a file.so", 0),
        ];
        let found: Vec<Range<usize>> = unwritten(&smaps.concat()).collect();
        assert_eq!(found, [0x1000..0x3000, 0x3000..0x5000, 0x7f00_f000..0x7f01_1000]);
    }

    #[test]
    fn a_program_that_forgets_its_start_runs_on() {
        forget_start().expect("/proc is there");
        assert_eq!(format!("{:?}", [1.5_f64, 2.0].iter().sum::<f64>()), "3.5");
    }
}
