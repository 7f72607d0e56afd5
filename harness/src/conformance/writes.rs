//! Every kind of write is seen: what an old object was made to refer to lives on, and what it
//! referred to before does not.
//!
//! ```text
//!   old holder -> old leaf      becomes      old holder -> young leaf      old leaf
//! ```

use std::collections::HashMap;

use gc_core::collector::Collector;
use gc_core::{
    Gc, Lock, Mutation, OnceLock, RefLock, Root, Rootable, SliceWithHeader, Trace, Write, field,
    unlock,
};

use super::trial::{Setting, age, reclaims, settle};
use super::witness::{Token, Witness};

type Leaf<'gc> = Gc<'gc, Token>;

/// Writes a new leaf over the last one, several times, with every age of the holder and with one
/// or two writes in a `mutate`.
fn is_seen<C, R>(
    make: impl for<'gc> Fn(&'gc Mutation<'gc>, Leaf<'gc>) -> Root<'gc, R>,
    write: impl for<'gc> Fn(&'gc Mutation<'gc>, &'gc Root<'gc, R>, Leaf<'gc>),
    read: impl for<'gc> Fn(&'gc Root<'gc, R>) -> Leaf<'gc>,
) where
    C: Collector + Default,
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized + Trace,
{
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<R, C>(|mc| make(mc, Gc::new(mc, witness.token(0))));
        age(&mut arena);
        for last in 1..=6 {
            arena.mutate(|mc, root| {
                // Every other time there is a leaf that is written and overwritten at once.
                if last % 2 == 0 {
                    write(mc, root, Gc::new(mc, witness.token(last + 100)));
                }
                write(mc, root, Gc::new(mc, witness.token(last)));
            });
            match last % 3 {
                0 => age(&mut arena),
                1 => arena.mutate(|_, _| ()),
                _ => _ = arena.collect_generation(0),
            }
            arena.enter(|_, root| {
                let leaf = read(root);
                assert!(leaf.is_intact(), "the new leaf died");
                assert_eq!(leaf.name, last);
            });
        }
        settle(&mut arena);
        if reclaims::<C>() {
            let dead = [0, 1, 2, 3, 4, 5, 102, 104, 106];
            assert_eq!(witness.sorted(), dead, "all that was written over, and nothing else");
        }
        drop(arena);
        assert_eq!(witness.sorted(), [0, 1, 2, 3, 4, 5, 6, 102, 104, 106]);
    });
}

#[derive(Trace)]
struct Holder<'gc, T> {
    number: u32,
    place: T,
    brand: Lock<Option<Leaf<'gc>>>,
}

