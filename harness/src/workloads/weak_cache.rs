//! A cache of weak references: a page that is still used somewhere is found, any other is made
//! again.
//!
//! How many pages are found differs between collectors, because a page can be found until it is
//! collected; so the answer only contains what the pages say. Most weak references die, and their
//! targets die young.

use gc_core::{Collector, Gc, GcWeak, Lock, Mutation, Rootable, Trace};
use rand::RngExt;

use super::parameters::batches;
use super::{Checksum, Parameters};
use crate::measure::Instruments;

/// Requests per page.
pub(crate) const REQUESTS_PER_PAGE: usize = 64;

/// One in so many pages is in use at the same time.
pub(crate) const USED_ONE_IN: usize = 8;

/// Requests in one `mutate`.
pub(crate) const BATCH: usize = 128;

#[derive(Debug, Trace)]
pub(crate) struct Page {
    pub(crate) number: u64,
    pub(crate) words: [u64; 6],
}

impl Page {
    pub(crate) fn new(number: u64) -> Self {
        let mut word = number;
        let words = [(); 6].map(|()| {
            word = word.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            word
        });
        Page { number, words }
    }
}

#[derive(Debug, Trace)]
struct Cache<'gc> {
    /// By page number.
    known: Gc<'gc, [Lock<Option<GcWeak<'gc, Page>>>]>,
    /// The pages that were asked for last, in no order.
    used: Gc<'gc, [Lock<Option<Gc<'gc, Page>>>]>,
}

impl<'gc> Cache<'gc> {
    fn new(mc: &'gc Mutation<'gc>, pages: usize) -> Self {
        let used = pages.div_ceil(USED_ONE_IN);
        Cache {
            known: Gc::slice_from_fn(mc, pages, |_| Lock::new(None)),
            used: Gc::slice_from_fn(mc, used, |_| Lock::new(None)),
        }
    }

    fn get(&self, mc: &'gc Mutation<'gc>, number: usize) -> Gc<'gc, Page> {
        let known = self.known[number].get();
        known.and_then(|page| page.upgrade(mc)).unwrap_or_else(|| {
            let page = Gc::new(mc, Page::new(number as u64));
            if let Some(place) = Gc::write_at(mc, self.known, number) {
                place.unlock().set(Some(Gc::downgrade(mc, page)));
            }
            page
        })
    }

    fn use_page(&self, mc: &'gc Mutation<'gc>, page: Gc<'gc, Page>, place: usize) {
        if let Some(place) = Gc::write_at(mc, self.used, place) {
            place.unlock().set(Some(page));
        }
    }
}

/// Runs the workload; the scale is the number of pages.
pub fn run<C: Collector + Default>(
    parameters: &Parameters,
    instruments: &mut Instruments,
) -> Checksum {
    let pages = parameters.scale;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut arena =
        instruments.arena::<Rootable!['gc => Cache<'gc>], C>(|mc| Cache::new(mc, pages));

    for batch in batches(pages * REQUESTS_PER_PAGE, BATCH) {
        let sum = arena.mutate(|mc, cache| {
            let mut sum = 0_u64;
            for _ in 0..batch {
                let page = cache.get(mc, random.random_range(0..pages));
                let word = page.words[random.random_range(0..page.words.len())];
                sum = sum.rotate_left(1).wrapping_add(word ^ page.number);
                cache.use_page(mc, page, random.random_range(0..cache.used.len()));
            }
            sum
        });
        checksum.add(sum);
        instruments.tick(&mut arena);
    }

    arena.enter(|_, cache| {
        let numbers = cache.used.iter().map(|page| page.get().map_or(0, |page| page.number + 1));
        checksum.extend(numbers);
    });
    instruments.retire(arena);
    checksum
}
