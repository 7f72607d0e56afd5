//! A cache that forgets what was least recently used: a doubly linked list of entries and an index
//! of buckets.
//!
//! Every hit rewrites half a dozen references between old objects without allocating; every miss
//! makes one entry and drops the oldest. All neighbours in the list form cycles, but an evicted
//! entry is taken out of them first.

use gc_core::{Collector, Gc, Lock, Mutation, Rootable, Trace, unlock};
use rand::RngExt;

use super::parameters::batches;
use super::{Checksum, Parameters, Random};
use crate::measure::Instruments;

/// Look-ups per entry of the cache.
pub(crate) const LOOKUPS_PER_ENTRY: usize = 50;

/// Different keys per entry of the cache.
pub(crate) const KEYS_PER_ENTRY: usize = 2;

/// Look-ups in one `mutate`.
pub(crate) const BATCH: usize = 512;

/// A random key: the smaller of two random numbers, so that low keys are asked for more often.
pub(crate) fn random_key(keys: u64, random: &mut Random) -> u64 {
    random.random_range(0..keys).min(random.random_range(0..keys))
}

/// The bucket of a key. The number of buckets is a power of two.
pub(crate) fn bucket_of(key: u64, buckets: usize) -> usize {
    let bits = buckets.trailing_zeros();
    // Multiplicative hashing takes the high bits; a shift by all 64 would overflow.
    key.wrapping_mul(0x9E37_79B9_7F4A_7C15).checked_shr(64 - bits).unwrap_or(0) as usize
}

type EntryRef<'gc> = Gc<'gc, Entry<'gc>>;
type Link<'gc> = Lock<Option<EntryRef<'gc>>>;

#[derive(Debug, Trace)]
struct Entry<'gc> {
    key: u64,
    value: u64,
    newer: Link<'gc>,
    older: Link<'gc>,
    next_in_bucket: Link<'gc>,
}

/// The root: what is in it needs no barrier.
#[derive(Debug, Trace)]
struct Cache<'gc> {
    buckets: Gc<'gc, [Link<'gc>]>,
    newest: Option<EntryRef<'gc>>,
    oldest: Option<EntryRef<'gc>>,
    length: usize,
    capacity: usize,
}

impl<'gc> Cache<'gc> {
    fn new(mc: &'gc Mutation<'gc>, capacity: usize) -> Self {
        let buckets = Gc::slice_from_fn(mc, capacity.next_power_of_two(), |_| Lock::new(None));
        Cache { buckets, newest: None, oldest: None, length: 0, capacity }
    }

    fn bucket(&self, key: u64) -> usize {
        bucket_of(key, self.buckets.len())
    }

    fn find(&self, key: u64) -> Option<EntryRef<'gc>> {
        let first = self.buckets[self.bucket(key)].get();
        std::iter::successors(first, |entry| entry.next_in_bucket.get())
            .find(|entry| entry.key == key)
    }

    /// The value of a key; if it is not cached, `make` makes it.
    fn get_or_insert(
        &mut self,
        mc: &'gc Mutation<'gc>,
        key: u64,
        make: impl FnOnce() -> u64,
    ) -> EntryRef<'gc> {
        if let Some(entry) = self.find(key) {
            self.unlink(mc, entry);
            self.link_newest(mc, entry);
            return entry;
        }
        if self.length == self.capacity
            && let Some(oldest) = self.oldest
        {
            self.evict(mc, oldest);
        }
        let bucket = self.bucket(key);
        let next_in_bucket = Lock::new(self.buckets[bucket].get());
        let (newer, older) = (Lock::new(None), Lock::new(None));
        let entry = Gc::new(mc, Entry { key, value: make(), newer, older, next_in_bucket });
        self.set_bucket(mc, bucket, Some(entry));
        self.link_newest(mc, entry);
        self.length += 1;
        entry
    }

    fn evict(&mut self, mc: &'gc Mutation<'gc>, victim: EntryRef<'gc>) {
        self.unlink(mc, victim);
        let bucket = self.bucket(victim.key);
        let mut before = None;
        let mut here = self.buckets[bucket].get();
        while let Some(entry) = here {
            if Gc::ptr_eq(entry, victim) {
                let after = entry.next_in_bucket.get();
                match before {
                    Some(before) => {
                        unlock!(Gc::write(mc, before), Entry, next_in_bucket).set(after)
                    }
                    None => self.set_bucket(mc, bucket, after),
                }
                break;
            }
            before = here;
            here = entry.next_in_bucket.get();
        }
        self.length -= 1;
    }

    fn set_bucket(&self, mc: &'gc Mutation<'gc>, bucket: usize, first: Option<EntryRef<'gc>>) {
        if let Some(link) = Gc::write_at(mc, self.buckets, bucket) {
            link.unlock().set(first);
        }
    }

    fn link_newest(&mut self, mc: &'gc Mutation<'gc>, entry: EntryRef<'gc>) {
        let second = self.newest.replace(entry);
        unlock!(Gc::write(mc, entry), Entry, older).set(second);
        match second {
            Some(second) => unlock!(Gc::write(mc, second), Entry, newer).set(Some(entry)),
            None => self.oldest = Some(entry),
        }
    }

    fn unlink(&mut self, mc: &'gc Mutation<'gc>, entry: EntryRef<'gc>) {
        let (newer, older) = (entry.newer.get(), entry.older.get());
        match newer {
            Some(newer) => unlock!(Gc::write(mc, newer), Entry, older).set(older),
            None => self.newest = older,
        }
        match older {
            Some(older) => unlock!(Gc::write(mc, older), Entry, newer).set(newer),
            None => self.oldest = newer,
        }
        unlock!(Gc::write(mc, entry), Entry, newer).set(None);
        unlock!(Gc::write(mc, entry), Entry, older).set(None);
    }
}

/// Runs the workload; the scale is the number of entries of the cache.
pub fn run<C: Collector + Default>(
    parameters: &Parameters,
    instruments: &mut Instruments,
) -> Checksum {
    let capacity = parameters.scale;
    let keys = (capacity * KEYS_PER_ENTRY) as u64;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut arena =
        instruments.arena::<Rootable!['gc => Cache<'gc>], C>(|mc| Cache::new(mc, capacity));

    let mut misses = 0;
    for batch in batches(capacity * LOOKUPS_PER_ENTRY, BATCH) {
        let sum = arena.mutate_root(|mc, cache| {
            let mut sum = 0_u64;
            for _ in 0..batch {
                let key = random_key(keys, &mut random);
                let entry = cache.get_or_insert(mc, key, || {
                    misses += 1;
                    key ^ misses
                });
                sum = sum.wrapping_add(entry.value);
            }
            sum
        });
        checksum.add(sum);
        instruments.tick(&mut arena);
    }

    checksum.add(misses);
    arena.enter(|_, cache| {
        let entries = std::iter::successors(cache.newest, |entry| entry.older.get());
        checksum.extend(entries.map(|entry| entry.key));
        let entries = std::iter::successors(cache.oldest, |entry| entry.newer.get());
        checksum.extend(entries.map(|entry| entry.value));
        checksum.add(cache.length as u64);
    });
    instruments.retire(arena);
    checksum
}
