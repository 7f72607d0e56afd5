//! Who allocates what: [`Sampling`] and the [`AllocationProfile`] that comes of it.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::{Add, AddAssign};
use core::panic::Location;

use crate::arena::Arena;
use crate::collector::Collector;
use crate::rootable::{Root, Rootable};
use crate::trace::Trace;

/// Which allocations are noted: see [`Arena::profile_allocations`].
///
/// # Examples
///
/// ```
/// use gc_core::Sampling;
///
/// // One sample for every 512 KiB on average: cheap enough to leave on.
/// assert_eq!(Sampling::default().interval_bytes(), 512 << 10);
/// // Every object: for tests, and for small heaps.
/// assert!(Sampling::exact().is_exact());
/// // Two runs of the same program take the same samples, unless they are told not to.
/// let other = Sampling::every_bytes(64 << 10).seed(7);
/// assert!(!other.is_exact());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Sampling {
    interval_bytes: usize,
    pub(crate) seed: u64,
    pub(crate) capture: Option<fn(&mut Vec<usize>)>,
}

/// Bytes from one sample to the next, on average, unless somebody chooses: what Go takes, too.
const INTERVAL_BYTES: usize = 512 << 10;

impl Default for Sampling {
    fn default() -> Sampling {
        Sampling::every_bytes(INTERVAL_BYTES)
    }
}

impl Sampling {
    /// A sample for so many bytes on average. One byte or none is the same as [`exact`](Sampling::exact).
    ///
    /// See the example of [`Sampling`].
    #[must_use]
    pub const fn every_bytes(interval_bytes: usize) -> Sampling {
        Sampling { interval_bytes, seed: 0, capture: None }
    }

    /// Every object is noted: nothing is estimated, and each allocation costs a few entries in tables.
    ///
    /// See the example of [`Sampling`].
    #[must_use]
    pub const fn exact() -> Sampling {
        Sampling::every_bytes(1)
    }

    /// Takes other samples.
    ///
    /// See the example of [`Sampling`].
    #[must_use]
    pub const fn seed(self, seed: u64) -> Sampling {
        Sampling { seed, ..self }
    }

    /// Notes the call stack of each sample, as the function gives it: the return addresses, that of the
    /// innermost call first. It is called in the middle of an allocation, before the object is made; if it
    /// panics, nothing is allocated.
    ///
    /// `gc_insight::profile::with_stacks` does this, and is safe.
    ///
    /// # Safety
    ///
    /// The function enters no arena, and asks nothing of one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{Arena, Gc, NullCollector, Rootable, Sampling};
    ///
    /// let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// // A library that walks the stack would do it here.
    /// // SAFETY: it knows of no arena.
    /// let sampling = unsafe { Sampling::exact().with_stacks(|stack| stack.extend([20, 10])) };
    /// arena.profile_allocations(Some(sampling));
    /// arena.enter(|mc, ()| _ = Gc::new(mc, 42));
    /// let profile = arena.allocation_profile().expect("it was asked for");
    /// assert_eq!(profile.sites()[0].site.stack(), [20, 10]);
    /// ```
    #[must_use]
    pub const unsafe fn with_stacks(self, capture: fn(&mut Vec<usize>)) -> Sampling {
        Sampling { capture: Some(capture), ..self }
    }

    /// Bytes from one sample to the next, on average.
    ///
    /// See the example of [`Sampling`].
    #[must_use]
    pub const fn interval_bytes(&self) -> usize {
        self.interval_bytes
    }

    /// Whether every object is noted.
    ///
    /// See the example of [`Sampling`].
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        self.interval_bytes <= 1
    }
}

/// Objects and their bytes, estimated from samples. Headers are included.
///
/// # Examples
///
/// ```
/// use gc_core::Estimate;
///
/// let mut sum = Estimate { objects: 1.0, bytes: 16.0 };
/// sum += Estimate { objects: 2.5, bytes: 60.0 };
/// assert_eq!(sum, Estimate { objects: 3.5, bytes: 76.0 });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// The number of objects.
    pub objects: f64,
    /// Bytes in the heap.
    pub bytes: f64,
}

impl Add for Estimate {
    type Output = Estimate;

    fn add(self, other: Estimate) -> Estimate {
        Estimate { objects: self.objects + other.objects, bytes: self.bytes + other.bytes }
    }
}

impl AddAssign for Estimate {
    fn add_assign(&mut self, other: Estimate) {
        *self = *self + other;
    }
}

/// Where objects of a type are made: a line of the program, the type, and the call stack if it was
/// [captured](Sampling::with_stacks).
///
/// Two are equal if all three are.
///
/// See the example of [`Arena::profile_allocations`].
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AllocationSite {
    location: &'static Location<'static>,
    type_name: &'static str,
    stack: Arc<[usize]>,
}

impl AllocationSite {
    pub(crate) fn new(
        location: &'static Location<'static>,
        type_name: &'static str,
        stack: Arc<[usize]>,
    ) -> AllocationSite {
        AllocationSite { location, type_name, stack }
    }

