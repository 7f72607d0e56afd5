//! Sampling of allocations: which object is noted, and with what weight.
//!
//! The bytes that are allocated are numbered, and some are picked: each with the same probability and
//! independent of the others, so that the distances between them are distributed exponentially. An
//! object that has a picked byte is sampled. One of `s` bytes is so with the probability `1 - exp(-s/d)`
//! where `d` is the mean distance, and stands for the inverse of that many: then all sums are unbiased
//! (Horvitz and Thompson, "A generalization of sampling without replacement from a finite universe",
//! 1952).
//!
//! Note [Limit]: what is allocated in front of the next picked byte need not look at any of this. The
//! region that is allocated into ends there as far as the fast path can see (`limit`), so allocation
//! costs the same whether there is sampling or not; the slow path finds that there is room, and takes a
//! sample. (The thread-local buffers of Java's heap sampling do the same, JEP 331.)
//!
//! Note [Births]: an object that is being allocated has no header yet, and gets one without flags. So
//! its sample is kept aside, and put into the table when the next is taken, and in front of everything
//! that looks at samples or at flags.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::hash::BuildHasher;
use core::panic::Location;
use core::ptr;

use fastrand::Rng;
use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

use super::{Descriptor, Heap, ObjectRef};
use crate::id::IdTable;
use crate::profile::{AllocationProfile, AllocationSite, Estimate, Sampling, SiteProfile};

/// What is about to be allocated.
#[derive(Clone, Copy)]
pub(super) struct Birth {
    pub(super) descriptor: &'static Descriptor,
    pub(super) location: &'static Location<'static>,
    /// Header included.
    pub(super) bytes: usize,
}

/// An object that was sampled, of all that are like it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    site: u32,
    /// What the object stands for.
    weight: Estimate,
}

/// The peak is noted anew when it has grown by this share, as a divisor.
const PEAK_DIVISOR: usize = 20;

pub(crate) struct Sampler {
    /// The number of the next picked byte; no byte has the last number.
    next: Cell<u64>,
    profiler: RefCell<Option<Box<Profiler>>>,
}

const NEVER: u64 = u64::MAX;

impl Default for Sampler {
    fn default() -> Sampler {
        Sampler { next: Cell::new(NEVER), profiler: RefCell::new(None) }
    }
}

/// What has been sampled so far.
struct Profiler {
    sampling: Sampling,
    rng: Rng,
    sites: Vec<Site>,
    /// The places of sites, found by what they are.
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// See Note [Births].
    newborn: Option<(ObjectRef, Sample)>,
    /// Of the allocation that is about to be sampled.
    stack: Vec<usize>,
    /// Live bytes when the peak was noted last.
    peak_bytes: usize,
}

struct Site {
    /// The compiler may have made several of each: then one site is here twice.
    location: *const Location<'static>,
    descriptor: *const Descriptor,
    site: AllocationSite,
    samples: u64,
    allocated: Estimate,
    peak: Estimate,
}

impl Profiler {
    fn new(sampling: Sampling) -> Profiler {
        Profiler {
            rng: Rng::with_seed(sampling.seed),
            sampling,
            sites: Vec::new(),
            numbers: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            newborn: None,
            stack: Vec::new(),
            peak_bytes: 0,
        }
    }

    /// The number of the next picked byte, when so many are allocated. Nothing here panics: the object that
    /// was sampled just now has no header yet.
    fn pick(&mut self, allocated_bytes: u64) -> u64 {
        if self.sampling.is_exact() {
            return allocated_bytes;
        }
        // In (0, 1], so that the logarithm is finite.
        let uniform = 1.0 - self.rng.f64();
        let distance = -libm::log(uniform) * self.sampling.interval_bytes() as f64;
        allocated_bytes.saturating_add(distance as u64).min(NEVER - 1)
    }

    /// What an object of this size stands for if it was sampled.
    fn weight(&self, bytes: usize) -> Estimate {
        let bytes = bytes as f64;
        let probability = match self.sampling.is_exact() {
            true => 1.0,
            false => -libm::expm1(-bytes / self.sampling.interval_bytes() as f64),
        };
        Estimate { objects: 1.0 / probability, bytes: bytes / probability }
    }

