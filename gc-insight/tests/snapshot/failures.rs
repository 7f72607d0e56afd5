//! A file that cannot be written.

use std::io::{self, ErrorKind, Write};

use gc_core::{Arena, Gc, NullCollector, Rootable};
use gc_insight::snapshot::{DotError, Snapshot};

use crate::heaps::with_random_heap;

/// A disk with so many bytes left.
struct Disk(usize);

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match bytes.len().min(self.0) {
            0 if !bytes.is_empty() => Err(ErrorKind::StorageFull.into()),
            len => {
                self.0 -= len;
                Ok(len)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_an_error_wherever_it_is_met() {
    with_random_heap::<NullCollector>(6, |heap| {
        let snapshot = Snapshot::of(heap);
        type Job<'j> = (&'j str, &'j dyn Fn(&mut dyn Write) -> io::Result<()>);
        let jobs: [Job<'_>; 3] = [
            ("heapsnapshot", &|out| snapshot.write_heapsnapshot(out)),
            ("json lines", &|out| snapshot.write_json_lines(out)),
            ("dot", &|out| match snapshot.write_dot(out, 1000) {
                Err(DotError::Io(error)) => Err(error),
                result => {
                    result.expect("it is small");
                    Ok(())
                }
            }),
        ];
        for (name, job) in jobs {
            let mut whole = Vec::new();
            job(&mut whole).expect("memory can be written to");
            job(&mut Disk(whole.len())).expect("it is just large enough");
            for size in (0..whole.len()).step_by(97) {
                let error = job(&mut Disk(size)).expect_err(name);
                assert_eq!(error.kind(), ErrorKind::StorageFull, "{name} at {size}");
            }
            assert!(job(&mut Disk(whole.len() - 1)).is_err(), "{name}");
        }
    });
}

/// A disk that fails once, at its so many-th write, and then works again.
struct Hiccup(usize);

impl Write for Hiccup {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let is_now = self.0 == 0;
        self.0 = self.0.wrapping_sub(1);
        if is_now { Err(ErrorKind::StorageFull.into()) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_error_is_not_forgotten_when_the_disk_works_again() {
    // Roots and references, each more than a buffer.
    type Pair<'gc> = (Gc<'gc, u32>, Gc<'gc, u32>);
    type Root = Rootable![Vec<Gc<'_, Pair<'_>>>];
    let mut arena: Arena<Root, NullCollector> = Arena::new(|mc| {
        let number = Gc::new(mc, 1);
        (0..1000).map(|_| Gc::new(mc, (number, number))).collect()
    });
    arena.inspect(|heap, _| {
        let snapshot = Snapshot::of(heap);
        for place in 0..5 {
            assert!(snapshot.write_heapsnapshot(Hiccup(place)).is_err());
            assert!(snapshot.write_json_lines(Hiccup(place)).is_err());
            assert!(snapshot.write_dot(Hiccup(place), 2000).is_err());
        }
    });
}
