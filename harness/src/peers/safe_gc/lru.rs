//! The cache is one rooted object; its entries are reachable from it, so that a `Gc` is enough to
//! hold them.

use std::iter::successors;

use safe_gc::{Collector, Gc, Heap, Root, Trace};

use crate::workloads::lru::{BATCH, KEYS_PER_ENTRY, LOOKUPS_PER_ENTRY, bucket_of, random_key};
use crate::workloads::{Checksum, Parameters, batches};

type Link = Option<Gc<Entry>>;

struct Entry {
    key: u64,
    value: u64,
    newer: Link,
    older: Link,
    next_in_bucket: Link,
}

impl Trace for Entry {
    fn trace(&self, collector: &mut Collector) {
        let links = [self.newer, self.older, self.next_in_bucket];
        links.into_iter().flatten().for_each(|entry| collector.edge(entry));
    }
}

struct Links {
    buckets: Vec<Link>,
    newest: Link,
    oldest: Link,
}

impl Trace for Links {
    fn trace(&self, collector: &mut Collector) {
        let links = self.buckets.iter().chain([&self.newest, &self.oldest]);
        links.flatten().for_each(|&entry| collector.edge(entry));
    }
}

struct Cache {
    heap: Heap,
    links: Root<Links>,
    buckets: usize,
    length: usize,
    capacity: usize,
}

impl Cache {
    fn new(capacity: usize) -> Self {
        let mut heap = Heap::new();
        let buckets = capacity.next_power_of_two();
        let links = heap.alloc(Links { buckets: vec![None; buckets], newest: None, oldest: None });
        Cache { heap, links, buckets, length: 0, capacity }
    }

    fn links(&mut self) -> &mut Links {
        &mut self.heap[&self.links]
    }

    fn bucket(&self, key: u64) -> usize {
        bucket_of(key, self.buckets)
    }

    fn find(&self, key: u64) -> Link {
        let mut link = self.heap[&self.links].buckets[self.bucket(key)];
        while let Some(here) = link {
            let entry = &self.heap[here];
            if entry.key == key {
                return link;
            }
            link = entry.next_in_bucket;
        }
        None
    }

    /// The value of a key; if it is not cached, `make` makes it.
    fn get_or_insert(&mut self, key: u64, make: impl FnOnce() -> u64) -> u64 {
        if let Some(entry) = self.find(key) {
            self.unlink(entry);
            self.link_newest(entry);
            return self.heap[entry].value;
        }
        if self.length == self.capacity
            && let Some(oldest) = self.links().oldest
        {
            self.evict(oldest);
        }
        let value = make();
        let bucket = self.bucket(key);
        let next_in_bucket = self.links().buckets[bucket];
        let entry = self.heap.alloc(Entry { key, value, newer: None, older: None, next_in_bucket });
        self.links().buckets[bucket] = Some(entry.unrooted());
        self.link_newest(entry.unrooted());
        self.length += 1;
        value
    }

    fn evict(&mut self, victim: Gc<Entry>) {
        self.unlink(victim);
        let Entry { key, next_in_bucket, .. } = self.heap[victim];
        let bucket = self.bucket(key);
        let first = self.links().buckets[bucket];
        let mut entries = successors(first, |&entry| self.heap[entry].next_in_bucket);
        match entries.find(|&entry| self.heap[entry].next_in_bucket == Some(victim)) {
            Some(before) => self.heap[before].next_in_bucket = next_in_bucket,
            None => self.links().buckets[bucket] = next_in_bucket,
        }
        self.length -= 1;
    }

    fn link_newest(&mut self, entry: Gc<Entry>) {
        let second = self.links().newest.replace(entry);
        self.heap[entry].older = second;
        match second {
            Some(second) => self.heap[second].newer = Some(entry),
            None => self.links().oldest = Some(entry),
        }
    }

    fn unlink(&mut self, entry: Gc<Entry>) {
        let entry = &mut self.heap[entry];
        let (newer, older) = (entry.newer.take(), entry.older.take());
        match newer {
            Some(newer) => self.heap[newer].older = older,
            None => self.links().newest = older,
        }
        match older {
            Some(older) => self.heap[older].newer = newer,
            None => self.links().oldest = newer,
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
    let Links { newest, oldest, .. } = cache.heap[&cache.links];
    let entries = successors(newest, |&entry| cache.heap[entry].older);
    checksum.extend(entries.map(|entry| cache.heap[entry].key));
    let entries = successors(oldest, |&entry| cache.heap[entry].newer);
    checksum.extend(entries.map(|entry| cache.heap[entry].value));
    checksum.add(cache.length as u64);
    checksum
}
