//! How much memory this process uses, how much it used at most, and how much there is.

use std::fs;

/// The allocator of this build, which serves `Box` and, through it, the chunks of our heaps.
#[must_use]
pub const fn allocator() -> &'static str {
    if cfg!(feature = "mimalloc") {
        "mimalloc"
    } else if cfg!(target_env = "gnu") {
        "glibc"
    } else {
        "the system's"
    }
}

/// The most memory that this process ever had resident; `None` where the system does not say.
///
/// This is `VmHWM` and not `getrusage`'s `ru_maxrss`: the latter survives `exec`, so that a small
/// child of a large parent would report its parent.
#[must_use]
pub fn peak_rss_bytes() -> Option<u64> {
    field_bytes(&fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

/// The memory that this process has resident now; `None` where the system does not say.
#[must_use]
pub fn resident_bytes() -> Option<u64> {
    field_bytes(&fs::read_to_string("/proc/self/status").ok()?, "VmRSS:")
}

/// The memory that this process has resident now and that is of no file, such as the program itself;
/// `None` where the system does not say.
#[must_use]
pub fn anonymous_bytes() -> Option<u64> {
    field_bytes(&fs::read_to_string("/proc/self/status").ok()?, "RssAnon:")
}

/// The memory that programs can still use without swapping; `None` where the system does not say.
#[must_use]
pub fn available_bytes() -> Option<u64> {
    field_bytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")
}

/// The value of a line such as `VmHWM:     1234 kB`.
fn field_bytes(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_and_counted_in_bytes() {
        let status = "Name:\tharness\nVmHWM:\t    2048 kB\nThreads:\t1\n";
        assert_eq!(field_bytes(status, "VmHWM:"), Some(2048 * 1024));
        assert_eq!(field_bytes(status, "Threads:"), None);
        assert_eq!(field_bytes(status, "VmSwap:"), None);
    }
}
