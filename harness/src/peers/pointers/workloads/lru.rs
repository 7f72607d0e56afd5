//! See `workloads::lru`. The index owns the entries; how the list links them is the peer's: with
//! weak references by `Rc`, which would leak the cycles, with ordinary ones by the others.

use super::{Gc, GcCell, Link, collect, follow, link, safepoint, set_up};
use crate::workloads::lru::{BATCH, KEYS_PER_ENTRY, LOOKUPS_PER_ENTRY, bucket_of, random_key};
use crate::workloads::{Checksum, Parameters, batches};

/// Where a bucket goes on.
type Place = GcCell<Option<Gc<Entry>>>;

traced! {
    struct Entry {
        key: u64,
        value: u64,
        newer: GcCell<Option<Link<Entry>>>,
        older: GcCell<Option<Link<Entry>>>,
        next_in_bucket: Place,
    }
}

struct Cache {
    buckets: Vec<Place>,
    newest: Option<Link<Entry>>,
    oldest: Option<Link<Entry>>,
    length: usize,
    capacity: usize,
}

/// The entry of a key, in a bucket or behind another entry.
fn find(place: &Place, key: u64) -> Option<Gc<Entry>> {
    match &*place.borrow() {
        Some(entry) if entry.key == key => Some(Gc::clone(entry)),
        Some(entry) => find(&entry.next_in_bucket, key),
        None => None,
    }
}

/// Takes the entry of a key out of its bucket.
fn remove(place: &Place, key: u64) -> Option<Gc<Entry>> {
    let here = place.borrow();
    let entry = here.as_ref()?;
    if entry.key != key {
        return remove(&entry.next_in_bucket, key);
    }
    let next = entry.next_in_bucket.borrow_mut().take();
    drop(here);
    std::mem::replace(&mut *place.borrow_mut(), next)
}

impl Cache {
    fn new(capacity: usize) -> Self {
        let buckets = (0..capacity.next_power_of_two()).map(|_| GcCell::new(None)).collect();
        Cache { buckets, newest: None, oldest: None, length: 0, capacity }
    }

    fn bucket(&self, key: u64) -> &Place {
        &self.buckets[bucket_of(key, self.buckets.len())]
    }

    /// The value of a key; if it is not cached, `make` makes it.
    fn get_or_insert(&mut self, key: u64, make: impl FnOnce() -> u64) -> u64 {
        if let Some(entry) = find(self.bucket(key), key) {
            self.unlink(&entry);
            self.link_newest(&entry);
            return entry.value;
        }
        if self.length == self.capacity {
            self.evict();
        }
        let value = make();
        let next = self.bucket(key).borrow_mut().take();
        let entry = Gc::new(Entry {
            key,
            value,
            newer: GcCell::new(None),
            older: GcCell::new(None),
            next_in_bucket: GcCell::new(next),
        });
        self.link_newest(&entry);
        *self.bucket(key).borrow_mut() = Some(entry);
        self.length += 1;
        value
    }

    fn evict(&mut self) {
        let key = self.oldest.as_ref().and_then(follow).map(|oldest| oldest.key);
        if let Some(victim) = key.and_then(|key| remove(self.bucket(key), key)) {
            self.unlink(&victim);
            self.length -= 1;
        }
    }

    fn link_newest(&mut self, entry: &Gc<Entry>) {
        let second = self.newest.replace(link(entry));
        match second.as_ref().and_then(follow) {
            Some(second) => *second.newer.borrow_mut() = Some(link(entry)),
            None => self.oldest = Some(link(entry)),
        }
        *entry.older.borrow_mut() = second;
    }

    fn unlink(&mut self, entry: &Entry) {
        let newer = entry.newer.borrow_mut().take();
        let older = entry.older.borrow_mut().take();
        match newer.as_ref().and_then(follow) {
            Some(newer) => *newer.older.borrow_mut() = older.clone(),
            None => self.newest = older.clone(),
        }
        match older.as_ref().and_then(follow) {
            Some(older) => *older.newer.borrow_mut() = newer,
            None => self.oldest = newer,
        }
    }
}

pub(in crate::peers::pointers) fn run(parameters: &Parameters) -> Checksum {
    set_up();
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
            sum = sum.wrapping_add(cache.get_or_insert(key, || {
                misses += 1;
                key ^ misses
            }));
        }
        checksum.add(sum);
        safepoint(0);
    }

    checksum.add(misses);
    let mut next = cache.newest.clone();
    while let Some(entry) = next.as_ref().and_then(follow) {
        checksum.add(entry.key);
        let older = entry.older.borrow().clone();
        next = older;
    }
    let mut next = cache.oldest.clone();
    while let Some(entry) = next.as_ref().and_then(follow) {
        checksum.add(entry.value);
        let newer = entry.newer.borrow().clone();
        next = newer;
    }
    checksum.add(cache.length as u64);
    drop(cache);
    collect();
    checksum
}
