//! `Eq`, `Hash`, iterators and closures that lie, panic, and change what they were called from.

use std::cell::Cell;
use std::hash::{Hash, Hasher};

use gc_core::collector::Collector;
use gc_core::{Gc, GcHashMap, GcVec, RefLock, Rootable, Static, Trace, WeakMap, WeakSet, unlock};

use crate::settings::{Alive, Setting, Token, age, attempt};

type Tokens<'gc> = GcHashMap<'gc, u32, Gc<'gc, Token>>;

fn check(map: Tokens<'_>) {
    map.values().for_each(|token| token.check());
    assert_eq!(map.len(), map.iter().count());
}

pub(crate) fn a_key_that_changes_its_map_while_it_is_compared<C: Collector + Default>(
    setting: Setting,
) {
    let alive = Alive::default();
    let mut arena = setting.arena::<Rootable![Tokens<'_>], C>(|mc| GcHashMap::new(mc));
    for from in 0..6 {
        arena.mutate(|mc, &map| {
            let fill = |keys: std::ops::Range<u32>| {
                keys.for_each(|key| _ = map.insert_unique(mc, 7, key, Gc::new(mc, alive.token())));
            };
            fill(0..20);
            let mut step = from;
            let found = map.find(7, |&key| {
                step += 1;
                match step {
                    1 => map.clear(mc),
                    2 => fill(0..90),
                    3 | 5 => map.retain(mc, |key, _| key % 2 == 0),
                    4 => _ = map.remove_index(mc, 3),
                    6 => fill(100..101),
                    _ => {}
                }
                key == 100
            });
            assert!(found.is_none_or(|index| map.get_index(index).unwrap().0 == 100));
            check(map);
        });
        age(&mut arena);
        arena.enter(|_, &map| check(map));
    }
    drop(arena);
    assert_eq!(alive.count(), 0);
}

std::thread_local! {
    static FUSE: Cell<u32> = const { Cell::new(u32::MAX) };
}

/// A key that panics when it was compared or hashed often enough, and has few hashes.
#[derive(Clone, Copy, Trace)]
struct Touchy(u32);

fn burn() {
    FUSE.set(FUSE.get() - 1);
    assert_ne!(FUSE.get(), 0, "touched too often");
}

impl PartialEq for Touchy {
    fn eq(&self, other: &Touchy) -> bool {
        burn();
        self.0 == other.0
    }
}

impl Eq for Touchy {}

impl Hash for Touchy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        burn();
        state.write_u32(self.0 % 3);
    }
}

#[derive(Trace)]
struct Maps<'gc> {
    map: GcHashMap<'gc, Touchy, Gc<'gc, Token>>,
    values: gc_core::WeakValueMap<'gc, Touchy, Token>,
    kept: GcVec<'gc, Gc<'gc, Token>>,
}

pub(crate) fn a_key_that_panics_in_the_middle_of_everything<C: Collector + Default>(
    setting: Setting,
) {
    let alive = Alive::default();
    let mut arena = setting.arena::<Rootable![Maps<'_>], C>(|mc| Maps {
        map: GcHashMap::new(mc),
        values: gc_core::WeakValueMap::new(mc),
        kept: GcVec::new(mc),
    });
    for fuse in (1..60).step_by(3) {
        arena.mutate(|mc, maps| {
            let _ = attempt(|| {
                FUSE.set(fuse);
                for key in 0..12 {
                    let key = Touchy(fuse + key);
                    maps.map.insert(mc, key, Gc::new(mc, alive.token()));
                    let token = Gc::new(mc, alive.token());
                    maps.kept.push(mc, token);
                    maps.values.insert(mc, key, token);
                    maps.map.get_or_insert_with(mc, Touchy(key.0 + 1), || token);
                    maps.map.remove(mc, &Touchy(key.0 - 1));
                    maps.values.remove(mc, &key);
                }
            });
            FUSE.set(u32::MAX);
        });
        age(&mut arena);
        arena.mutate(|mc, maps| {
            maps.map.values().for_each(|token| token.check());
            maps.values.iter().for_each(|(_, token)| token.check());
            assert_eq!(maps.map.len(), maps.map.iter().count());
            maps.kept.truncate(mc, 5);
        });
    }
    drop(arena);
    assert_eq!(alive.count(), 0);
}

