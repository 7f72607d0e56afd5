//! What zeal does to epochs, seen from outside.

use gc_core::{Arena, Gc, Lock, Rootable, Zeal};
use gc_refcount::Refcount;

type Slot<'gc> = Gc<'gc, Lock<Option<Gc<'gc, [u64; 100]>>>>;

/// How many epochs end while some megabytes are allocated, one object in a `mutate`.
fn epochs(words: &str) -> u64 {
    let zeal: Zeal = words.parse().unwrap();
    let mut arena: Arena<Rootable!['gc => Slot<'gc>], Refcount> =
        Arena::builder().prompt(false).zeal(zeal).build(|mc| Gc::new(mc, Lock::new(None)));
    arena.collect();
    let before = arena.stats().safepoints;
    for number in 0..5000 {
        arena.mutate(|mc, slot| slot.set(mc, Some(Gc::new(mc, [number; 100]))));
    }
    arena.enter(|_, slot| assert_eq!(slot.get().unwrap()[99], 4999));
    arena.stats().safepoints - before
}

#[test]
fn epochs_end_early_where_the_nursery_or_the_log_is_small() {
    assert!(epochs("off") < 10);
    let blocks = 5000 * 100 * 8 / (32 << 10);
    assert!(epochs("tiny-nursery") > blocks / 4);
    assert!(epochs("collect") == 5000);
}

#[test]
fn an_epoch_ends_with_a_short_log() {
    type Slots<'gc> = Vec<Slot<'gc>>;
    let epochs = |words: &str| {
        let zeal: Zeal = words.parse().unwrap();
        let mut arena: Arena<Rootable!['gc => Slots<'gc>], Refcount> = Arena::builder()
            .prompt(false)
            .zeal(zeal)
            .build(|mc| (0..100).map(|_| Gc::new(mc, Lock::new(None))).collect());
        arena.collect();
        let before = arena.stats().safepoints;
        for place in 0..100 {
            arena.mutate(|mc, slots| slots[place].set(mc, None));
        }
        arena.stats().safepoints - before
    };
    assert_eq!(epochs("off"), 0);
    assert!((2..50).contains(&epochs("short-lists")));
}

#[test]
fn under_a_random_policy_the_seed_says_when_an_epoch_ends() {
    let of = |seed: u64| epochs(&format!("random-policy seed={seed}"));
    assert_eq!(of(1), of(1));
    assert!((2..6).any(|seed| of(seed) != of(1)));
}
