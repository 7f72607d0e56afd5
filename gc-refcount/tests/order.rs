//! In which order objects die.

use std::cell::RefCell;
use std::rc::Rc;

use gc_core::{Arena, DynamicRoot, Gc, GcWeak, Mutation, Rootable, Static, Trace};
use gc_refcount::Refcount;

/// Notes its death.
struct Token(&'static str, Rc<RefCell<Vec<&'static str>>>);

impl Drop for Token {
    fn drop(&mut self) {
        self.1.borrow_mut().push(self.0);
    }
}

#[derive(Trace)]
struct Node<'gc> {
    token: Static<Token>,
    children: Vec<Gc<'gc, Node<'gc>>>,
}

type Handle = DynamicRoot<Rootable![Node<'_>]>;

/// References that the collector does not see.
struct Leaf {
    _token: Token,
    _handles: Vec<Handle>,
}

/// The leaf holds `watched`, `parent` and `shared` by handles, and `parent -> shared, own`. The callback of
/// the weak reference to `watched` comes when the leaf has released that, and nothing else: `shared` is
/// held until `parent` and `own` are dead.
#[test]
fn what_a_leaf_has_yet_to_release_is_held_while_a_callback_runs() {
    type Root<'gc> = (Option<Gc<'gc, Static<Leaf>>>, Option<GcWeak<'gc, Node<'gc>>>);
    type Held = Rootable!['gc => Root<'gc>];
    let seen = Rc::<RefCell<Vec<&str>>>::default();
    let mut arena: Arena<Held, Refcount> = Arena::new(|_| (None, None));
    arena.mutate_root(|mc, root| {
        fn node<'gc>(
            mc: &Mutation<'gc>,
            token: Token,
            children: Vec<Gc<'gc, Node<'gc>>>,
        ) -> Gc<'gc, Node<'gc>> {
            Gc::new(mc, Node { token: Static(token), children })
        }
        let token = |name| Token(name, Rc::clone(&seen));
        let watched = node(mc, token("watched"), Vec::new());
        let shared = node(mc, token("shared"), Vec::new());
        let own = node(mc, token("own"), Vec::new());
        let parent = node(mc, token("parent"), vec![shared, own]);
        assert_eq!(parent.children[1].token.0.0, "own");
        let told = Rc::clone(&seen);
        let callback = move |_: &Mutation<'_>| told.borrow_mut().push("callback");
        root.1 = Some(Gc::downgrade_with_callback(mc, watched, callback));
        let handles = [watched, parent, shared].map(|node| mc.stash::<Rootable![Node<'_>]>(node));
        let leaf = Leaf { _token: token("leaf"), _handles: handles.into() };
        root.0 = Some(Gc::new(mc, Static(leaf)));
    });
    assert!(seen.borrow().is_empty());
    arena.mutate_root(|_, root| root.0 = None);
    let order = ["leaf", "callback", "watched", "parent", "own", "shared"];
    assert_eq!(*seen.borrow(), order);
}