fn holder<'gc, T: Trace + 'gc>(mc: &Mutation<'gc>, place: T) -> HolderOf<'gc, T> {
    Gc::new(mc, Holder { number: 3, place, brand: Lock::new(None) })
}

type HolderOf<'gc, T> = Gc<'gc, Holder<'gc, T>>;

/// The witness for the place in a holder.
fn place<'gc, T>(mc: &Mutation<'gc>, holder: HolderOf<'gc, T>) -> &'gc Write<T> {
    assert_eq!((holder.number, holder.brand.get().is_none()), (3, true));
    field!(Gc::write(mc, holder), Holder, place)
}

/// `Lock` as an object, and in a struct: by `set`, `unlock!` and `field!`.
pub fn a_write_to_a_lock_is_seen<C: Collector + Default>() {
    is_seen::<C, Rootable!['gc => Gc<'gc, Lock<Leaf<'gc>>>]>(
        |mc, leaf| Gc::new(mc, Lock::new(leaf)),
        |mc, lock, leaf| lock.set(mc, leaf),
        |lock| lock.get(),
    );
    is_seen::<C, Rootable!['gc => HolderOf<'gc, Lock<Leaf<'gc>>>]>(
        |mc, leaf| holder(mc, Lock::new(leaf)),
        |mc, holder, leaf| unlock!(Gc::write(mc, *holder), Holder, place).set(leaf),
        |holder| holder.place.get(),
    );
    is_seen::<C, Rootable!['gc => HolderOf<'gc, Lock<Leaf<'gc>>>]>(
        |mc, leaf| holder(mc, Lock::new(leaf)),
        |mc, holder, leaf| _ = place(mc, *holder).unlock().replace(leaf),
        |holder| holder.place.get(),
    );
}

/// `Lock` of what is not `Copy`: taken out and put back.
pub fn a_write_by_taking_and_putting_back_is_seen<C: Collector + Default>() {
    is_seen::<C, Rootable!['gc => Gc<'gc, Lock<Vec<Leaf<'gc>>>>]>(
        |mc, leaf| Gc::new(mc, Lock::new(vec![leaf])),
        |mc, lock, leaf| {
            let mut leaves = lock.unlock(mc).take();
            leaves.clear();
            leaves.push(leaf);
            lock.set(mc, leaves);
        },
        // The only way to look into such a lock is to open it; here nothing is stored.
        |lock| {
            // SAFETY: what is taken is put back, so the object is as it was.
            let cell = unsafe { lock.unlock_unchecked() };
            let leaves = cell.take();
            let leaf = leaves[0];
            cell.set(leaves);
            leaf
        },
    );
}

/// `RefLock` as an object, and in a struct, of a value and of containers.
pub fn a_write_to_a_ref_lock_is_seen<C: Collector + Default>() {
    is_seen::<C, Rootable!['gc => Gc<'gc, RefLock<Leaf<'gc>>>]>(
        |mc, leaf| Gc::new(mc, RefLock::new(leaf)),
        |mc, cell, leaf| *cell.borrow_mut(mc) = leaf,
        |cell| *cell.borrow(),
    );
    is_seen::<C, Rootable!['gc => HolderOf<'gc, RefLock<Vec<Leaf<'gc>>>>]>(
        |mc, leaf| holder(mc, RefLock::new(vec![leaf])),
        |mc, holder, leaf| {
            let mut leaves = unlock!(Gc::write(mc, *holder), Holder, place).borrow_mut();
            leaves.push(leaf);
            leaves.remove(0);
        },
        |holder| holder.place.borrow()[0],
    );
    is_seen::<C, Rootable!['gc => Gc<'gc, RefLock<HashMap<u8, Leaf<'gc>>>>]>(
        |mc, leaf| Gc::new(mc, RefLock::new(HashMap::from([(9, leaf)]))),
        |mc, cell, leaf| _ = cell.try_borrow_mut(mc).expect("not borrowed").insert(9, leaf),
        |cell| cell.borrow()[&9],
    );
}

/// `OnceLock`: a new one in every round, filled when it is old.
pub fn a_write_to_a_once_lock_is_seen<C: Collector + Default>() {
    type Pair<'gc> = [Gc<'gc, OnceLock<Leaf<'gc>>>; 2];
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Pair<'gc>], C>(|mc| {
            [Gc::new(mc, OnceLock::new()), Gc::new(mc, OnceLock::new())]
        });
        age(&mut arena);
        arena.mutate(|mc, [set, init]| {
            assert!(set.set(mc, Gc::new(mc, witness.token(0))).is_ok());
            assert!(set.set(mc, Gc::new(mc, witness.token(1))).is_err());
            assert_eq!(init.get_or_init(mc, || Gc::new(mc, witness.token(2))).name, 2);
            assert_eq!(init.get_or_init(mc, || unreachable!()).name, 2);
        });
        age(&mut arena);
        arena.enter(|_, locks| {
            let names = locks.map(|lock| lock.get().filter(|leaf| leaf.is_intact()).unwrap().name);
            assert_eq!(names, [0, 2]);
        });
        assert_eq!(witness.sorted(), if reclaims::<C>() { vec![1] } else { vec![] });
    });
}

