//! What the outside world remembers of objects that it must not hold: their names and that they
//! died; of collections, how many there were; of weak references, what they were made for.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use gc_core::collector::Attributes;
use gc_core::{Event as ArenaEvent, GcId, Listener, Reason};

use super::super::answer::{Counts, Event, GenerationStats};
use super::super::name::{Name, NameMap};
use super::super::op::Generation;
use super::object::{Happening, Happenings, Serial, Token};

/// What is remembered of one object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    /// What operations call it; `None` for a member of a chain.
    pub(super) id: Option<Name>,
    pub(super) is_alive: bool,
    /// How many collections' age it has: see [`Collections`].
    pub(super) generation: Generation,
    pub(super) is_frozen: bool,
}

/// What is remembered of all objects since the last reset.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) records: Vec<Record>,
    /// For each id the newest object that has it.
    pub(super) serials: NameMap<Serial>,
    /// The objects that operations have names for, by their identities.
    by_id: HashMap<GcId, Serial>,
    /// The weak references that have not been seen cleared.
    pub(super) weaks: NameMap<()>,
    /// The roots that are there and hold nothing.
    pub(super) empty_roots: NameMap<()>,
    /// The objects that have not been seen dead, in order.
    living: Vec<Serial>,
    pub(super) happenings: Happenings,
}

impl Book {
    /// A token for a new object.
    ///
    /// # Panics
    ///
    /// Panics if a program makes more than 2^32 objects.
    pub(super) fn enter(&mut self, id: Option<Name>) -> Token {
        let serial =
            Serial::try_from(self.records.len()).expect("a program makes fewer than 2^32 objects");
        self.records.push(Record {
            id,
            is_alive: true,
            generation: Generation::YOUNG,
            is_frozen: false,
        });
        self.living.push(serial);
        if let Some(id) = id {
            self.serials.set(id, Some(serial));
        }
        Token::new(serial, &self.happenings)
    }

    /// Notes the identity of an object that has a name.
    pub(super) fn identify(&mut self, id: GcId, serial: Serial) {
        self.by_id.insert(id, serial);
    }

    /// The object with an identity, if it has a name.
    pub(super) fn named(&self, id: GcId) -> Option<(Serial, Name)> {
        let serial = *self.by_id.get(&id)?;
        Some((serial, self.record(serial).id?))
    }

    /// Notes something that happened.
    pub(super) fn note(&self, event: Event) {
        self.happenings.borrow_mut().push(Happening::Other(event));
    }

    /// Notes that the finalizer of a chain's member ran.
    pub(super) fn note_member_finalized(&self) {
        self.happenings.borrow_mut().push(Happening::MemberFinalized);
    }

    /// What happened since the last call, in order. Objects that died are dead from now on.
    ///
    /// # Panics
    ///
    /// Panics if one of them was dead already: its drop glue ran twice.
    pub(super) fn take_happenings(&mut self) -> Vec<Happening> {
        let happenings = std::mem::take(&mut *self.happenings.borrow_mut());
        let mut any_died = false;
        for happening in &happenings {
            if let &Happening::Died(serial) = happening {
                let record = &mut self.records[serial as usize];
                assert!(
                    std::mem::replace(&mut record.is_alive, false),
                    "object {serial} was dropped twice"
                );
                any_died = true;
            }
        }
        if any_died {
            self.living.retain(|&serial| self.records[serial as usize].is_alive);
        }
        happenings
    }

    pub(super) fn record(&self, serial: Serial) -> &Record {
        &self.records[serial as usize]
    }

    /// How many objects are alive.
    pub(super) fn alive(&self) -> usize {
        self.living.len()
    }

    /// The objects that are alive.
    pub(super) fn living(&self) -> impl Iterator<Item = (Serial, &Record)> {
        self.living.iter().map(|&serial| (serial, self.record(serial)))
    }

    /// Everything that lives is frozen.
    pub(super) fn freeze(&mut self) {
        for &serial in &self.living {
            self.records[serial as usize].is_frozen = true;
        }
    }

    /// What is frozen is old from now on.
    pub(super) fn unfreeze(&mut self) {
        for record in self.records.iter_mut().filter(|record| record.is_frozen) {
            record.is_frozen = false;
            record.generation = Generation::OLD;
        }
    }

    /// Notes that an object is finalized: CPython takes it for a new one. If it is a collection that
    /// finalizes it, that ages it afterwards.
    pub(super) fn rejuvenate(&mut self, serial: Serial) {
        let record = &mut self.records[serial as usize];
        (record.generation, record.is_frozen) = (Generation::YOUNG, false);
    }

    /// Ages the objects that survived a collection: those of the first `made_before` that live.
    pub(super) fn promote(&mut self, collected: Generation, made_before: usize) {
        for &serial in self.living.iter().filter(|&&serial| (serial as usize) < made_before) {
            let record = &mut self.records[serial as usize];
            if record.generation <= collected {
                record.generation = collected.next();
            }
        }
    }
}

/// What the listener of an arena has counted.
///
/// A collector that looks for cycles but knows no generations collects the oldest one every time;
/// one that does not look for cycles collects nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Collections {
    pub(super) stats: [GenerationStats; 3],
    pub(super) counts: Counts,
    /// What the last one returned.
    pub(super) returned: usize,
    /// Where each is noted, if the program wants to be told.
    told: Option<Happenings>,
}

impl Collections {
    /// The generation of the file format that a collection has collected.
    pub(super) fn generation(attributes: &Attributes, collected: u8) -> Option<Generation> {
        match attributes {
            Attributes { reclaims_cycles: false, .. } => None,
            Attributes { generations: 1, .. } => Some(Generation::OLD),
            _ => Some(Generation::new(usize::from(collected)).unwrap_or(Generation::OLD)),
        }
    }

    /// Has the start and the end of each noted from now on, or of none; where they were noted before.
    pub(super) fn tell(&mut self, told: Option<Happenings>) -> Option<Happenings> {
        std::mem::replace(&mut self.told, told)
    }

    /// A listener that keeps `collections` up to date.
    pub(super) fn listener(
        collections: Rc<RefCell<Collections>>,
        attributes: &'static Attributes,
    ) -> impl Listener {
        move |event: &ArenaEvent| {
            let mut collections = collections.borrow_mut();
            match *event {
                ArenaEvent::CollectionStart { generation, .. } => {
                    if let Some(generation) = Collections::generation(attributes, generation) {
                        collections.note_event(false, generation, 0);
                    }
                }
                ArenaEvent::CollectionStop { collection } => {
                    let collected = collection.unreachable;
                    let generation = Collections::generation(attributes, collection.generation);
                    if let Some(generation) = generation {
                        collections.note_event(true, generation, collected);
                    }
                    if collection.reason == Reason::Explicit {
                        collections.returned = collected;
                        if let Some(generation) = generation {
                            collections.note(generation, collected);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn note_event(&self, has_ended: bool, generation: Generation, collected: usize) {
        if let Some(told) = &self.told {
            let generation = usize::from(generation.number());
            let event = Event::Collection { has_ended, generation, collected, uncollectable: 0 };
            told.borrow_mut().push(Happening::Other(event));
        }
    }

    fn note(&mut self, generation: Generation, collected: usize) {
        let stats = &mut self.stats[usize::from(generation.number())];
        stats.collections += 1;
        stats.collected += collected;
        self.counts = match generation.number() {
            0 => Counts { gen1: self.counts.gen1 + 1, ..self.counts },
            1 => Counts { gen1: 0, gen2: self.counts.gen2 + 1 },
            _ => Counts::default(),
        };
    }
}