/// Says that it is longer and shorter than it is, and changes the vector that it is to extend.
struct Liar<F>(u32, F);

impl<T, F: FnMut(u32) -> T> Iterator for Liar<F> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0 = self.0.checked_sub(1)?;
        Some(self.1(self.0))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, Some(1))
    }
}

impl<T, F: FnMut(u32) -> T> ExactSizeIterator for Liar<F> {
    fn len(&self) -> usize {
        9
    }
}

pub(crate) fn iterators_and_closures_that_change_what_they_go_through<C: Collector + Default>(
    setting: Setting,
) {
    let alive = Alive::default();
    let mut arena = setting.arena::<Rootable![GcVec<'_, Gc<'_, Token>>], C>(|mc| GcVec::new(mc));
    for _ in 0..3 {
        arena.mutate(|mc, &vec| {
            let token = || Gc::new(mc, alive.token());
            vec.extend(
                mc,
                Liar(50, |left| {
                    if left % 7 == 0 {
                        vec.truncate(mc, left as usize / 2);
                    }
                    token()
                }),
            );
            let mut calls = 0;
            vec.retain(mc, |token| {
                token.check();
                calls += 1;
                if calls == 3 {
                    vec.clear(mc);
                    (0..200).for_each(|_| vec.push(mc, Gc::new(mc, alive.token())));
                }
                calls % 2 == 0
            });
            vec.sort_by(mc, |a, b| {
                a.check();
                b.check();
                if vec.len() > 4 {
                    vec.pop(mc);
                }
                Gc::id(*b).cmp(&Gc::id(*a))
            });
            for element in vec.iter().rev().chain(vec) {
                vec.pop(mc);
                element.check();
            }
            (0..20).for_each(|_| vec.push(mc, token()));
            assert!(attempt(|| Gc::new_slice(mc, Liar(3, |_| token()))).is_err());
            assert_eq!(Gc::new_slice(mc, Liar(30, |_| token())).len(), 9);
        });
        age(&mut arena);
        arena.enter(|_, vec| vec.iter().for_each(|token| token.check()));
    }
    drop(arena);
    assert_eq!(alive.count(), 0);
}

pub(crate) fn a_map_in_which_all_hashes_are_the_same_survives_stale_indices<
    C: Collector + Default,