    /// Counts a sample of what is allocated there, with the stack that was captured.
    fn count(&mut self, birth: Birth) -> Sample {
        let weight = self.weight(birth.bytes);
        let Profiler { sites, numbers, hasher, stack, .. } = self;
        let (location, descriptor) =
            (ptr::from_ref(birth.location), ptr::from_ref(birth.descriptor));
        let hash = |location, descriptor, stack: &[usize]| {
            hasher.hash_one::<(*const Location<'_>, *const Descriptor, _)>((
                location, descriptor, stack,
            ))
        };
        let is_same = |&number: &u32| {
            let site = &sites[number as usize];
            (site.location, site.descriptor, site.site.stack()) == (location, descriptor, &**stack)
        };
        let hash_of = |&number: &u32| {
            let site = &sites[number as usize];
            hash(site.location, site.descriptor, site.site.stack())
        };
        let number = match numbers.entry(hash(location, descriptor, stack), is_same, hash_of) {
            Entry::Occupied(number) => *number.get(),
            Entry::Vacant(vacant) => {
                let number = sites.len() as u32;
                vacant.insert(number);
                let stack: Arc<[usize]> = stack.as_slice().into();
                let type_name = birth.descriptor.type_name();
                sites.push(Site {
                    location,
                    descriptor,
                    site: AllocationSite::new(birth.location, type_name, stack),
                    samples: 0,
                    allocated: Estimate::default(),
                    peak: Estimate::default(),
                });
                number
            }
        };
        let site = &mut sites[number as usize];
        site.samples += 1;
        site.allocated += weight;
        Sample { site: number, weight }
    }
}

impl Heap {
    /// Whether allocations are sampled.
    #[inline(always)]
    pub(crate) fn is_sampling(&self) -> bool {
        self.sampler.next.get() != NEVER
    }

    /// Starts anew, or ends.
    pub(crate) fn set_sampling(&mut self, sampling: Option<Sampling>) {
        self.ids().forget_samples();
        let mut profiler = sampling.map(|sampling| Box::new(Profiler::new(sampling)));
        let (_, allocated_bytes) = self.allocated();
        let next = profiler.as_mut().map(|profiler| profiler.pick(allocated_bytes));
        self.sampler.next.set(next.unwrap_or(NEVER));
        self.sampler.profiler = RefCell::new(profiler);
        self.is_observed = self.settings.is_checked() || self.is_sampling();
        self.note_limit();
        self.limit_region();
    }

    /// Notes whether allocation has to turn slow anywhere: see Note [Limit].
    fn note_limit(&self) {
        self.is_limited.set(self.is_sampling() || self.until_failure.get() > 0);
    }

    /// Has allocation turn slow at the next picked byte: see Note [Limit]. At once, if an allocation is
    /// to fail: then all are counted.
    #[cold]
    pub(super) fn limit_region(&self) {
        if self.until_failure.get() > 0 {
            return self.limit.set(self.cursor.get());
        }
        let (begin, end) = (self.begin.get(), self.end.get());
        let unpicked_bytes = self.sampler.next.get().saturating_sub(self.allocated_bytes.get());
        let unpicked_bytes = usize::try_from(unpicked_bytes).unwrap_or(usize::MAX);
        let limit = begin.wrapping_add(unpicked_bytes.min(end.addr() - begin.addr()));
        // What was allocated meanwhile is allocated.
        self.limit.set(limit.max(self.cursor.get()));
    }

    /// Counts an allocation; whether it is the one that is to fail.
    fn is_to_fail(&self) -> bool {
        let left = self.until_failure.get();
        self.until_failure.set(left.saturating_sub(1));
        if left == 1 {
            self.note_limit();
            self.limit_region();
        }
        left == 1
    }

    /// Allocates by `reserve`, and takes a sample if a byte of the object is picked. Fails if that is
    /// what [zeal](crate::Zeal::fail_allocation_at) wants.
    #[inline(never)]
    pub(super) fn reserve_limited(
        &self,
        birth: Birth,
        reserve: impl FnOnce() -> Option<ObjectRef>,
    ) -> Option<ObjectRef> {
        if self.is_to_fail() {
            return None;
        }
        let is_picked = self.allocated().1 + birth.bytes as u64 > self.sampler.next.get();
        if is_picked {
            // It may panic, so nothing has begun yet. It does not enter an arena.
            self.capture_stack();
        }
        self.limit.set(self.end.get());
        let object = reserve();
        self.settle_newborn();
        if let Some(profiler) = &mut *self.sampler.profiler.borrow_mut() {
            if let (Some(object), true) = (object, is_picked) {
                profiler.newborn = Some((object, profiler.count(birth)));
            }
            // A byte that was picked of a gap in front of an aligned object is of none.
            let allocated_bytes = self.allocated().1;
            if is_picked || self.sampler.next.get() < allocated_bytes {
                self.sampler.next.set(profiler.pick(allocated_bytes));
            }
        }
        self.limit_region();
        object
    }

