//! When two answers to the same operation agree.

use super::answer::{Answer, Event, Info, Returned};
use super::name::Name;

/// What beside the state of the heap must agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Firm {
    /// The order of deaths and callbacks outside of collections: it is firm where objects die by a
    /// count to zero. Inside one collection no order is promised.
    pub order: bool,
    /// What collections return and what is said of single objects: not firm if the heap is
    /// collected at other moments than those that the program names.
    pub returned: bool,
}

/// Whether `found` is a right answer where `expected` is one.
#[must_use]
pub fn agree(expected: &Answer, found: &Answer, firm: Firm) -> bool {
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

fn same_events(expected: &Answer, found: &Answer, firm: Firm) -> bool {
    if expected.events == found.events {
        return true;
    }
    let is_ordered = firm.order && expected.op != "collect";
    !is_ordered && sorted(&expected.events) == sorted(&found.events)
}

fn same_returned(expected: &Answer, found: &Answer, firm: Firm) -> bool {
    match (&expected.ret, &found.ret) {
        (Some(Returned::Info(expected_info)), Some(Returned::Info(found_info))) => {
            // A replay does not see referrers that are unreachable.
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
        (expected, found) => expected == found,
    }
}

fn same_info(expected: &Info, found: &Info, compare_referrers: bool) -> bool {
    let plain =
        |info: &Info| (info.strong, info.weak, info.tracked, info.finalized, info.generation);
    plain(expected) == plain(found)
        && same_set(&expected.referents, &found.referents)
        && (!compare_referrers || same_set(&expected.referrers, &found.referrers))
}

fn same_set(a: &[Name], b: &[Name]) -> bool {
    let sorted = |names: &[Name]| {
        let mut names = names.to_vec();
        names.sort_unstable();
        names
    };
    a == b || sorted(a) == sorted(b)
}

fn sorted(events: &[Event]) -> Vec<Event> {
    let mut events = events.to_vec();
    events.sort_unstable();
    events
}

#[cfg(test)]
mod tests {
    use super::super::model::{Mode, answers};
    use super::super::parse::parse_program;
    use super::*;

    const STRICT: Firm = Firm { order: true, returned: true };
    const LOOSE: Firm = Firm { order: false, returned: false };

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
            assert!(agree(&answer, &answer, STRICT));
        }
    }

    #[test]
    fn the_order_of_deaths_matters_only_where_it_is_firm() {
        let drop = sample().remove(4);
        let mut swapped = drop.clone();
        swapped.events.reverse();
        assert!(!agree(&drop, &swapped, STRICT));
        assert!(agree(&drop, &swapped, LOOSE));
        let (mut collect, mut other) = (drop, swapped);
        (collect.op, other.op) = ("collect", "collect");
        assert!(agree(&collect, &other, STRICT));
    }

    #[test]
    fn what_a_collection_returns_matters_only_where_it_is_firm() {
        let collect = sample().pop().unwrap();
        let other = Answer { ret: Some(Returned::Collected(7)), ..collect.clone() };
        assert!(!agree(&collect, &other, STRICT));
        assert!(agree(&collect, &other, LOOSE));
    }

    #[test]
    fn the_state_of_the_heap_always_matters() {
        let collect = sample().pop().unwrap();
        assert!(!agree(&collect, &Answer { alive: 1, ..collect.clone() }, LOOSE));
        assert!(!agree(&collect, &Answer { died_unnamed: 2, ..collect.clone() }, LOOSE));
        assert!(!agree(&collect, &Answer { floating_unnamed: 1, ..collect.clone() }, LOOSE));
    }
}
