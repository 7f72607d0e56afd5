//! When the heap asks for huge pages.
//!
//! A huge page takes the system a fraction of a millisecond where one is at hand: a fifth of what as many
//! small ones take. Where it has to move others first, or a virtual machine has to have it from its host, it
//! may take ten times as long, and small pages do not. Nothing tells beforehand, so it is timed.

use core::time::Duration;

/// A huge page that takes longer is slow to come.
const SLOW: Duration = Duration::from_millis(1);

/// After one that was slow to come, so many pairs of chunks are in small pages, and after the next one
/// twice as many.
const SMALL_MIN: u32 = 4;
const SMALL_MAX: u32 = 256;

/// Which pairs of chunks are to be huge pages.
#[derive(Debug)]
pub(super) struct HugePages {
    is_wanted: bool,
    /// So many of the next ones are not.
    small: u32,
    /// And so many if another one is slow to come.
    small_next: u32,
}

impl HugePages {
    pub(super) fn new(is_wanted: bool) -> HugePages {
        HugePages { is_wanted, small: 0, small_next: SMALL_MIN }
    }

    /// Whether chunks come in pairs that may be huge pages.
    pub(super) fn is_wanted(&self) -> bool {
        self.is_wanted
    }

    /// Whether the next pair is to be one.
    pub(super) fn is_next(&mut self) -> bool {
        let is_next = self.small == 0;
        self.small = self.small.saturating_sub(1);
        is_next
    }

    /// Notes how long the first write to one took.
    pub(super) fn note(&mut self, elapsed: Duration) {
        if elapsed > SLOW {
            self.small = self.small_next;
            self.small_next = (2 * self.small_next).min(SMALL_MAX);
        } else {
            self.small_next = SMALL_MIN;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many small ones come before the next huge one.
    fn small(pages: &mut HugePages) -> usize {
        core::iter::from_fn(|| (!pages.is_next()).then_some(())).count()
    }

    #[test]
    fn after_a_page_that_was_slow_to_come_there_are_more_and_more_small_ones() {
        let mut pages = HugePages::new(true);
        let slow = |pages: &mut HugePages| {
            pages.note(Duration::from_millis(5));
            small(pages)
        };
        assert_eq!(small(&mut pages), 0);
        let counts: [_; 8] = core::array::from_fn(|_| slow(&mut pages));
        assert_eq!(counts, [4, 8, 16, 32, 64, 128, 256, 256]);
        pages.note(Duration::from_micros(300));
        assert_eq!(small(&mut pages), 0);
        assert_eq!(slow(&mut pages), 4);
    }
}