    fn capture_stack(&self) {
        if let Some(profiler) = &mut *self.sampler.profiler.borrow_mut()
            && let Some(capture) = profiler.sampling.capture
        {
            profiler.stack.clear();
            capture(&mut profiler.stack);
        }
    }

    /// Puts the last sample into the table: see Note [Births].
    pub(crate) fn settle_newborn(&self) {
        let newborn = self
            .sampler
            .profiler
            .borrow_mut()
            .as_mut()
            .and_then(|profiler| profiler.newborn.take());
        if let Some((object, sample)) = newborn {
            // SAFETY: between its allocation and this there was no safepoint, so it was not reclaimed.
            unsafe { self.ids().add_sample(object, sample) }
        }
    }

    /// At a safepoint, with what is live now: notes what was live at each site, if that is a new peak.
    pub(crate) fn note_peak(&mut self, live_bytes: usize) {
        let Some(profiler) = self.sampler.profiler.get_mut() else { return };
        if live_bytes <= profiler.peak_bytes.saturating_add(profiler.peak_bytes / PEAK_DIVISOR) {
            return;
        }
        profiler.peak_bytes = live_bytes;
        profiler.sites.iter_mut().for_each(|site| site.peak = Estimate::default());
        // SAFETY: made in `new`, freed in `drop`.
        let ids = unsafe { self.ids.as_ref() };
        ids.for_each_sample(|sample| profiler.sites[sample.site as usize].peak += sample.weight);
    }

    /// What is known so far; `None` if allocations are not sampled.
    pub(crate) fn allocation_profile(&self) -> Option<AllocationProfile> {
        self.settle_newborn();
        self.sampler.profile(self.ids())
    }
}

impl Sampler {
    /// What is known so far of the objects with these identities.
    pub(crate) fn profile(&self, ids: &IdTable) -> Option<AllocationProfile> {
        let profiler = self.profiler.borrow();
        let profiler = profiler.as_ref()?;
        let mut live = alloc::vec![Estimate::default(); profiler.sites.len()];
        ids.for_each_sample(|sample| live[sample.site as usize] += sample.weight);
        let sites = profiler.sites.iter().zip(live).map(|(site, live)| SiteProfile {
            site: site.site.clone(),
            samples: site.samples,
            allocated: site.allocated,
            live,
            peak: site.peak,
        });
        Some(AllocationProfile::new(profiler.sampling, sites.collect()))
    }

