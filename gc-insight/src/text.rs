//! Numbers, for people.

use std::fmt;

/// A number of bytes: exactly if it is small, else in a binary unit, with three digits.
#[derive(Clone, Copy)]
pub(crate) struct Bytes(pub(crate) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1024 {
            return f.pad(&format!("{} B", self.0));
        }
        let mut size = self.0 as f64;
        let mut unit = "";
        for next in ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] {
            // So that it is not rounded to 1024.
            if size < 1023.5 {
                break;
            }
            size /= 1024.0;
            unit = next;
        }
        let digits = if size < 9.995 { 2 } else { usize::from(size < 99.95) };
        f.pad(&format!("{size:.digits$} {unit}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_digits() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.00 KiB"),
            (10_235, "10.0 KiB"),
            (1_048_064, "1.00 MiB"),
            (123_456_789, "118 MiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(Bytes(bytes).to_string(), text);
        }
        assert_eq!(format!("{:>10}", Bytes(1)), "       1 B");
    }
}
