//! What is no object and refers to objects: the nodes of a `.heapsnapshot` beside those for objects.

use gc_core::{Holding, Step};

use super::Snapshot;

/// A node that is no object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    /// What all others hang from.
    Top,
    /// The arena's root.
    Root,
    /// A field of the root with more in it than one reference.
    Field(&'static str),
    Handles,
    Frozen,
    Pending,
    /// What keeps objects in a way that this crate has not heard of.
    Other,
    Unreachable,
    /// Refers weakly to the objects that are in it.
    Generation(u8),
}

/// Where an edge leads.
#[derive(Clone, Copy)]
pub(super) enum Target {
    /// To a node that is no object, by its place among them.
    Holder(usize),
    /// To an object, by its number.
    Object(u32),
}

/// What an edge is called.
pub(super) enum EdgeName<'a> {
    Steps(Steps<'a>),
    /// By the count of the object that it leads to, which it does not keep.
    Count(Option<usize>),
    /// By the weak map's entry that it stands for.
    WeakValue,
}

/// The way to a reference, or a part of it.
#[derive(Clone, Copy)]
pub(super) struct Steps<'a>(pub(super) &'a [Step]);

impl Holder {
    /// What the node is called.
    pub(super) fn name(self) -> String {
        match self {
            Holder::Top => "(heap)".into(),
            Holder::Root => "(root)".into(),
            Holder::Field(name) => name.into(),
            Holder::Handles => "(handles)".into(),
            Holder::Frozen => "(frozen)".into(),
            Holder::Pending => "(pending)".into(),
            Holder::Other => "(other)".into(),
            Holder::Unreachable => "(unreachable)".into(),
            Holder::Generation(number) => format!("(generation {number})"),
        }
    }

    /// Whether the node for a root object's field has this reference, not the node for the root.
    fn is_field(self, steps: &[Step]) -> bool {
        matches!((self, steps), (Holder::Field(field), [Step::Field(first), ..]) if *first == field)
    }

    /// What keeps an object, if it is not in the root.
    fn outside_root(holding: &Holding<'_>) -> Option<Holder> {
        match holding {
            Holding::Root(_) => None,
            Holding::Handle => Some(Holder::Handles),
            Holding::Frozen => Some(Holder::Frozen),
            Holding::Pending => Some(Holder::Pending),
            _ => Some(Holder::Other),
        }
    }
}

/// All that there are in a heap: [`Holder::Top`] first, and then [`Holder::Root`].
pub(super) fn list(snapshot: &Snapshot<'_, '_>) -> Vec<Holder> {
    let mut holders = vec![Holder::Top, Holder::Root];
    let mut add = |holder| {
        if !holders.contains(&holder) {
            holders.push(holder);
        }
    };
    snapshot.heap.for_each_root(|holding, _| match holding {
        Holding::Root(place) => {
            if let [Step::Field(name), _, ..] = place.steps() {
                add(Holder::Field(name));
            }
        }
        holding => Holder::outside_root(holding).into_iter().for_each(&mut add),
    });
    if !snapshot.objects.unreachable().is_empty() {
        add(Holder::Unreachable);
    }
    let mut is_used = [false; 256];
    for (_, object) in snapshot.objects.iter() {
        if let Some(generation) = snapshot.heap.generation(object) {
            is_used[usize::from(generation)] = true;
        }
    }
    let used = (0..=u8::MAX).filter(|&generation| is_used[usize::from(generation)]);
    holders.extend(used.map(Holder::Generation));
    holders
}

/// Calls the closure for every edge of one of the [`list`].
pub(super) fn for_each_edge(
    snapshot: &Snapshot<'_, '_>,
    holders: &[Holder],
    of: Holder,
    each: &mut dyn FnMut(EdgeName<'_>, Target),
) {
    let for_each_root = |each: &mut dyn FnMut(&Holding<'_>, Target)| {
        snapshot.heap.for_each_root(|holding, object| {
            if let Some(number) = snapshot.objects.number(object) {
                each(holding, Target::Object(number));
            }
        });
    };
    let places = || holders.iter().copied().enumerate().skip(1);
    let mut count = 0;
    let mut element = |target, each: &mut dyn FnMut(EdgeName<'_>, Target)| {
        each(EdgeName::Steps(Steps(&[Step::Element(count)])), target);
        count += 1;
    };
    match of {
        Holder::Top => {
            for (place, holder) in places() {
                if !matches!(holder, Holder::Field(_)) {
                    element(Target::Holder(place), each);
                }
            }
        }
        Holder::Root => {
            for (place, holder) in places() {
                if let Holder::Field(name) = holder {
                    each(EdgeName::Steps(Steps(&[Step::Field(name)])), Target::Holder(place));
                }
            }
            for_each_root(&mut |holding, object| match holding {
                Holding::Root(place)
                    if !holders.iter().any(|holder| holder.is_field(place.steps())) =>
                {
                    each(EdgeName::Steps(Steps(place.steps())), object);
                }
                _ => {}
            });
        }
        Holder::Field(_) => for_each_root(&mut |holding, object| match holding {
            Holding::Root(place) if of.is_field(place.steps()) => {
                each(EdgeName::Steps(Steps(&place.steps()[1..])), object);
            }
            _ => {}
        }),
        Holder::Handles | Holder::Frozen | Holder::Pending | Holder::Other => {
            for_each_root(&mut |holding, object| {
                if Holder::outside_root(holding) == Some(of) {
                    element(object, each);
                }
            });
        }
        Holder::Unreachable => {
            for &number in snapshot.objects.unreachable() {
                element(Target::Object(number), each);
            }
        }
        Holder::Generation(_) => {
            let heap = snapshot.heap;
            for (number, object) in snapshot.objects.iter() {
                if heap.generation(object).map(Holder::Generation) == Some(of) {
                    each(EdgeName::Count(heap.ref_count(object)), Target::Object(number));
                }
            }
        }
    }
}

impl Steps<'_> {
    /// Appends what [`Place`](gc_core::Place) prints.
    pub(super) fn push_to(self, text: &mut String) {
        if self.0.is_empty() {
            text.push('*');
        }
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Field(name) => {
                    text.push_str(if place > 0 { "." } else { "" });
                    text.push_str(name);
                }
                Step::Element(index) => {
                    text.push('[');
                    text.push_str(itoa::Buffer::new().format(*index));
                    text.push(']');
                }
            }
        }
    }
}

impl EdgeName<'_> {
    /// Appends the name. (There are millions of them, so nothing is formatted that need not be.)
    pub(super) fn push_to(&self, text: &mut String) {
        match self {
            EdgeName::Steps(steps) => steps.push_to(text),
            EdgeName::Count(Some(count)) => {
                text.push_str("count ");
                text.push_str(itoa::Buffer::new().format(*count));
            }
            EdgeName::Count(None) => text.push_str("object"),
            EdgeName::WeakValue => text.push_str("(value in a weak map)"),
        }
    }
}
