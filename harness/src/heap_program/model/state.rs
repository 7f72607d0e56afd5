//! What each operation does to the model's heap.

use super::super::answer::{Churned, Counts, GenerationStats, Info, Refusal, Returned};
use super::super::name::{Name, NameMap};
use super::super::op::{Generation, Kind, New, Op, SLOTS};
use super::collection;
use super::graph::Graph;
use super::mode::Mode;
use super::object::{Object, Serial, WeakReference};

/// What `reset` starts anew.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) graph: Graph,
    /// For each name the newest object with that id.
    ids: NameMap<Serial>,
    pub(super) roots: NameMap<Serial>,
    /// For each name the object that its weak reference was made for.
    weaks: NameMap<Serial>,
    is_enabled: bool,
    stats: [GenerationStats; 3],
    counts: Counts,
}

impl State {
    pub(super) fn walk(&mut self) {
        self.graph.walk(self.roots.iter().map(|(_, &serial)| serial));
    }

    pub(super) fn resolve(&self, id: Name) -> Result<Serial, Refusal> {
        self.ids
            .get(id)
            .copied()
            .filter(|&serial| self.graph.is_reached(serial))
            .ok_or(Refusal::Unreachable(id))
    }

    /// The object that a slot of it may be changed of.
    fn resolve_mutable(&self, id: Name) -> Result<Serial, Refusal> {
        let serial = self.resolve(id)?;
        if self.graph.objects[serial].kind == Kind::Tuple {
            Err(Refusal::Immutable(id))
        } else {
            Ok(serial)
        }
    }

    fn bind(&mut self, root: Name, to: Option<Serial>, mode: Mode) {
        if let Some(to) = to {
            self.graph.hold(to);
        }
        if let Some(old) = self.roots.set(root, to) {
            self.graph.release(old, mode.counts());
        }
    }

    pub(super) fn run(&mut self, op: &Op, mode: Mode) -> Result<Option<Returned>, Refusal> {
        match op {
            Op::New(new) => self.make(new, mode)?,
            Op::Link { from, slot, to } => {
                let (from, to) = (self.resolve_mutable(*from)?, self.resolve(*to)?);
                self.graph.store(from, slot.index(), Some(to), mode.counts());
            }
            Op::Unlink { from, slot } => {
                let from = self.resolve_mutable(*from)?;
                self.graph.store(from, slot.index(), None, mode.counts());
            }
            Op::Root { name, to } => {
                let to = self.resolve(*to)?;
                self.bind(*name, Some(to), mode);
            }
            Op::Drop { name } => {
                self.roots.get(*name).ok_or(Refusal::NoRoot(*name))?;
                self.bind(*name, None, mode);
            }
            Op::Weakref { w, to, callback, .. } => {
                let to = self.resolve(*to)?;
                if self.graph.objects[to].kind != Kind::Node {
                    return Err(Refusal::NotWeaklyReferenceable);
                }
                self.forget_weak(*w);
                self.graph.objects[to]
                    .weaks
                    .push(WeakReference { w: *w, has_callback: callback.is_some() });
                self.weaks.set(*w, Some(to));
            }
            Op::DropWeakref { w } => self.forget_weak(*w),
            Op::Deref { w, root } => {
                let target = self
                    .weaks
                    .get(*w)
                    .copied()
                    .filter(|&serial| self.graph.objects[serial].is_alive);
                if let (Some(root), Some(target)) = (root, target) {
                    self.bind(*root, Some(target), mode);
                }
                return Ok(Some(Returned::Object(
                    target.and_then(|serial| self.graph.objects[serial].id),
                )));
            }
            Op::Collect { generation } => {
                return Ok(Some(Returned::Collected(self.collect(*generation, mode))));
            }
            Op::Enable | Op::Disable => {
                self.is_enabled = *op == Op::Enable;
                return Ok(Some(Returned::IsEnabled(self.is_enabled)));
            }
            Op::Counts => return Ok(Some(Returned::Counts(self.counts))),
            Op::Stats => return Ok(Some(Returned::Stats(self.stats))),
            Op::Garbage { .. } => return Ok(Some(Returned::Garbage(Vec::new()))),
            Op::Info { id } => return Ok(Some(Returned::Info(self.info(*id)?))),
            Op::Chain { length, close, root, .. } => self.make_chain(*length, *close, *root, mode),
            Op::Churn { length, .. } => {
                for _ in 0..*length {
                    let serial = self.graph.make(None, Kind::Node, vec![None; SLOTS]);
                    self.graph.store(serial, 0, Some(serial), mode.counts());
                }
                return Ok(Some(Returned::Churned(Churned {
                    alive: *length,
                    any_collected: false,
                })));
            }
            Op::Reset => {
                let opaque_links_last = self.graph.opaque_links_last;
                *self = State::default();
                self.graph.opaque_links_last = opaque_links_last;
            }
            // `Program::check_supported` refuses programs in which these would mean more.
            Op::Debug { .. }
            | Op::GcCallbacks { .. }
            | Op::Threshold { .. }
            | Op::Freeze
            | Op::Unfreeze => {}
        }
        Ok(None)
    }