>(
    setting: Setting,
) {
    let alive = Alive::default();
    let mut arena = setting.arena::<Rootable![Tokens<'_>], C>(|mc| GcHashMap::new(mc));
    let mut indices = Vec::new();
    for hash in [0, u64::MAX, u64::from(u32::MAX) << 32] {
        arena.mutate(|mc, map| {
            for key in 0..70 {
                indices.push(map.insert_unique(mc, hash, key, Gc::new(mc, alive.token())));
            }
        });
        age(&mut arena);
        arena.mutate(|mc, &map| {
            for &index in indices.iter().chain(&[usize::MAX, usize::MAX / 2, 1 << 32]) {
                let _ = (map.get_index(index), map.next_entry(index));
                map.set_index(mc, index, Gc::new(mc, alive.token()));
                if index % 3 == 0 {
                    map.remove_index(mc, index);
                    assert!(map.remove_index(mc, index).is_none());
                }
            }
            check(map);
        });
    }
    age(&mut arena);
    arena.enter(|_, &map| check(map));
    drop(arena);
    assert_eq!(alive.count(), 0);
}

type Weak<'gc> = (WeakSet<'gc, Token>, WeakMap<'gc, Token, Token>, GcVec<'gc, Gc<'gc, Token>>);

pub(crate) fn a_weak_set_that_changes_while_it_is_asked<C: Collector + Default>(setting: Setting) {
    let alive = Alive::default();
    let mut arena = setting
        .arena::<Rootable![Weak<'_>], C>(|mc| (WeakSet::new(mc), WeakMap::new(mc), GcVec::new(mc)));
    for round in 0..4 {
        arena.mutate(|mc, &(set, map, kept)| {
            let add = || {
                let token = Gc::new(mc, alive.token());
                set.insert_unique(mc, 1, token);
                map.insert(mc, token, Gc::new(mc, alive.token()));
                token
            };
            (0..30).for_each(|_| kept.push(mc, add()));
            let mut calls = 0;
            let found = set.find(1, |token| {
                token.check();
                calls += 1;
                match calls {
                    1 => _ = add(),
                    2 => set.clear(mc),
                    3 => (0..20).for_each(|_| _ = add()),
                    4 => set.retain(mc, |_| false),
                    _ => {}
                }
                calls > 4
            });
            found.into_iter().for_each(|token| token.check());
            for token in set.iter() {
                token.check();
                set.retain(mc, |other| Gc::ptr_eq(token, other));
            }
            map.retain(mc, |key, value| {
                key.check();
                value.check();
                map.clear(mc);
                (0..10).for_each(|_| _ = add());
                true
            });
            kept.iter().for_each(|token| {
                map.get_or_insert_with(mc, token, || {
                    map.insert(mc, token, Gc::new(mc, alive.token()));
                    map.remove(mc, token);
                    token
                });
            });
            kept.truncate(mc, 7 * round);
        });
        age(&mut arena);
        arena.enter(|_, (set, map, _)| {
            set.iter().for_each(|token| token.check());
            for (key, value) in map.iter() {
                key.check();
                value.check();
            }
        });
    }
    drop(arena);
    assert_eq!(alive.count(), 0);
}

/// A list whose type could hold a `Gc`, and does not, because that would be `'static`.
#[derive(Trace)]
#[expect(
    clippy::vec_box,
    reason = "boxes that are freed while the list is borrowed are the attack"
)]
struct Lists {
    list: RefLock<Vec<Box<[Option<Gc<'static, u64>>; 8]>>>,
    plain: RefLock<Vec<Box<u64>>>,
    count: Static<Cell<u32>>,
}

/// `Vec::dedup_by` leaves dropped boxes in the list while it asks. A barrier that reads the list then, to
/// take a snapshot, reads freed memory. `Write::from_static` used to lend such a list without a log.
pub(crate) fn a_static_list_that_is_borrowed_while_its_object_is_written_to<
    C: Collector + Default,
>(
    setting: Setting,
) {
    let mut arena = setting.arena::<Rootable![Gc<'_, Lists>], C>(|mc| {
        let list = RefLock::new((0..6).map(|_| Box::new([None; 8])).collect());
        let plain = RefLock::new((0..6).map(Box::new).collect());
        Gc::new(mc, Lists { list, plain, count: Static(Cell::new(0)) })
    });
    age(&mut arena);
    arena.mutate(|mc, lists| {
        let mut sprayed = Vec::new();
        let mut spray = || {
            sprayed.extend((0..8).map(|_| Box::new([0x4141_4141_4141_usize; 8])));
            mc.write_barrier(*lists);
            lists.count.set(lists.count.get() + 1);
            lists.count.get() % 2 == 1
        };
        let plain = gc_core::Write::from_static(&lists.plain).unlock();
        plain.borrow_mut().dedup_by(|_, _| spray());
        let list = unlock!(Gc::write(mc, *lists), Lists, list);
        list.borrow_mut().dedup_by(|_, _| spray());
    });
    age(&mut arena);
    arena.enter(|_, lists| {
        assert!(lists.list.borrow().iter().flat_map(|b| **b).all(|e| e.is_none()))
    });
}
