//! Several measurements of the same thing.

use serde::Serialize;

/// The median of some values, and how far they lie apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// The value in the middle; of an even number of values, the mean of the two in the middle.
    pub median: u64,
    /// The least value.
    pub min: u64,
    /// The greatest value.
    pub max: u64,
}

impl Spread {
    /// The spread of some values; `None` if there are none.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = u64>) -> Option<Self> {
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_unstable();
        let (&min, &max) = (values.first()?, values.last()?);
        let median = values[(values.len() - 1) / 2].midpoint(values[values.len() / 2]);
        Some(Spread { median, min, max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(Spread::of([]), None);
        assert_eq!(Spread::of([7]), Some(Spread { median: 7, min: 7, max: 7 }));
        assert_eq!(Spread::of([9, 1, 2]), Some(Spread { median: 2, min: 1, max: 9 }));
        assert_eq!(Spread::of([9, 1, 2, 4]), Some(Spread { median: 3, min: 1, max: 9 }));
    }
}