    fn make(&mut self, new: &New, mode: Mode) -> Result<(), Refusal> {
        let slots = match new.kind {
            Kind::Node | Kind::Leaf => vec![None; SLOTS],
            Kind::Tuple => {
                new.of.iter().map(|&id| self.resolve(id).map(Some)).collect::<Result<_, _>>()?
            }
        };
        let serial = self.graph.make(Some(new.id), new.kind, slots);
        self.ids.set(new.id, Some(serial));
        self.bind(new.root, Some(serial), mode);
        Ok(())
    }

    /// Makes the members from the head on, so that they are numbered in that order.
    fn make_chain(&mut self, length: usize, close: bool, root: Name, mode: Mode) {
        let head = self.graph.make(None, Kind::Node, vec![None; SLOTS]);
        let mut last = head;
        for _ in 1..length {
            let member = self.graph.make(None, Kind::Node, vec![None; SLOTS]);
            self.graph.store(last, 0, Some(member), mode.counts());
            last = member;
        }
        if close {
            self.graph.store(last, 0, Some(head), mode.counts());
        }
        self.bind(root, Some(head), mode);
    }

    fn forget_weak(&mut self, w: Name) {
        if let Some(serial) = self.weaks.set(w, None) {
            self.graph.objects[serial].weaks.retain(|weak| weak.w != w);
        }
    }

    fn collect(&mut self, generation: Generation, mode: Mode) -> usize {
        if !mode.collects() {
            return 0;
        }
        let (oldest, promote_to) = match mode {
            Mode::Generations => (generation, generation.next()),
            _ => (Generation::OLD, Generation::OLD),
        };
        let collected = collection::collect(&mut self.graph, oldest, promote_to);
        let stats = &mut self.stats[usize::from(oldest.number())];
        stats.collections += 1;
        stats.collected += collected;
        // A collection of a generation makes the next older one wait for one more, and the younger
        // ones wait anew.
        self.counts = match oldest.number() {
            0 => Counts { gen1: self.counts.gen1 + 1, ..self.counts },
            1 => Counts { gen1: 0, gen2: self.counts.gen2 + 1 },
            _ => Counts::default(),
        };
        collected
    }

    fn info(&self, id: Name) -> Result<Info, Refusal> {
        let serial = self.resolve(id)?;
        let object = &self.graph.objects[serial];
        let is_tracked = object.kind.is_tracked();
        let mut referents: Vec<Name> = match is_tracked {
            true => object
                .slots
                .iter()
                .flatten()
                .filter(|&&target| target != serial)
                .filter_map(|&target| self.graph.objects[target].id)
                .collect(),
            false => Vec::new(),
        };
        referents.sort_unstable();
        referents.dedup();
        let refers =
            |holder: &&Object| holder.kind.is_tracked() && holder.slots.contains(&Some(serial));
        Ok(Info {
            strong: object.count,
            weak: object.weaks.len(),
            tracked: is_tracked,
            finalized: false,
            generation: is_tracked.then(|| object.generation.number()),
            referrers: self
                .graph
                .living()
                .map(|(_, holder)| holder)
                .filter(refers)
                .filter_map(|holder| holder.id)
                .collect(),
            referents,
        })
    }
}
