//! Numbers with units, three digits each.

use std::fmt;

/// A number of nanoseconds as a person would write it: `417 µs`, `1.25 s`.
#[must_use]
pub fn duration(ns: u64) -> impl fmt::Display {
    Quantity { value: ns as f64, step: 1000.0, units: &["ns", "µs", "ms", "s"] }
}

/// A number of bytes: `64 B`, `1.50 MiB`.
#[must_use]
pub fn bytes(bytes: u64) -> impl fmt::Display {
    Quantity { value: bytes as f64, step: 1024.0, units: &["B", "KiB", "MiB", "GiB", "TiB"] }
}

/// A number of things: `950`, `67.1 M`.
#[must_use]
pub fn count(count: u64) -> impl fmt::Display {
    Quantity { value: count as f64, step: 1000.0, units: &["", "k", "M", "G"] }
}

struct Quantity {
    value: f64,
    /// How many of a unit are one of the next.
    step: f64,
    units: &'static [&'static str],
}

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut value = self.value;
        let mut units = self.units;
        // 999.5 would be written as 1000.
        while let [_, larger @ ..] = units
            && !larger.is_empty()
            && value >= self.step.min(999.5)
        {
            value /= self.step;
            units = larger;
        }
        let is_smallest = units.len() == self.units.len();
        let digits = match value {
            _ if is_smallest => 0,
            ..9.995 => 2,
            ..99.95 => 1,
            _ => 0,
        };
        let text = format!("{value:.digits$} {}", units[0]);
        formatter.pad(text.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_three_digits_and_the_largest_fitting_unit() {
        let cases = [
            (duration(0).to_string(), "0 ns"),
            (duration(999).to_string(), "999 ns"),
            (duration(1_000).to_string(), "1.00 µs"),
            (duration(999_600).to_string(), "1.00 ms"),
            (duration(12_345_678).to_string(), "12.3 ms"),
            (duration(7_200_000_000_000).to_string(), "7200 s"),
            (bytes(64).to_string(), "64 B"),
            (bytes(1_572_864).to_string(), "1.50 MiB"),
            (bytes(1_020 * 1024).to_string(), "1.00 MiB"),
            (count(950).to_string(), "950"),
            (count(67_108_864).to_string(), "67.1 M"),
        ];
        for (written, expected) in cases {
            assert_eq!(written, expected);
        }
    }
}
