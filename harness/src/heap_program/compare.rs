//! When two answers to the same operation agree.

use super::answer::{Answer, Event, Info, Returned, Who};
use super::name::{Name, NameMap};

/// What beside the state of the heap must agree.
#[derive(Clone, Debug, Default)]
pub struct Firm {
    /// The order of deaths, finalizers and callbacks outside of collections: it is firm where objects
    /// die by a count to zero. Inside one collection no order is promised.
    pub order: bool,
    /// What finalizers and callbacks saw, and that they failed: not firm if objects die at other
    /// moments than in the other answer.
    pub seen: bool,
    /// That no callback runs beside the expected ones: not firm for a collector that chooses the moment.
    /// It may call the callback of a weak reference that the program has dropped since its object became
    /// unreachable.
    pub callbacks: bool,
    /// What collections return and what is said of single objects: not firm if the heap is
    /// collected at other moments than those that the program names.
    pub returned: bool,
    /// The ids of leaves whose death in the expected answer is the last event in a firm order. What a
    /// leaf links to is released in its turn, if whoever runs the program sees the links. A replay sees
    /// drop glue that drops handles, and releases them when the safepoint is over.
    pub leaves: NameMap<()>,
}

/// Whether `found` is a right answer where `expected` is one.
#[must_use]
pub fn agree(expected: &Answer, found: &Answer, firm: &Firm) -> bool {
    expected.index == found.index
        && expected.op == found.op
        && expected.error == found.error
        && expected.died_unnamed == found.died_unnamed
        && expected.finalized_unnamed == found.finalized_unnamed
        && expected.floating_unnamed == found.floating_unnamed
        && expected.alive == found.alive
        && same_set(&expected.floating, &found.floating)
        && same_set(&expected.cleared, &found.cleared)
        && same_events(expected, found, firm)
        && same_returned(expected, found, firm)
}

fn same_events(expected: &Answer, found: &Answer, firm: &Firm) -> bool {
    if expected.events == found.events {
        return true;
    }
    if expected.events.len() != found.events.len() && firm.seen {
        return false;
    }
    let found_events = excuse_held(&expected.events, found.events.clone());
    let firm_length = if firm.order { firm_length(expected, firm) } else { 0 };
    let (expected_firm, expected) = expected.events.split_at(firm_length);
    let Some((found_firm, found)) = found_events.split_at_checked(firm_length) else {
        return false;
    };
    let (expected, mut found) = (in_any_order(expected, firm), in_any_order(found, firm));
    if !firm.callbacks {
        let mut expected = expected.iter().peekable();
        found.retain(|event| {
            expected.next_if_eq(&event).is_some() || !matches!(event, Event::Callback { .. })
        });
    }
    expected_firm == found_firm && expected == found
}

/// What was found, where a collection within a callback has returned a little too much.
///
/// While CPython calls the callbacks of an object's weak references it holds these. One that is otherwise
/// garbage is not found then, and not counted; a replay counts it.
fn excuse_held(expected: &[Event], mut found: Vec<Event>) -> Vec<Event> {
    let is_callback = |event: &&Event| matches!(event, Event::Callback { .. });
    let held = found.iter().filter(is_callback).count();
    let nested = |event: &Event| match *event {
        Event::NestedCollect { who: who @ Who::Callback(_), returned } => Some((who, returned)),
        _ => None,
    };
    let mut expected = expected.iter().filter_map(nested);
    for event in &mut found {
        if let Some((who, returned)) = nested(event)
            && let Some((expected_who, expected)) = expected.next()
            && who == expected_who
            && (expected..=expected + held).contains(&returned)
        {
            *event = Event::NestedCollect { who, returned: expected };
        }
    }
    found
}

/// How many of the events have a firm order: none of a collection's, and those before what a leaf
/// linked to is released.
fn firm_length(expected: &Answer, firm: &Firm) -> usize {
    let is_nested = |event: &Event| matches!(event, Event::NestedCollect { .. });
    if expected.op == "collect" || expected.events.iter().any(is_nested) {
        return 0;
    }
    let is_leaf =
        |event: &Event| matches!(event, Event::Died(id) if firm.leaves.get(*id).is_some());
    let leaf = expected.events.iter().position(is_leaf);
    leaf.map_or(expected.events.len(), |index| index + 1)
}

/// What must agree of events whose order is not firm, sorted.
fn in_any_order(events: &[Event], firm: &Firm) -> Vec<Event> {
    let compared = |event: &Event| match *event {
        Event::Callback { w, .. } if !firm.seen => Some(Event::Callback { w, was_cleared: true }),
        Event::Saw { .. }
        | Event::SawSlot { .. }
        | Event::NestedCollect { .. }
        | Event::Unraisable
        | Event::Collection { .. }
            if !firm.seen =>
        {
            None
        }
        event => Some(event),
    };
    let mut events: Vec<Event> = events.iter().filter_map(compared).collect();
    events.sort_unstable();
    events
}

fn same_returned(expected: &Answer, found: &Answer, firm: &Firm) -> bool {
    match (&expected.ret, &found.ret) {
        (Some(Returned::Info(expected_info)), Some(Returned::Info(found_info))) => {
            // A replay does not see weak references that unreachable objects hold.
            let is_all_reachable = expected.floating.is_empty() && expected.floating_unnamed == 0;
            !firm.returned || same_info(expected_info, found_info, is_all_reachable)
        }
        (Some(Returned::Collected(_)), Some(Returned::Collected(_)))
        | (Some(Returned::Churned(_)), Some(Returned::Churned(_)))
        | (Some(Returned::Stats(_)), Some(Returned::Stats(_)))
        | (Some(Returned::Counts(_)), Some(Returned::Counts(_)))
            if !firm.returned =>
        {
            true
        }
        (Some(Returned::Garbage(expected)), Some(Returned::Garbage(found))) => {
            same_set(expected, found)
        }
        (expected, found) => expected == found,
    }
}

