//! A file that cannot be written.

use std::io::{self, ErrorKind, Write};

use gc_core::NullCollector;
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
