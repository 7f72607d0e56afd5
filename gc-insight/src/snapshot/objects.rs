//! The objects of a heap with a number each, and which of them are reachable.

use std::collections::HashMap;

use gc_core::{AnyGc, HeapView};

/// What a file says of an object as a whole is asked of the heap; this is what has to be found first.
///
/// A few bits and a word for each object, and as much for each entry of a weak map; of references
/// there is no list.
pub(super) struct Objects<'gc> {
    numbers: HashMap<AnyGc<'gc>, u32>,
    /// The keys of weak maps, by number, and the values that they keep; sorted.
    weak_values: Vec<(u32, AnyGc<'gc>)>,
    reachable: Bits,
    /// See [`unreachable`](Objects::unreachable).
    unreachable: Vec<AnyGc<'gc>>,
}

impl<'gc> Objects<'gc> {
    pub(super) fn of(heap: &HeapView<'gc>) -> Objects<'gc> {
        let numbers: HashMap<_, _> = heap.objects().zip(0..).collect();
        let mut weak_values = Vec::new();
        heap.for_each_weak_value(|key, value| weak_values.push((numbers[&key], value)));
        weak_values.sort_by_key(|&(key, _)| key);
        let reachable = Bits::new(numbers.len());
        let mut objects = Objects { numbers, weak_values, reachable, unreachable: Vec::new() };

        let mut reached = Bits::new(objects.len());
        heap.for_each_root(|_, object| objects.reach(heap, object, &mut reached));
        objects.reachable = reached.clone();
        objects.find_unreachable(heap, reached);
        objects
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The place of an object among [`HeapView::objects`], from 0.
    pub(super) fn number(&self, object: AnyGc<'gc>) -> u32 {
        self.numbers[&object]
    }

    /// Whether something outside of the heap keeps the object.
    ///
    /// A value of a weak map is taken to be kept by its key alone.
    pub(super) fn is_reachable(&self, object: AnyGc<'gc>) -> bool {
        self.reachable.has(self.number(object))
    }

    /// Unreachable objects from which all others of them are reached, as few as there can be: none of
    /// them leads to another.
    pub(super) fn unreachable(&self) -> &[AnyGc<'gc>] {
        &self.unreachable
    }

    /// The values that weak maps hold as long as an object lives.
    pub(super) fn weak_values(&self, key: AnyGc<'gc>) -> impl Iterator<Item = AnyGc<'gc>> {
        let values = if self.weak_values.is_empty() {
            &[]
        } else {
            let key = self.number(key);
            let first = self.weak_values.partition_point(|&(other, _)| other < key);
            let behind = self.weak_values.partition_point(|&(other, _)| other <= key);
            &self.weak_values[first..behind]
        };
        values.iter().map(|&(_, value)| value)
    }

    /// Adds an object to a set, and what is reached from it by way of objects that are not in the set.
    fn reach(&self, heap: &HeapView<'gc>, from: AnyGc<'gc>, reached: &mut Bits) {
        let mut pending = Vec::new();
        pending.extend(reached.add(self.number(from)).then_some(from));
        while let Some(object) = pending.pop() {
            for target in heap.referents(object).chain(self.weak_values(object)) {
                pending.extend(reached.add(self.number(target)).then_some(target));
            }
        }
    }

    /// Finds where what was not reached begins.
    ///
    /// Going through all objects, and from each that was not met to what it leads to, gives a list of
    /// starts, and no later one is reached from an earlier. Of these, from the last on, those are kept
    /// that were not met from one behind. So no start is reached from another.
    fn find_unreachable(&mut self, heap: &HeapView<'gc>, reached: Bits) {
        let mut starts = Vec::new();
        let mut met = reached.clone();
        for object in heap.objects() {
            if !met.has(self.number(object)) {
                starts.push(object);
                self.reach(heap, object, &mut met);
            }
        }
        met = reached;
        for object in starts.into_iter().rev() {
            if !met.has(self.number(object)) {
                self.unreachable.push(object);
                self.reach(heap, object, &mut met);
            }
        }
    }
}

/// A set of numbers, by bits.
#[derive(Clone)]
struct Bits(Vec<u64>);

impl Bits {
    fn new(len: usize) -> Bits {
        Bits(vec![0; len.div_ceil(64)])
    }

    fn has(&self, number: u32) -> bool {
        self.0[number as usize / 64] & (1 << (number % 64)) != 0
    }

    /// Puts a number in; whether it was not there.
    fn add(&mut self, number: u32) -> bool {
        let is_new = !self.has(number);
        self.0[number as usize / 64] |= 1 << (number % 64);
        is_new
    }
}
