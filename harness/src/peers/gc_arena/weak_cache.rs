//! Both tables are in the root.

use gc_arena::{Collect, Gc, GcWeak, Mutation, Rootable, Static};
use rand::RngExt;

use crate::workloads::weak_cache::{BATCH, Page, REQUESTS_PER_PAGE, USED_ONE_IN};
use crate::workloads::{Checksum, Parameters, batches};

type PageRef<'gc> = Gc<'gc, Static<Page>>;

#[derive(Collect)]
#[collect(no_drop)]
struct Cache<'gc> {
    /// By page number.
    known: Vec<Option<GcWeak<'gc, Static<Page>>>>,
    /// The pages that were asked for last, in no order.
    used: Vec<Option<PageRef<'gc>>>,
}

impl<'gc> Cache<'gc> {
    fn new(pages: usize) -> Self {
        Cache { known: vec![None; pages], used: vec![None; pages.div_ceil(USED_ONE_IN)] }
    }

    fn get(&mut self, mc: &Mutation<'gc>, number: usize) -> PageRef<'gc> {
        let known = self.known[number];
        known.and_then(|page| page.upgrade(mc)).unwrap_or_else(|| {
            let page = Gc::new(mc, Static(Page::new(number as u64)));
            self.known[number] = Some(Gc::downgrade(page));
            page
        })
    }
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let pages = parameters.scale;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut arena = super::arena::<Rootable!['gc => Cache<'gc>]>(|_| Cache::new(pages));

    for batch in batches(pages * REQUESTS_PER_PAGE, BATCH) {
        let sum = arena.mutate_root(|mc, cache| {
            let mut sum = 0_u64;
            for _ in 0..batch {
                let page = cache.get(mc, random.random_range(0..pages));
                let word = page.words[random.random_range(0..page.words.len())];
                sum = sum.rotate_left(1).wrapping_add(word ^ page.number);
                let place = random.random_range(0..cache.used.len());
                cache.used[place] = Some(page);
            }
            sum
        });
        arena.collect_debt();
        checksum.add(sum);
    }

    arena.mutate(|_, cache| {
        let numbers = cache.used.iter().map(|page| page.map_or(0, |page| page.number + 1));
        checksum.extend(numbers);
    });
    checksum
}