    /// Where an object was allocated, if it was sampled.
    pub(crate) fn site_of(&self, object: ObjectRef, ids: &IdTable) -> Option<AllocationSite> {
        let sample = ids.sample(object)?;
        let profiler = self.profiler.borrow();
        Some(profiler.as_ref()?.sites[sample.site as usize].site.clone())
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::super::{LARGE_BYTES_MIN, object_bytes};
    use crate::{Arena, Gc, NullCollector, Rootable, Sampling, Trace};

    type Empty = Arena<Rootable![()], NullCollector>;

    #[derive(Trace)]
    #[trace(crate = crate)]
    #[repr(align(64))]
    struct Aligned(u8);

    /// Objects of several sizes, small and large, and of odd alignment.
    fn allocate(arena: &Empty, rounds: usize) {
        arena.enter(|mc, ()| {
            for round in 0..rounds {
                _ = Gc::new(mc, 1_u64);
                _ = Gc::new(mc, [1_u8; 100]);
                _ = Gc::new(mc, Aligned(1));
                if round % 50 == 0 {
                    _ = Gc::slice_from_fn(mc, LARGE_BYTES_MIN, |_| 1_u8);
                }
            }
        });
    }

    #[test]
    fn the_exact_profile_is_exact() {
        let mut arena = Empty::new(|_| ());
        allocate(&arena, 10);
        let before = arena.stats();
        arena.profile_allocations(Some(Sampling::exact()));
        allocate(&arena, 120);
        let profile = arena.allocation_profile().unwrap();
        let counts: Vec<f64> = profile.sites().iter().map(|site| site.allocated.objects).collect();
        assert_eq!(counts, [120.0, 120.0, 120.0, 3.0]);
        for site in profile.sites() {
            assert_eq!((site.allocated, site.samples as f64), (site.live, site.live.objects));
        }
        let bytes: f64 = profile.sites().iter().map(|site| site.allocated.bytes).sum();
        let after = arena.stats();
        // What is left free in front of an aligned object belongs to none.
        let gaps_bytes = 120.0 * 64.0;
        let allocated_bytes = (after.allocated_bytes - before.allocated_bytes) as f64;
        assert!(bytes <= allocated_bytes && allocated_bytes <= bytes + gaps_bytes);

        arena.profile_allocations(None);
        allocate(&arena, 1);
        assert!(arena.allocation_profile().is_none());
    }

    #[test]
    fn estimates_are_unbiased() {
        const SEEDS: u64 = 400;
        let (mut objects, mut bytes, mut samples) = ([0.0; 4], [0.0; 4], 0);
        for seed in 0..SEEDS {
            let mut arena = Empty::new(|_| ());
            arena.profile_allocations(Some(Sampling::every_bytes(3000).seed(seed)));
            allocate(&arena, 100);
            let profile = arena.allocation_profile().unwrap();
            for site in profile.sites() {
                let place = ["u64", "[u8; 100]", "Aligned", "[u8]"]
                    .iter()
                    .position(|name| site.site.type_name().ends_with(name))
                    .unwrap();
                objects[place] += site.allocated.objects / SEEDS as f64;
                bytes[place] += site.allocated.bytes / SEEDS as f64;
                samples += site.samples;
            }
        }
        assert!(samples < SEEDS * 40, "{samples} samples: nearly all objects were noted");
        let array_bytes = object_bytes(size_of::<usize>() + LARGE_BYTES_MIN);
        let sizes = [object_bytes(8), object_bytes(100), object_bytes(64), array_bytes];
        let truth = [100.0, 100.0, 100.0, 2.0].into_iter().zip(sizes.map(|size| size as f64));
        for (place, (count, size_bytes)) in truth.enumerate() {
            // The standard error of a mean over all seeds: one sample stands for about `d/s` objects.
            let weight: f64 = 1.0 / (1.0 - f64::exp(-size_bytes / 3000.0));
            let error = (count * (weight - 1.0) / SEEDS as f64).sqrt();
            let off = (objects[place] - count).abs();
            assert!(
                off < 4.0 * error + 0.1,
                "{place}: {} of {count}, error {error}",
                objects[place]
            );
            assert!((bytes[place] / (objects[place] * size_bytes) - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn the_largest_interval_is_never_over() {
        for seed in 0..20 {
            let mut arena = Empty::new(|_| ());
            allocate(&arena, 1);
            arena.profile_allocations(Some(Sampling::every_bytes(usize::MAX).seed(seed)));
            allocate(&arena, 100);
            assert_eq!(arena.allocation_profile().expect("it was asked for").sites().len(), 0);
        }
    }

    #[test]
    fn what_panics_while_it_captures_has_allocated_nothing() {
        let mut arena = Empty::new(|_| ());
        // SAFETY: it knows of no arena.
        let sampling = unsafe { Sampling::exact().with_stacks(|_| panic!("no stack")) };
        arena.profile_allocations(Some(sampling));
        let before = arena.stats().allocated_bytes;
        let make = || arena.enter(|mc, ()| _ = Gc::new(mc, 1_u64));
        assert!(catch_unwind(AssertUnwindSafe(make)).is_err());
        assert_eq!(arena.stats().allocated_bytes, before);
        arena.profile_allocations(Some(Sampling::exact()));
        allocate(&arena, 10);
        assert_eq!(arena.allocation_profile().unwrap().sites()[0].samples, 10);
        arena.inspect(|heap, ()| assert_eq!(heap.objects().count(), 31));
    }

    #[test]
    fn an_array_that_is_never_finished_is_allocated_and_no_more() {
        let mut arena = Empty::new(|_| ());
        arena.profile_allocations(Some(Sampling::exact()));
        arena.enter(|mc, ()| {
            let make = || {
                Gc::slice_from_fn(mc, 10, |index| {
                    // Allocates while the array is unfinished: that one is put into the table then.
                    _ = Gc::new(mc, index);
                    assert!(index < 5, "no more");
                    index
                })
            };
            assert!(catch_unwind(AssertUnwindSafe(make)).is_err());
        });
        arena.inspect(|heap, ()| {
            assert_eq!(heap.objects().count(), 6);
            assert!(heap.objects().all(|object| heap.allocation_site(object).is_some()));
        });
        assert_eq!(arena.allocation_profile().unwrap().sites().len(), 2);
    }
}