/// Through the projections of `Write`: `Option`, `Box`, `Vec`, `[T]` and `[T; N]`.
pub fn a_write_through_a_projection_is_seen<C: Collector + Default>() {
    is_seen::<C, Rootable!['gc => HolderOf<'gc, Option<Box<Lock<Leaf<'gc>>>>>]>(
        |mc, leaf| holder(mc, Some(Box::new(Lock::new(leaf)))),
        |mc, holder, leaf| {
            let boxed = place(mc, *holder).as_write().expect("there is a box");
            boxed.as_deref().unlock().set(leaf);
        },
        |holder| holder.place.as_ref().expect("there is a box").get(),
    );
    is_seen::<C, Rootable!['gc => HolderOf<'gc, Vec<Lock<Leaf<'gc>>>>]>(
        |mc, leaf| holder(mc, vec![Lock::new(leaf); 3]),
        |mc, holder, leaf| {
            let vec = place(mc, *holder);
            vec[0].unlock().set(leaf);
            vec.as_deref()[1].unlock().set(leaf);
            vec.as_deref().get(2).expect("there are three").unlock().set(leaf);
        },
        |holder| {
            assert!(Gc::ptr_eq(holder.place[0].get(), holder.place[1].get()));
            holder.place[2].get()
        },
    );
    is_seen::<C, Rootable!['gc => HolderOf<'gc, [Lock<Leaf<'gc>>; 3]>]>(
        |mc, leaf| holder(mc, [leaf; 3].map(Lock::new)),
        |mc, holder, leaf| {
            let array = place(mc, *holder);
            array[0].unlock().set(leaf);
            array.as_slice().iter().skip(1).for_each(|lock| lock.unlock().set(leaf));
        },
        |holder| holder.place[2].get(),
    );
}

/// One element of a slice by `write_at`, and all by `Gc::write`: slices that are logged as a whole,
/// in segments, and in the space of large objects.
pub fn a_write_to_an_element_of_a_slice_is_seen<C: Collector + Default>() {
    for (len, index) in [(1, 0), (64, 63), (65, 64), (1000, 0), (1000, 999), (20_000, 12_345)] {
        is_seen::<C, Rootable!['gc => Gc<'gc, [Lock<Option<Leaf<'gc>>>]>]>(
            |mc, leaf| Gc::slice_from_fn(mc, len, |i| Lock::new(Some(leaf).filter(|_| i == index))),
            |mc, slice, leaf| {
                let element = Gc::write_at(mc, *slice, index).expect("it is within the slice");
                element.unlock().set(Some(leaf));
                assert!(Gc::write_at(mc, *slice, len).is_none());
            },
            |slice| slice[index].get().expect("it is filled"),
        );
        is_seen::<C, Rootable!['gc => Gc<'gc, [Lock<Leaf<'gc>>]>]>(
            |mc, leaf| Gc::slice_from_fn(mc, len, |_| Lock::new(leaf)),
            |mc, slice, leaf| {
                // One segment is logged already when the rest is.
                Gc::write_at(mc, *slice, index).expect("within").unlock().set(leaf);
                Gc::write(mc, *slice).iter().for_each(|element| element.unlock().set(leaf));
            },
            |slice| {
                assert!(slice.iter().all(|lock| Gc::ptr_eq(lock.get(), slice[0].get())));
                slice[index].get()
            },
        );
    }
}

/// The header and the elements of one object.
pub fn a_write_to_a_slice_with_a_header_is_seen<C: Collector + Default>() {
    type Headed<'gc> = Gc<'gc, SliceWithHeader<Lock<Leaf<'gc>>, Lock<Option<Leaf<'gc>>>>>;
    for len in [0, 5, 64, 65, 500] {
        is_seen::<C, Rootable!['gc => Headed<'gc>]>(
            |mc, leaf| Gc::new_slice_with_header(mc, Lock::new(leaf), len, |_| Lock::new(None)),
            |mc, both, leaf| {
                field!(Gc::write(mc, *both), SliceWithHeader, header).unlock().set(leaf);
                let slice = field!(Gc::write(mc, *both), SliceWithHeader, slice);
                slice.iter().step_by(7).for_each(|element| element.unlock().set(Some(leaf)));
            },
            |both| {
                let leaf = both.header.get();
                let others = both.slice.iter().step_by(7).map(|lock| lock.get());
                // Before the first write there are none.
                assert!(others.flatten().all(|other| Gc::ptr_eq(other, leaf)));
                leaf
            },
        );
    }
}

/// A young leaf behind a chain of young objects that only the write leads to.
pub fn what_a_written_object_leads_to_is_seen<C: Collector + Default>() {
    type Chain<'gc> = Gc<'gc, Lock<Gc<'gc, Vec<Gc<'gc, (u8, Leaf<'gc>)>>>>>;
    is_seen::<C, Rootable!['gc => Chain<'gc>]>(
        |mc, leaf| Gc::new(mc, Lock::new(Gc::new(mc, vec![Gc::new(mc, (1, leaf))]))),
        |mc, chain, leaf| chain.set(mc, Gc::new(mc, vec![Gc::new(mc, (1, leaf))])),
        |chain| chain.get()[0].1,
    );
}

/// Two old objects that exchange what they hold, and one that gives it away.
///
/// ```text
///   x -> 1, y -> 2    becomes    x -> 2, y -> 1    becomes    x -> 2, y -> 2
/// ```
pub fn an_exchange_between_old_objects_is_seen<C: Collector + Default>() {
    type Pair<'gc> = [Gc<'gc, RefLock<Leaf<'gc>>>; 2];
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Pair<'gc>], C>(|mc| {
            [1, 2].map(|name| Gc::new(mc, RefLock::new(Gc::new(mc, witness.token(name)))))
        });
        let names = |pair: &Pair<'_>| pair.map(|cell| cell.borrow().name);
        for _ in 0..5 {
            age(&mut arena);
            arena.mutate(|mc, [x, y]| {
                std::mem::swap(&mut *x.borrow_mut(mc), &mut *y.borrow_mut(mc))
            });
        }
        age(&mut arena);
        arena.enter(|_, pair| assert_eq!(names(pair), [2, 1]));
        assert_eq!(witness.count(), 0);
        arena.mutate(|mc, [x, y]| *y.borrow_mut(mc) = *x.borrow());
        settle(&mut arena);
        arena.enter(|_, pair| assert_eq!(names(pair), [2, 2]));
        assert_eq!(witness.sorted(), if reclaims::<C>() { vec![1] } else { vec![] });
    });
}

/// What a write takes away and the same `mutate` puts back, or puts elsewhere, lives on.
pub fn what_is_moved_within_a_mutate_lives_on<C: Collector + Default>() {
    type Row<'gc> = Gc<'gc, [Lock<Option<Leaf<'gc>>>]>;
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Row<'gc>], C>(|mc| {
            let first = Gc::new(mc, witness.token(7));
            Gc::slice_from_fn(mc, 200, |i| Lock::new(Some(first).filter(|_| i == 0)))
        });
        for at in 0..199 {
            arena.mutate(|mc, row| {
                let moved = row[at].get();
                Gc::write_at(mc, *row, at).expect("within").unlock().set(None);
                Gc::write_at(mc, *row, at + 1).expect("within").unlock().set(moved);
            });
            if at % 50 == 49 {
                age(&mut arena);
            }
        }
        arena.enter(|_, row| {
            assert_eq!(row.iter().filter(|place| place.get().is_some()).count(), 1);
            assert!(row[199].get().is_some_and(|leaf| leaf.is_intact()));
        });
        assert_eq!(witness.count(), 0);
    });
}
