//! A slab: the entries are in a `Vec`, and find each other by their indices. The entry that is
//! evicted makes room for the new one.

use crate::workloads::lru::{BATCH, KEYS_PER_ENTRY, LOOKUPS_PER_ENTRY, bucket_of, random_key};
use crate::workloads::{Checksum, Parameters, batches};

/// The place of an entry in the slab.
type Index = u32;

/// No entry.
const NONE: Index = Index::MAX;

struct Entry {
    key: u64,
    value: u64,
    newer: Index,
    older: Index,
    next_in_bucket: Index,
}

struct Cache {
    entries: Vec<Entry>,
    buckets: Vec<Index>,
    newest: Index,
    oldest: Index,
    capacity: usize,
}

impl Cache {
    fn new(capacity: usize) -> Self {
        Cache {
            entries: Vec::with_capacity(capacity),
            buckets: vec![NONE; capacity.next_power_of_two()],
            newest: NONE,
            oldest: NONE,
            capacity,
        }
    }

    fn entry(&self, index: Index) -> Option<&Entry> {
        // `NONE` is beyond the end of every slab.
        self.entries.get(index as usize)
    }

    fn bucket(&self, key: u64) -> usize {
        bucket_of(key, self.buckets.len())
    }

    fn find(&self, key: u64) -> Option<Index> {
        let mut index = self.buckets[self.bucket(key)];
        while let Some(entry) = self.entry(index) {
            if entry.key == key {
                return Some(index);
            }
            index = entry.next_in_bucket;
        }
        None
    }

    /// The value of a key; if it is not cached, `make` makes it.
    fn get_or_insert(&mut self, key: u64, make: impl FnOnce() -> u64) -> u64 {
        if let Some(index) = self.find(key) {
            self.unlink(index);
            self.link_newest(index);
            return self.entries[index as usize].value;
        }
        let bucket = self.bucket(key);
        let value = make();
        let mut entry = Entry { key, value, newer: NONE, older: NONE, next_in_bucket: NONE };
        let index = if self.entries.len() == self.capacity {
            let index = self.oldest;
            self.evict(index);
            entry.next_in_bucket = self.buckets[bucket];
            self.entries[index as usize] = entry;
            index
        } else {
            entry.next_in_bucket = self.buckets[bucket];
            self.entries.push(entry);
            (self.entries.len() - 1) as Index
        };
        self.buckets[bucket] = index;
        self.link_newest(index);
        value
    }

    /// Takes an entry out of the lists; its place can be used again.
    fn evict(&mut self, victim: Index) {
        self.unlink(victim);
        let Entry { key, next_in_bucket, .. } = self.entries[victim as usize];
        let bucket = self.bucket(key);
        let (mut before, mut here) = (NONE, self.buckets[bucket]);
        while here != victim {
            before = here;
            here = self.entries[here as usize].next_in_bucket;
        }
        match self.entries.get_mut(before as usize) {
            Some(before) => before.next_in_bucket = next_in_bucket,
            None => self.buckets[bucket] = next_in_bucket,
        }
    }

    fn link_newest(&mut self, index: Index) {
        let second = std::mem::replace(&mut self.newest, index);
        let entry = &mut self.entries[index as usize];
        (entry.newer, entry.older) = (NONE, second);
        match self.entries.get_mut(second as usize) {
            Some(second) => second.newer = index,
            None => self.oldest = index,
        }
    }

    fn unlink(&mut self, index: Index) {
        let Entry { newer, older, .. } = self.entries[index as usize];
        match self.entries.get_mut(newer as usize) {
            Some(newer) => newer.older = older,
            None => self.newest = older,
        }
        match self.entries.get_mut(older as usize) {
            Some(older) => older.newer = newer,
            None => self.oldest = newer,
        }
    }
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let capacity = parameters.scale;
    let keys = (capacity * KEYS_PER_ENTRY) as u64;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut cache = Cache::new(capacity);

    let mut misses = 0;
    for batch in batches(capacity * LOOKUPS_PER_ENTRY, BATCH) {
        let mut sum = 0_u64;
        for _ in 0..batch {
            let key = random_key(keys, &mut random);
            let value = cache.get_or_insert(key, || {
                misses += 1;
                key ^ misses
            });
            sum = sum.wrapping_add(value);
        }
        checksum.add(sum);
    }

    checksum.add(misses);
    let entries =
        std::iter::successors(cache.entry(cache.newest), |entry| cache.entry(entry.older));
    checksum.extend(entries.map(|entry| entry.key));
    let entries =
        std::iter::successors(cache.entry(cache.oldest), |entry| cache.entry(entry.newer));
    checksum.extend(entries.map(|entry| entry.value));
    checksum.add(cache.entries.len() as u64);
    checksum
}
