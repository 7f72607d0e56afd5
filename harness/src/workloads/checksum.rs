//! What a workload answers: a digest of everything it read back from the heap.

use std::fmt;

/// An order-sensitive digest of `u64`s.
///
/// Two collectors agree on a workload when their digests are equal, so nothing that differs between
/// correct collectors may go in: no address, no identity of an object, no count of what a
/// collection freed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Checksum(u64);

impl Checksum {
    /// Mixes in one value.
    pub fn add(&mut self, value: u64) {
        // The multiplier is that of Knuth's multiplicative hashing, 2^64 divided by the golden
        // ratio. The rotation brings the well mixed high bits back to where the next value goes.
        self.0 = (self.0.rotate_left(29) ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    /// Mixes in the bytes of a string, and its length.
    pub fn add_str(&mut self, text: &str) {
        for piece in text.as_bytes().chunks(8) {
            let mut word = [0; 8];
            word[..piece.len()].copy_from_slice(piece);
            self.add(u64::from_le_bytes(word));
        }
        self.add(text.len() as u64);
    }

    /// The digest.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl Extend<u64> for Checksum {
    fn extend<I: IntoIterator<Item = u64>>(&mut self, values: I) {
        for value in values {
            self.add(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_values_matters() {
        let digest = |values: [u64; 3]| {
            let mut checksum = Checksum::default();
            checksum.extend(values);
            checksum
        };
        assert_ne!(digest([1, 2, 3]), digest([3, 2, 1]));
        assert_eq!(digest([1, 2, 3]), digest([1, 2, 3]));
    }

    #[test]
    fn strings_that_differ_in_trailing_zeros_differ() {
        let digest = |text| {
            let mut checksum = Checksum::default();
            checksum.add_str(text);
            checksum
        };
        assert_ne!(digest("a"), digest("a\0"));
    }
}
