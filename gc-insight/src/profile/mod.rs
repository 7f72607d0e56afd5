//! Who allocated what, as tables, files and flame graphs.
//!
//! gc-core samples allocations ([`Arena::profile_allocations`](gc_core::Arena::profile_allocations)); a
//! [`Profile`] is what it found, on its own: it can be kept, compared with a later one, written and
//! read.
//!
//! | Python has | here |
//! |---|---|
//! | `tracemalloc.take_snapshot()` | [`Profile::from`] what `Arena::allocation_profile` gives |
//! | `snapshot.compare_to(other)` | [`Profile::since`] |
//! | `snapshot.filter_traces(..)` | [`Profile::filter`] |
//! | `get_traced_memory()`'s peak | [`Measure::Peak`] |
//! | memory_profiler's table of lines | [`Profile::lines`] |
//! | memray's flame graph | [`Profile::write_folded`], `Profile::write_flame_graph` |

mod changes;
mod folded;
mod lines;
#[cfg(feature = "pprof")]
mod pprof;
#[cfg(feature = "backtrace")]
mod stack;

use std::collections::HashMap;

use gc_core::{AllocationProfile, Estimate, SiteProfile};
use serde::{Deserialize, Serialize};

pub use changes::{Change, Changes};
pub use lines::{Line, Lines};
#[cfg(feature = "backtrace")]
pub use stack::with_stacks;

/// Who has allocated what, with the names of everything: independent of the arena.
///
/// Serialized, it is an object with the fields of this type and of [`Site`].
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, NullCollector, Rootable, Sampling};
/// use gc_insight::profile::{Measure, Profile};
///
/// let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
/// arena.profile_allocations(Some(Sampling::exact()));
/// let numbers = |arena: &Arena<Rootable![()], NullCollector>, count| {
///     arena.enter(|mc, ()| (0..count).for_each(|number: u64| _ = Gc::new(mc, number)));
/// };
/// numbers(&arena, 10);
/// let before = Profile::from(&arena.allocation_profile().unwrap());
/// numbers(&arena, 90);
/// let after = Profile::from(&arena.allocation_profile().unwrap());
/// assert_eq!(after.total(Measure::Allocated).objects, 100.0);
/// assert_eq!(after.sites[0].type_name, "u64");
///
/// let changes = after.since(&before, Measure::Allocated);
/// assert_eq!(changes.total().objects, 90.0);
/// // It can be kept in a file.
/// let json = serde_json::to_string(&after).unwrap();
/// assert_eq!(serde_json::from_str::<Profile>(&json).unwrap(), after);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Profile {
    /// Bytes from one sample to the next, on average; 1 or 0 if every object was noted.
    pub interval_bytes: usize,
    /// Each site once.
    pub sites: Vec<Site>,
}

/// Where objects of a type are made, and how many were.
///
/// See the example of [`Profile`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Site {
    /// The source file, as the compiler was given it.
    pub file: String,
    /// The line in it, from 1.
    pub line: u32,
    /// The column in the line, from 1.
    pub column: u32,
    /// The type of the objects, with its path.
    pub type_name: String,
    /// The calls that led there, the outermost first; empty unless stacks were captured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stack: Vec<Frame>,
    /// How many objects were sampled.
    pub samples: u64,
    /// All that was allocated.
    #[serde(with = "EstimateFields")]
    pub allocated: Estimate,
    /// What of it was not reclaimed.
    #[serde(with = "EstimateFields")]
    pub live: Estimate,
    /// What of it was live when the heap was largest.
    #[serde(with = "EstimateFields")]
    pub peak: Estimate,
}

/// A function on the call stack.
///
/// # Examples
///
/// ```
/// # use gc_core::{Arena, Gc, NullCollector, Rootable, Sampling};
/// # use gc_insight::profile::Profile;
/// # let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
/// // With the feature `backtrace` there is `with_stacks` for this.
/// // SAFETY: it knows of no arena.
/// let sampling = unsafe { Sampling::exact().with_stacks(|stack| stack.extend([0x20, 0x10])) };
/// arena.profile_allocations(Some(sampling));
/// arena.enter(|mc, ()| _ = Gc::new(mc, 1));
/// let profile = Profile::from(&arena.allocation_profile().unwrap());
/// // Nobody knows these functions.
/// let functions = profile.sites[0].stack.iter().map(|frame| &*frame.function);
/// assert!(functions.eq(["0x10", "0x20"]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Frame {
    /// The function's name, or its address if there is none.
    pub function: String,
    /// The source file, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// How an [`Estimate`] is serialized.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Estimate")]
struct EstimateFields {
    objects: f64,
    bytes: f64,
}

/// Which of a site's estimates is meant.
///
/// See the example of [`Profile`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Measure {
    /// What was not reclaimed.
    #[default]
    Live,
    /// All that was allocated.
    Allocated,
    /// What was live when the heap was largest.
    Peak,
}

impl Measure {
    /// The measure of a site.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_insight::profile::Measure;
    /// # let json = r#"{"file":"a.rs","line":1,"column":1,"type_name":"u8","samples":1,
    /// #   "allocated":{"objects":2,"bytes":32},"live":{"objects":1,"bytes":16},"peak":{"objects":1,"bytes":16}}"#;
    /// # let site: gc_insight::profile::Site = serde_json::from_str(json).unwrap();
    /// assert_eq!(Measure::Live.of(&site), site.live);
    /// assert_eq!(Measure::Allocated.of(&site).bytes, 32.0);
    /// ```
    #[must_use]
    pub fn of(self, site: &Site) -> Estimate {
        match self {
            Measure::Live => site.live,
            Measure::Allocated => site.allocated,
            Measure::Peak => site.peak,
        }
    }
}

