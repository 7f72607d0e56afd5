//! What has changed from one profile to the next: [`Changes`].

use std::collections::BTreeMap;
use std::fmt;

use gc_core::Estimate;

use super::{Measure, Profile, Site};
use crate::text::Bytes;

/// What has changed at each site, the largest change first: see [`Profile::since`].
///
/// It is printed as a table of the first ten.
///
/// See the example of [`Profile`].
#[derive(Clone, Debug, PartialEq)]
pub struct Changes {
    changes: Vec<Change>,
}

/// What has changed at one site.
///
/// See the example of [`Changes::iter`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// The site, as it is now, or as it was if it is gone.
    pub site: Site,
    /// What there was.
    pub before: Estimate,
    /// What there is.
    pub after: Estimate,
}

impl Change {
    /// The difference: negative where there is less now.
    ///
    /// See the example of [`Changes::iter`].
    #[must_use]
    pub fn difference(&self) -> Estimate {
        Estimate {
            objects: self.after.objects - self.before.objects,
            bytes: self.after.bytes - self.before.bytes,
        }
    }
}

impl Profile {
    /// What has changed since an earlier profile of the same program.
    ///
    /// # Complexity
    ///
    /// O(s log s) for s sites.
    ///
    /// # Examples
    ///
    /// See the example of [`Profile`].
    #[must_use]
    pub fn since(&self, before: &Profile, measure: Measure) -> Changes {
        let mut earlier: BTreeMap<_, &Site> =
            before.sites.iter().map(|site| (site.key(), site)).collect();
        let mut changes: Vec<Change> = self
            .sites
            .iter()
            .map(|site| {
                let before = earlier.remove(&site.key());
                Change {
                    site: site.clone(),
                    before: before.map_or_else(Estimate::default, |site| measure.of(site)),
                    after: measure.of(site),
                }
            })
            .collect();
        changes.extend(earlier.into_values().map(|site| Change {
            site: site.clone(),
            before: measure.of(site),
            after: Estimate::default(),
        }));
        changes.retain(|change| change.before != change.after);
        changes.sort_by(|a, b| b.difference().bytes.abs().total_cmp(&a.difference().bytes.abs()));
        Changes { changes }
    }
}

impl Changes {
    /// The changes, the largest in bytes first, whether there is more or less.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{Arena, Gc, NullCollector, Rootable, Sampling};
    /// # use gc_insight::profile::{Measure, Profile};
    /// # let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// arena.profile_allocations(Some(Sampling::exact()));
    /// let before = Profile::from(&arena.allocation_profile().unwrap());
    /// arena.enter(|mc, ()| _ = Gc::new(mc, 1_u64));
    /// let after = Profile::from(&arena.allocation_profile().unwrap());
    /// for change in after.since(&before, Measure::Live).iter() {
    ///     assert_eq!(change.site.line, line!() - 3);
    ///     assert_eq!(change.difference().bytes, 16.0);
    /// }
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter()
    }

    /// The sum of all differences.
    ///
    /// See the example of [`Profile`].
    #[must_use]
    pub fn total(&self) -> Estimate {
        self.changes.iter().fold(Estimate::default(), |sum, change| sum + change.difference())
    }
}

/// So many changes are printed.
const ROWS_MAX: usize = 10;

/// Bytes with a sign.
struct Signed(f64);

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0.0 { '-' } else { '+' };
        f.pad(&format!("{sign}{}", Bytes(self.0.abs().round() as u64)))
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>11}  {:>10}  {:>10}  where", "difference", "objects", "now")?;
        for change in self.changes.iter().take(ROWS_MAX) {
            let (difference, site) = (change.difference(), &change.site);
            writeln!(
                f,
                "{:>11}  {:>+10.0}  {:>10}  {}:{} {}",
                Signed(difference.bytes),
                difference.objects,
                Bytes(change.after.bytes.round() as u64),
                site.file,
                site.line,
                site.type_name,
            )?;
        }
        let more = self.changes.len().saturating_sub(ROWS_MAX);
        if more > 0 {
            writeln!(f, "and {more} more")?;
        }
        write!(f, "{:>11}  {:>+10.0}  in all", Signed(self.total().bytes), self.total().objects)
    }
}
