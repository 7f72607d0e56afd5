//! Every link is a `Lock`. The cache is the root and takes part through `mutate_root`, so that only
//! the entries need barriers.

use gc_arena::barrier::unlock;
use gc_arena::lock::Lock;
use gc_arena::{Collect, Gc, Mutation, Rootable};

use crate::workloads::lru::{BATCH, KEYS_PER_ENTRY, LOOKUPS_PER_ENTRY, bucket_of, random_key};
use crate::workloads::{Checksum, Parameters, batches};

type EntryRef<'gc> = Gc<'gc, Entry<'gc>>;
type Link<'gc> = Option<EntryRef<'gc>>;

#[derive(Collect)]
#[collect(no_drop)]
struct Entry<'gc> {
    key: u64,
    value: u64,
    newer: Lock<Link<'gc>>,
    older: Lock<Link<'gc>>,
    next_in_bucket: Lock<Link<'gc>>,
}

#[derive(Collect)]
#[collect(no_drop)]
struct Cache<'gc> {
    buckets: Vec<Link<'gc>>,
    newest: Link<'gc>,
    oldest: Link<'gc>,
    length: usize,
    capacity: usize,
}

impl<'gc> Cache<'gc> {
    fn new(capacity: usize) -> Self {
        let buckets = vec![None; capacity.next_power_of_two()];
        Cache { buckets, newest: None, oldest: None, length: 0, capacity }
    }

    fn bucket(&self, key: u64) -> usize {
        bucket_of(key, self.buckets.len())
    }

    fn find(&self, key: u64) -> Link<'gc> {
        let first = self.buckets[self.bucket(key)];
        std::iter::successors(first, |entry| entry.next_in_bucket.get())
            .find(|entry| entry.key == key)
    }

    /// The value of a key; if it is not cached, `make` makes it.
    fn get_or_insert(
        &mut self,
        mc: &Mutation<'gc>,
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
        let next_in_bucket = Lock::new(self.buckets[bucket]);
        let (newer, older) = (Lock::new(None), Lock::new(None));
        let entry = Gc::new(mc, Entry { key, value: make(), newer, older, next_in_bucket });
        self.buckets[bucket] = Some(entry);
        self.link_newest(mc, entry);
        self.length += 1;
        entry
    }

    fn evict(&mut self, mc: &Mutation<'gc>, victim: EntryRef<'gc>) {
        self.unlink(mc, victim);
        let bucket = self.bucket(victim.key);
        let mut before: Link<'gc> = None;
        let mut here = self.buckets[bucket];
        while let Some(entry) = here {
            if Gc::ptr_eq(entry, victim) {
                let after = entry.next_in_bucket.get();
                match before {
                    Some(before) => {
                        unlock!(Gc::write(mc, before), Entry, next_in_bucket).set(after)
                    }
                    None => self.buckets[bucket] = after,
                }
                break;
            }
            before = here;
            here = entry.next_in_bucket.get();
        }
        self.length -= 1;
    }

    fn link_newest(&mut self, mc: &Mutation<'gc>, entry: EntryRef<'gc>) {
        let second = self.newest.replace(entry);
        unlock!(Gc::write(mc, entry), Entry, older).set(second);
        match second {
            Some(second) => unlock!(Gc::write(mc, second), Entry, newer).set(Some(entry)),
            None => self.oldest = Some(entry),
        }
    }

    fn unlink(&mut self, mc: &Mutation<'gc>, entry: EntryRef<'gc>) {
        let (newer, older) = (entry.newer.get(), entry.older.get());
        match newer {
            Some(newer) => unlock!(Gc::write(mc, newer), Entry, older).set(older),
            None => self.newest = older,
        }
        match older {
            Some(older) => unlock!(Gc::write(mc, older), Entry, newer).set(newer),
            None => self.oldest = newer,
        }
        // Nothing is adopted by `take`, so it has no barrier.
        entry.newer.take();
        entry.older.take();
    }
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let capacity = parameters.scale;
    let keys = (capacity * KEYS_PER_ENTRY) as u64;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut arena = super::arena::<Rootable!['gc => Cache<'gc>]>(|_| Cache::new(capacity));

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
        arena.collect_debt();
        checksum.add(sum);
    }

    checksum.add(misses);
    arena.mutate(|_, cache| {
        let entries = std::iter::successors(cache.newest, |entry| entry.older.get());
        checksum.extend(entries.map(|entry| entry.key));
        let entries = std::iter::successors(cache.oldest, |entry| entry.newer.get());
        checksum.extend(entries.map(|entry| entry.value));
        checksum.add(cache.length as u64);
    });
    checksum
}
