//! What is in a heap, by type: [`TypeTable`].

use std::collections::HashMap;

use gc_core::{AnyGc, HeapView};

use super::{Look, TypeName};

/// The types of all heaps that were looked at, in the order in which they were found.
#[derive(Debug, Default)]
pub(super) struct TypeTable {
    types: Vec<TypeName>,
    places: HashMap<&'static str, usize>,
}

impl TypeTable {
    fn place(&mut self, object: AnyGc<'_>) -> usize {
        let name = object.type_name();
        *self.places.entry(name).or_insert_with(|| {
            // That a type has a lifetime says nothing here: all have.
            let short = object.short_type_name().to_string().replace("<'_>", "");
            self.types.push(TypeName { name: name.to_owned(), short });
            self.types.len() - 1
        })
    }

    /// Counts what is in a heap.
    pub(super) fn look(&mut self, at_ns: u64, heap: &HeapView<'_>) -> Look {
        let mut look = Look { at_ns, ..Look::default() };
        for object in heap.objects() {
            *self.bytes_of(&mut look, object) += object.size_bytes() as u64;
            look.objects += 1;
        }
        for object in heap.find_garbage().objects() {
            let bytes = object.size_bytes() as u64;
            *self.bytes_of(&mut look, object) -= bytes;
            look.objects -= 1;
            look.garbage_bytes += bytes;
        }
        look
    }

    fn bytes_of<'a>(&mut self, look: &'a mut Look, object: AnyGc<'_>) -> &'a mut u64 {
        let place = self.place(object);
        if look.bytes.len() <= place {
            look.bytes.resize(place + 1, 0);
        }
        &mut look.bytes[place]
    }

    pub(super) fn types(&self) -> &[TypeName] {
        &self.types
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gc_core::{Arena, Gc, NullCollector, Rootable};

    #[test]
    fn what_is_unreachable_is_garbage_and_not_of_its_type() {
        let mut arena =
            Arena::<Rootable![Gc<'_, u64>], NullCollector>::new(|mc| Gc::new(mc, 1_u64));
        arena.mutate(|mc, _| {
            for _ in 0..3 {
                let _ = Gc::new(mc, 2_u64);
            }
            let _ = Gc::new(mc, [0_u64; 9]);
        });
        let mut types = TypeTable::default();
        let look = arena.inspect(|heap, _| types.look(7, heap));
        let size = arena.inspect(|heap, number| {
            (
                AnyGc::from(*number).size_bytes(),
                heap.objects().map(AnyGc::size_bytes).sum::<usize>(),
            )
        });
        assert_eq!(types.types().len(), 2);
        let number = types.places["u64"];
        assert_eq!(look.bytes[number], size.0 as u64);
        assert_eq!(look.reachable_bytes(), size.0 as u64);
        assert_eq!((look.objects, look.at_ns), (1, 7));
        assert_eq!(look.garbage_bytes, (size.1 - size.0) as u64);
    }
}
