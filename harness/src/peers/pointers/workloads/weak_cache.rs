//! See `workloads::weak_cache`. Not in the table of contents, because not every peer has weak
//! references.

use rand::RngExt;

use super::{Gc, Weak, collect, downgrade, safepoint, set_up};
use crate::workloads::weak_cache::{BATCH, Page, REQUESTS_PER_PAGE, USED_ONE_IN};
use crate::workloads::{Checksum, Parameters, batches};

untraced!(Page);

struct Cache {
    /// By page number.
    known: Vec<Option<Weak<Page>>>,
    /// The pages that were asked for last, in no order.
    used: Vec<Option<Gc<Page>>>,
}

impl Cache {
    fn get(&mut self, number: usize) -> Gc<Page> {
        if let Some(page) = self.known[number].as_ref().and_then(Weak::upgrade) {
            return page;
        }
        let page = Gc::new(Page::new(number as u64));
        self.known[number] = Some(downgrade(&page));
        page
    }
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    set_up();
    let pages = parameters.scale;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut cache = Cache {
        known: (0..pages).map(|_| None).collect(),
        used: (0..pages.div_ceil(USED_ONE_IN)).map(|_| None).collect(),
    };

    for batch in batches(pages * REQUESTS_PER_PAGE, BATCH) {
        let mut sum = 0_u64;
        for _ in 0..batch {
            let page = cache.get(random.random_range(0..pages));
            let word = page.words[random.random_range(0..page.words.len())];
            sum = sum.rotate_left(1).wrapping_add(word ^ page.number);
            let place = random.random_range(0..cache.used.len());
            cache.used[place] = Some(page);
        }
        checksum.add(sum);
        safepoint(0);
    }

    checksum.extend(cache.used.iter().map(|page| page.as_ref().map_or(0, |page| page.number + 1)));
    drop(cache);
    collect();
    checksum
}
