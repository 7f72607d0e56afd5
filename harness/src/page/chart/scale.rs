//! From values to places: [`Scale`], and the values that an axis names: [`Ticks`].

use crate::report::{bytes, duration};

/// How values become places on an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::page) enum Scale {
    /// Equal steps for equal differences, from 0 to the value.
    Linear {
        /// The greatest value.
        max: f64,
    },
    /// Equal steps for equal ratios.
    Log {
        /// The least value; greater than 0.
        min: f64,
        /// The greatest value.
        max: f64,
    },
    /// Equal steps for one more nine: 0 %, 90 %, 99 %, 99.9 % and so on, up to so many nines.
    Nines {
        /// The greatest number of nines.
        max: f64,
    },
}

impl Scale {
    /// A linear scale up to a value; not an empty one, be it 0.
    pub(in crate::page) fn linear(max: f64) -> Scale {
        Scale::Linear { max: if max > 0.0 { max } else { 1.0 } }
    }

    /// A scale of whole decades that holds all values that are greater than 0.
    pub(in crate::page) fn log(values: impl Iterator<Item = f64>) -> Scale {
        let (min, max) = values
            .filter(|value| *value > 0.0 && value.is_finite())
            .fold((f64::INFINITY, 0.0_f64), |(min, max), value| (min.min(value), max.max(value)));
        if min > max {
            return Scale::Log { min: 1.0, max: 10.0 };
        }
        let min = 10_f64.powf(min.log10().floor());
        let max = 10_f64.powf(max.log10().ceil());
        Scale::Log { min, max: max.max(min * 10.0) }
    }

    /// Where a value is: from 0 at the beginning of the axis to 1 at its end.
    pub(in crate::page) fn place(self, value: f64) -> f64 {
        let place = match self {
            Scale::Linear { max } => value / max,
            Scale::Log { min, max } => (value.max(min) / min).log10() / (max / min).log10(),
            Scale::Nines { max } => nines(value).min(max) / max,
        };
        place.clamp(0.0, 1.0)
    }
}

/// How many nines a part of 1 has: 0.99 has two.
fn nines(part: f64) -> f64 {
    -(1.0 - part).max(1e-9).log10()
}

/// What the values of an axis are, for its labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::page) enum Ticks {
    /// Bytes.
    Bytes,
    /// Nanoseconds.
    Nanoseconds,
    /// Parts of 1, in percent.
    Percent,
}

/// About so many values are named on a linear axis.
const LINEAR_TICKS: f64 = 4.0;

impl Ticks {
    /// The values to name on an axis.
    pub(super) fn values(self, scale: Scale) -> Vec<f64> {
        match scale {
            Scale::Linear { max } => {
                let step = self.step(max / LINEAR_TICKS);
                (0..)
                    .map(|n| f64::from(n) * step)
                    .take_while(|value| *value <= max * 1.001)
                    .collect()
            }
            Scale::Log { min, max } => {
                let decades = (max / min).log10().round() as i32;
                // More than seven labels stand too close to each other.
                let every = (decades / 7 + 1) as usize;
                (0..=decades).step_by(every).map(|n| min * 10_f64.powi(n)).collect()
            }
            Scale::Nines { max } => (0..=max as i32).map(|n| 1.0 - 10_f64.powi(-n)).collect(),
        }
    }

    /// A round step that is not less than this.
    fn step(self, least: f64) -> f64 {
        let unit = match self {
            // Powers of two are round in bytes.
            Ticks::Bytes => return 2_f64.powf(least.max(1.0).log2().ceil()),
            Ticks::Nanoseconds | Ticks::Percent => 10_f64.powf(least.log10().floor()),
        };
        let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * unit >= least);
        unit * factor.unwrap_or(10.0)
    }

    /// A value as a person would write it.
    pub(in crate::page) fn label(self, value: f64) -> String {
        match self {
            Ticks::Bytes => bytes(value as u64).to_string(),
            Ticks::Nanoseconds => duration(value.round() as u64).to_string(),
            Ticks::Percent => percent(value),
        }
    }

    /// A round value as an axis has it: without zeros that say nothing.
    pub(super) fn tick_label(self, value: f64) -> String {
        let label = self.label(value);
        match label.split_once(' ') {
            Some((number, unit)) if number.contains('.') => {
                let number = number.trim_end_matches('0').trim_end_matches('.');
                format!("{number} {unit}")
            }
            _ if value == 0.0 => "0".to_owned(),
            _ => label,
        }
    }
}

/// A part of 1: `50 %`, `99.9 %`.
fn percent(part: f64) -> String {
    let text = format!("{:.3}", part * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_go_from_the_beginning_to_the_end_of_the_axis() {
        let linear = Scale::linear(50.0);
        assert_eq!([0.0, 25.0, 50.0, 70.0].map(|value| linear.place(value)), [0.0, 0.5, 1.0, 1.0]);
        let log = Scale::log([3.0, 250.0, 0.0, f64::INFINITY].into_iter());
        assert_eq!(log, Scale::Log { min: 1.0, max: 1000.0 });
        assert_eq!([0.0, 1.0, 1000.0].map(|value| log.place(value)), [0.0, 0.0, 1.0]);
        let nines = Scale::Nines { max: 4.0 };
        assert!((nines.place(0.99) - 0.5).abs() < 1e-9);
        assert_eq!([0.0, 1.0].map(|value| nines.place(value)), [0.0, 1.0]);
    }

    #[test]
    fn a_scale_of_nothing_is_one_all_the_same() {
        assert_eq!(Scale::linear(0.0).place(0.0), 0.0);
        assert!(Scale::log(std::iter::empty()).place(5.0).is_finite());
        // One value that is a power of ten.
        assert_eq!(Scale::log([100.0].into_iter()), Scale::Log { min: 100.0, max: 1000.0 });
    }

    #[test]
    fn ticks_are_round_in_their_unit() {
        let labels = |ticks: Ticks, scale| -> Vec<String> {
            ticks.values(scale).into_iter().map(|value| ticks.tick_label(value)).collect()
        };
        let mib = f64::from(1 << 20);
        assert_eq!(labels(Ticks::Bytes, Scale::linear(5.0 * mib)), ["0", "2 MiB", "4 MiB"]);
        assert_eq!(
            labels(Ticks::Nanoseconds, Scale::linear(1.7e9)),
            ["0", "500 ms", "1 s", "1.5 s"]
        );
        assert_eq!(
            labels(Ticks::Percent, Scale::Nines { max: 3.0 }),
            ["0", "90 %", "99 %", "99.9 %"]
        );
        assert_eq!(
            labels(Ticks::Nanoseconds, Scale::Log { min: 1e3, max: 1e6 }),
            ["1 µs", "10 µs", "100 µs", "1 ms"]
        );
    }
}
