//! How much memory may an experiment take? As much as this machine can give, where it says so.

/// Bytes of address space that are no node's: the program, its threads with an arena each, and what the simulator keeps.
const OVERHEAD: u64 = 256 << 20;

/// Bytes that nodes may buy, where that can be known: what is available, swap space included, and no more than the limit on this
/// process's address space leaves.
pub fn room() -> Option<u64> {
    let file = |name: &str| std::fs::read_to_string(format!("/proc/{name}")).unwrap_or_default();
    let left = left(&file("self/limits"), &file("self/status"));
    available(&file("meminfo")).into_iter().chain(left).min()
}

/// What the machine can give.
fn available(meminfo: &str) -> Option<u64> {
    Some(kibibytes(meminfo, "MemAvailable:")? + kibibytes(meminfo, "SwapFree:").unwrap_or(0))
}

/// What the limit on the address space leaves; `None` where there is no limit.
fn left(limits: &str, status: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let limit = line.split_whitespace().next()?.parse::<u64>().ok()?;
    Some(limit.saturating_sub(kibibytes(status, "VmSize:").unwrap_or(0) + OVERHEAD))
}

fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_machine_gives_is_what_is_available_and_its_swap() {
        let meminfo =
            "MemTotal:       16384000 kB\nMemFree:          100 kB\nMemAvailable:    2000 kB\nSwapFree:   24 kB\n";
        assert_eq!(available(meminfo), Some(2_024 * 1_024));
        assert_eq!(available("MemAvailable:    2000 kB\n"), Some(2_000 * 1_024));
        assert_eq!([available(""), available("MemAvailable: much\n")], [None, None]);
    }

    #[test]
    fn a_limit_on_the_address_space_leaves_what_is_not_taken() {
        let limits = |limit: &str| {
            format!(
                "Limit                     Soft Limit           Hard Limit           Units     \nMax address space         {limit}           unlimited            bytes     \n"
            )
        };
        let status = "Name:\tbruit\nVmPeak:\t  300 kB\nVmSize:\t    100 kB\n";
        assert_eq!(left(&limits("1500000000"), status), Some(1_500_000_000 - 100 * 1_024 - OVERHEAD));
        assert_eq!(left(&limits("1000"), status), Some(0));
        assert_eq!([left(&limits("unlimited"), status), left("", status)], [None, None]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_says_what_it_has() {
        assert!(available(&std::fs::read_to_string("/proc/meminfo").expect("it is there")).is_some());
        assert!(std::fs::read_to_string("/proc/self/limits").expect("it is there").contains("\nMax address space  "));
    }
}