impl From<&AllocationProfile> for Profile {
    /// Gives everything its name. With the feature `backtrace` that reads the program's debug
    /// information for each new address of a stack.
    fn from(profile: &AllocationProfile) -> Profile {
        #[cfg(feature = "backtrace")]
        let mut frames = stack::Frames::default();
        let sites = profile.sites().iter().map(|site| {
            let SiteProfile { site: place, samples, allocated, live, peak } = site;
            #[cfg(feature = "backtrace")]
            let stack = frames.of(place.stack());
            #[cfg(not(feature = "backtrace"))]
            let stack = addresses(place.stack());
            Site {
                file: place.location().file().to_owned(),
                line: place.location().line(),
                column: place.location().column(),
                type_name: place.type_name().to_owned(),
                stack,
                samples: *samples,
                allocated: *allocated,
                live: *live,
                peak: *peak,
            }
        });
        Profile { interval_bytes: profile.sampling().interval_bytes(), sites: sites.collect() }
    }
}

/// A stack of whose functions nothing is known.
#[cfg(not(feature = "backtrace"))]
fn addresses(stack: &[usize]) -> Vec<Frame> {
    let frame = |address| Frame { function: format!("{address:#x}"), file: None, line: None };
    stack.iter().rev().map(frame).collect()
}

impl Profile {
    /// The sites that `keep` approves.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{Arena, Gc, NullCollector, Rootable, Sampling};
    /// # use gc_insight::profile::{Measure, Profile};
    /// # let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// arena.profile_allocations(Some(Sampling::exact()));
    /// arena.enter(|mc, ()| {
    ///     _ = Gc::new(mc, 1_u8);
    ///     _ = Gc::new_str(mc, "text");
    /// });
    /// let profile = Profile::from(&arena.allocation_profile().unwrap());
    /// let texts = profile.filter(|site| site.type_name == "[u8]");
    /// assert_eq!((profile.sites.len(), texts.sites.len()), (2, 1));
    /// ```
    #[must_use]
    pub fn filter(&self, mut keep: impl FnMut(&Site) -> bool) -> Profile {
        let sites = self.sites.iter().filter(|site| keep(site)).cloned().collect();
        Profile { interval_bytes: self.interval_bytes, sites }
    }

    /// Takes in another profile, of another arena say: what both have of a site is added.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{Arena, Gc, NullCollector, Rootable, Sampling};
    /// # use gc_insight::profile::{Measure, Profile};
    /// let run = || {
    ///     let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    ///     arena.profile_allocations(Some(Sampling::exact()));
    ///     arena.enter(|mc, ()| _ = Gc::new(mc, 1_u64));
    ///     Profile::from(&arena.allocation_profile().unwrap())
    /// };
    /// let mut profile = run();
    /// profile.merge(run());
    /// assert_eq!((profile.sites.len(), profile.total(Measure::Live).objects), (1, 2.0));
    /// ```
    pub fn merge(&mut self, other: Profile) {
        self.sites.extend(other.sites);
        self.unite();
    }

    /// Changes the stacks, and makes one site of those that have become the same: to leave out what does
    /// not matter, say.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{Arena, Gc, NullCollector, Rootable, Sampling};
    /// # use gc_insight::profile::Profile;
    /// # let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// // As different as stacks can be.
    /// fn depth(stack: &mut Vec<usize>) {
    ///     thread_local!(static CALLS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) });
    ///     stack.push(CALLS.replace(CALLS.get() + 1));
    /// }
    /// // SAFETY: it knows of no arena.
    /// arena.profile_allocations(Some(unsafe { Sampling::exact().with_stacks(depth) }));
    /// arena.enter(|mc, ()| (0..3).for_each(|number| _ = Gc::new(mc, number)));
    /// let profile = Profile::from(&arena.allocation_profile().unwrap());
    /// assert_eq!(profile.sites.len(), 3);
    /// let short = profile.map_stacks(|stack| stack.clear());
    /// assert_eq!((short.sites.len(), short.sites[0].live.objects), (1, 3.0));
    /// ```
    #[must_use]
    pub fn map_stacks(mut self, mut change: impl FnMut(&mut Vec<Frame>)) -> Profile {
        self.sites.iter_mut().for_each(|site| change(&mut site.stack));
        self.unite();
        self
    }

    /// Adds up what there is of each site.
    fn unite(&mut self) {
        let mut places = HashMap::new();
        for site in std::mem::take(&mut self.sites) {
            let (file, line, column, type_name, stack) = site.key();
            let key = (file.to_owned(), line, column, type_name.to_owned(), stack.to_vec());
            let place = *places.entry(key).or_insert(self.sites.len());
            match self.sites.get_mut(place) {
                None => self.sites.push(site),
                Some(same) => {
                    same.samples += site.samples;
                    same.allocated += site.allocated;
                    same.live += site.live;
                    same.peak += site.peak;
                }
            }
        }
    }

    /// The sum over all sites.
    ///
    /// See the example of [`Profile`].
    #[must_use]
    pub fn total(&self, measure: Measure) -> Estimate {
        self.sites.iter().fold(Estimate::default(), |sum, site| sum + measure.of(site))
    }
}

impl Site {
    /// What makes a site the same in two profiles.
    fn key(&self) -> (&str, u32, u32, &str, &[Frame]) {
        (&self.file, self.line, self.column, &self.type_name, &self.stack)
    }
}
