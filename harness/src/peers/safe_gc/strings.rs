//! One rooted object has all lines.

use rand::RngExt;
use safe_gc::{Collector, Gc, Heap, Trace};

use crate::workloads::strings::{BATCH, EDITS_PER_LINE, Edit, WORDS};
use crate::workloads::{Checksum, Parameters, batches};

struct Line(String);

impl Trace for Line {
    fn trace(&self, _: &mut Collector) {}
}

struct Text {
    lines: Vec<Gc<Line>>,
}

impl Trace for Text {
    fn trace(&self, collector: &mut Collector) {
        self.lines.iter().for_each(|&line| collector.edge(line));
    }
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let lines = parameters.scale;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut heap = Heap::new();
    let text = heap.alloc(Text { lines: Vec::with_capacity(lines) });
    for index in 0..lines {
        let line = heap.alloc(Line(WORDS[index % WORDS.len()].to_owned()));
        heap[&text].lines.push(line.unrooted());
    }

    for batch in batches(lines * EDITS_PER_LINE, BATCH) {
        let mut equal = 0;
        for _ in 0..batch {
            let index = random.random_range(0..lines);
            let old = &heap[heap[&text].lines[index]].0;
            let new = match Edit::random(old, lines, &mut random) {
                Edit::New(line) => {
                    equal += u64::from(*old == line);
                    let line = Line(line.into_owned());
                    heap.alloc(line).unrooted()
                }
                Edit::Other(other) => {
                    let other = heap[&text].lines[other];
                    equal += u64::from(*old == heap[other].0);
                    other
                }
            };
            heap[&text].lines[index] = new;
        }
        checksum.add(equal);
    }

    heap[&text].lines.iter().for_each(|&line| checksum.add_str(&heap[line].0));
    checksum
}