    /// The line that called the library: `Gc::new`, `GcVec::push` or the like.
    ///
    /// See the example of [`Arena::profile_allocations`].
    #[must_use]
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }

    /// The name of the objects' type, as [`AnyGc::type_name`](crate::AnyGc::type_name) has it.
    ///
    /// See the example of [`Arena::profile_allocations`].
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }

    /// The return addresses on the stack, the innermost first; empty unless they were asked for.
    ///
    /// See the example of [`Sampling::with_stacks`].
    #[must_use]
    pub fn stack(&self) -> &[usize] {
        &self.stack
    }
}

impl fmt::Debug for AllocationSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AllocationSite({} at {})", self.type_name, self.location)
    }
}

/// What was allocated at one site.
///
/// See the example of [`Arena::profile_allocations`].
#[derive(Clone, Debug)]
pub struct SiteProfile {
    /// Where.
    pub site: AllocationSite,
    /// How many samples the estimates come from. The standard error of a sum is about its value divided
    /// by the square root of this, if the objects are small.
    pub samples: u64,
    /// All that was ever allocated there since the profile began.
    pub allocated: Estimate,
    /// What of that was not reclaimed.
    pub live: Estimate,
    /// What of that was live when the whole heap was largest, up to 5 % of that, at the end of a safepoint.
    pub peak: Estimate,
}

/// Who has allocated what since [`Arena::profile_allocations`].
///
/// See the example of [`Arena::profile_allocations`].
#[derive(Clone, Debug)]
pub struct AllocationProfile {
    sampling: Sampling,
    sites: Vec<SiteProfile>,
}

impl AllocationProfile {
    /// Sites that the compiler has doubled become one.
    pub(crate) fn new(sampling: Sampling, sites: Vec<SiteProfile>) -> AllocationProfile {
        let mut places = hashbrown::HashMap::new();
        let mut merged: Vec<SiteProfile> = Vec::new();
        for site in sites {
            let place = *places.entry(site.site.clone()).or_insert(merged.len());
            match merged.get_mut(place) {
                None => merged.push(site),
                Some(same) => {
                    same.samples += site.samples;
                    same.allocated += site.allocated;
                    same.live += site.live;
                    same.peak += site.peak;
                }
            }
        }
        AllocationProfile { sampling, sites: merged }
    }

    /// How the samples were taken.
    ///
    /// See the example of [`Arena::profile_allocations`].
    #[must_use]
    pub fn sampling(&self) -> &Sampling {
        &self.sampling
    }

    /// Each site once, in the order of their first samples.
    ///
    /// See the example of [`Arena::profile_allocations`].
    #[must_use]
    pub fn sites(&self) -> &[SiteProfile] {
        &self.sites
    }
}

impl<R, C> Arena<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized + Trace,
    C: Collector,
{
    /// Notes from now on who allocates what; with `None` no more. What was noted before is forgotten.
    ///
    /// When this is off, and between two samples, an allocation costs what it always does: the room up
    /// to the next sample is all that the fast path sees. A sampled object costs an entry in a hash
    /// table, and what a [capture](Sampling::with_stacks) costs; while it is on, each safepoint costs a
    /// little more. Never collects.
    ///
    /// Estimates are unbiased: their expected value is the truth.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{Arena, Gc, GcVec, NullCollector, Rootable, Sampling};
    ///
    /// let mut arena: Arena<Rootable![GcVec<'_, Gc<'_, u64>>], NullCollector> =
    ///     Arena::new(|mc| GcVec::new(mc));
    /// arena.profile_allocations(Some(Sampling::exact()));
    /// let line = line!() + 3;
    /// arena.mutate(|mc, numbers| {
    ///     for number in 0..100 {
    ///         let number = Gc::new(mc, number);
    ///         numbers.push(mc, number);
    ///     }
    /// });
    /// let profile = arena.allocation_profile().expect("it was asked for");
    /// let [numbers, storage] = profile.sites() else { panic!("two lines allocate") };
    /// assert_eq!((numbers.site.location().line(), numbers.site.type_name()), (line, "u64"));
    /// assert_eq!((numbers.samples, numbers.allocated.objects, numbers.live.objects), (100, 100.0, 100.0));
    /// // The vector has grown where an element was pushed.
    /// assert_eq!(storage.site.location().line(), line + 1);
    /// assert!(profile.sampling().is_exact());
    ///
    /// arena.profile_allocations(None);
    /// assert!(arena.allocation_profile().is_none());
    /// ```
    pub fn profile_allocations(&mut self, sampling: Option<Sampling>) {
        self.heap.set_sampling(sampling);
    }

    /// Who has allocated what since [`profile_allocations`](Arena::profile_allocations); `None` if it
    /// was not asked for.
    ///
    /// What is dead is live here until it is reclaimed.
    ///
    /// # Complexity
    ///
    /// O(sites and samples that live).
    ///
    /// # Examples
    ///
    /// See the example of [`profile_allocations`](Arena::profile_allocations).
    #[must_use]
    pub fn allocation_profile(&self) -> Option<AllocationProfile> {
        self.heap.allocation_profile()
    }
}
