//! Large objects: that each has its pages, and nobody else has them.

use alloc::format;
use alloc::vec::Vec;

use super::super::chunk::{ChunkKind, PAGES_PER_CHUNK, PageMap};
use super::super::large::METADATA_PAGES;
use super::super::pages::PAGE_BYTES;
use super::super::{CHUNK_BYTES, ObjectRef};
use super::objects::is_large;
use super::{FaultKind, Verifier};

impl Verifier<'_> {
    pub(super) fn check_large(&mut self) {
        let heap = self.heap;
        let large = heap.large.borrow();
        let mature = large.blocks().flat_map(|block| block.mature());
        let young = large.young().iter().copied().filter(|object| !object.is_mature());
        let mut objects: Vec<ObjectRef> = mature.chain(young).collect();
        objects.sort_unstable();
        let [mut run_bytes, mut idle_pages, mut absent_pages] = [0; 3];
        for &chunk in &large.chunks {
            if chunk.kind() != ChunkKind::Large || !chunk.blocks().all(is_large) {
                self.fault(FaultKind::Large, None, "a chunk of large objects is none");
                continue;
            }
            let first = objects.partition_point(|object| object.chunk() < chunk);
            let len = objects[first..].partition_point(|object| object.chunk() == chunk);
            let objects = &objects[first..first + len];
            if chunk.size_bytes() != CHUNK_BYTES {
                run_bytes += objects.iter().map(|&object| self.run_of(object).len()).sum::<usize>()
                    * PAGE_BYTES;
                if objects.len() != 1 {
                    let message = format!("a chunk for one object has {}", objects.len());
                    self.fault(FaultKind::Large, objects.first().copied(), message);
                }
                continue;
            }
            let taken = PageMap::default();
            for &object in objects {
                let run = self.run_of(object);
                if run.end > PAGES_PER_CHUNK || run.clone().any(|page| taken.contains(page)) {
                    self.fault(
                        FaultKind::Large,
                        Some(object),
                        "its pages are another object's, too",
                    );
                    continue;
                }
                if run.clone().any(|page| !chunk.info().pages.contains(page)) {
                    self.fault(FaultKind::Large, Some(object), "its pages are noted as free");
                }
                run_bytes += run.len() * PAGE_BYTES;
                taken.insert(run);
            }
            for page in METADATA_PAGES..PAGES_PER_CHUNK {
                let info = chunk.info();
                let is_absent = info.absent_pages.contains(page);
                if info.pages.contains(page) && !taken.contains(page) {
                    self.fault(
                        FaultKind::Large,
                        None,
                        "a page is noted as taken, and no object is there",
                    );
                }
                if info.pages.contains(page) && is_absent {
                    self.fault(
                        FaultKind::Pages,
                        None,
                        "a page is noted as taken, and as given back",
                    );
                }
                absent_pages += usize::from(is_absent);
                idle_pages += usize::from(!is_absent && !info.pages.contains(page));
            }
        }
        let pool = heap.pool.borrow();
        let other_bytes = run_bytes + heap.external_bytes.get();
        if other_bytes != pool.other_bytes {
            let message = format!(
                "large objects and external memory are {other_bytes} bytes, and {} were counted",
                pool.other_bytes
            );
            self.fault(FaultKind::Large, None, message);
        }
        let counted = (large.idle_pages, pool.residency.large_absent_bytes() / PAGE_BYTES);
        if (idle_pages, absent_pages) != counted {
            let message = format!(
                "{idle_pages} pages between large objects are free and {absent_pages} absent, and {} and \
                 {} were counted",
                counted.0, counted.1
            );
            self.fault(FaultKind::Pages, None, message);
        }
    }
}