fn same_info(expected: &Info, found: &Info, compares_weak: bool) -> bool {
    let plain = |info: &Info| (info.strong, info.tracked, info.finalized, info.generation);
    plain(expected) == plain(found)
        && same_set(&expected.referents, &found.referents)
        && same_set(&expected.referrers, &found.referrers)
        && (!compares_weak || expected.weak == found.weak)
}

fn same_set(a: &[Name], b: &[Name]) -> bool {
    let sorted = |names: &[Name]| {
        let mut names = names.to_vec();
        names.sort_unstable();
        names
    };
    a == b || sorted(a) == sorted(b)
}

#[cfg(test)]
mod tests {
    use super::super::model::{Mode, answers};
    use super::super::parse::parse_program;
    use super::*;

    fn strict() -> Firm {
        Firm {
            order: true,
            seen: true,
            callbacks: true,
            returned: true,
            leaves: NameMap::default(),
        }
    }

    /// Two objects die by a count to zero, a cycle in a collection.
    fn sample() -> Vec<Answer> {
        let text = r#"
            {"op": "new", "id": "a"}
            {"op": "new", "id": "b"}
            {"op": "link", "from": "a", "slot": 0, "to": "b"}
            {"op": "drop", "name": "b"}
            {"op": "drop", "name": "a"}
            {"op": "chain", "id": "c", "n": 3, "close": true}
            {"op": "drop", "name": "c"}
            {"op": "collect", "gen": 2}
        "#;
        answers(&parse_program(text, "sample").unwrap(), Mode::RefcountCycles).unwrap()
    }

    #[test]
    fn an_answer_agrees_with_itself() {
        for answer in sample() {
            assert!(agree(&answer, &answer, &strict()));
        }
    }

    #[test]
    fn the_order_of_deaths_matters_only_where_it_is_firm() {
        let drop = sample().remove(4);
        let mut swapped = drop.clone();
        swapped.events.reverse();
        assert!(!agree(&drop, &swapped, &strict()));
        assert!(agree(&drop, &swapped, &Firm::default()));
        let (mut collect, mut other) = (drop, swapped);
        (collect.op, other.op) = ("collect", "collect");
        assert!(agree(&collect, &other, &strict()));
    }

    #[test]
    fn after_the_death_of_a_leaf_the_order_is_not_firm() {
        let (mut firm, drop) = (strict(), sample().remove(4));
        let [Event::Died(a), Event::Died(b)] = drop.events[..] else { panic!("{drop:?}") };
        let with = |ids: [Name; 3]| Answer { events: ids.map(Event::Died).into(), ..drop.clone() };
        firm.leaves.set(a, Some(()));
        assert!(agree(&with([a, a, b]), &with([a, b, a]), &firm));
        assert!(!agree(&with([b, a, b]), &with([a, b, b]), &firm));
        assert!(!agree(&with([a, a, b]), &with([a, b, b]), &firm));
    }

    #[test]
    fn what_was_seen_matters_only_where_it_is_firm() {
        let drop = sample().remove(4);
        let [Event::Died(a), _] = drop.events[..] else { panic!("{drop:?}") };
        let saw = Event::SawSlot { who: Who::Finalizer(a), slot: 0, id: None };
        let mut other = drop.clone();
        other.events.push(saw);
        assert!(!agree(&drop, &other, &strict()));
        assert!(agree(&drop, &other, &Firm::default()));
    }

    #[test]
    fn a_callback_too_many_matters_only_where_it_is_firm() {
        let drop = sample().remove(4);
        let [Event::Died(w), _] = drop.events[..] else { panic!("{drop:?}") };
        let mut other = drop.clone();
        other.events.insert(0, Event::Callback { w, was_cleared: true });
        assert!(agree(&drop, &other, &Firm::default()));
        assert!(!agree(&drop, &other, &Firm { callbacks: true, ..Firm::default() }));
        assert!(!agree(&other, &drop, &Firm::default()));
    }

    #[test]
    fn a_collection_within_a_callback_may_count_what_cpython_holds() {
        let drop = sample().remove(4);
        let [Event::Died(w), _] = drop.events[..] else { panic!("{drop:?}") };
        let with = |who, returned| {
            let called = Event::Callback { w, was_cleared: true };
            let events = vec![called, Event::NestedCollect { who, returned }];
            Answer { events, ..drop.clone() }
        };
        let (callback, finalizer) = (Who::Callback(w), Who::Finalizer(w));
        assert!(agree(&with(callback, 1), &with(callback, 2), &strict()));
        assert!(!agree(&with(callback, 1), &with(callback, 3), &strict()));
        assert!(!agree(&with(callback, 2), &with(callback, 1), &strict()));
        assert!(!agree(&with(finalizer, 1), &with(finalizer, 2), &strict()));
    }

    #[test]
    fn what_a_collection_returns_matters_only_where_it_is_firm() {
        let collect = sample().pop().unwrap();
        let other = Answer { ret: Some(Returned::Collected(7)), ..collect.clone() };
        assert!(!agree(&collect, &other, &strict()));
        assert!(agree(&collect, &other, &Firm::default()));
    }

    #[test]
    fn the_state_of_the_heap_always_matters() {
        let collect = sample().pop().unwrap();
        assert!(!agree(&collect, &Answer { alive: 1, ..collect.clone() }, &Firm::default()));
        assert!(!agree(&collect, &Answer { died_unnamed: 2, ..collect.clone() }, &Firm::default()));
        assert!(!agree(
            &collect,
            &Answer { floating_unnamed: 1, ..collect.clone() },
            &Firm::default()
        ));
    }
}
