//! Weak references: the table of weakly held objects, the cells, and the flags of both.

use super::super::{Flag, ObjectRef};
use super::territory::Standing;
use super::{FaultKind, Verifier};
use crate::weak::{WeakCell, WeakKind};
use crate::weak_entry::EntryCell;

impl Verifier<'_> {
    pub(super) fn check_weak(&mut self) {
        let heap = self.heap;
        let weak = heap.weak.borrow();
        let [mut table_cells, mut ephemerons] = [0; 2];
        for (&target, cells) in &weak.cells {
            if !self.check_live(FaultKind::Weak, "the weak table", target) {
                continue;
            }
            // SAFETY: it is an object, whose header was looked at.
            if !unsafe { target.header() }.has(Flag::WeaklyHeld) {
                let message = "it is in the weak table, and has no flag that says so";
                self.fault(FaultKind::Weak, Some(target), message);
            }
            if cells.is_empty() {
                self.fault(
                    FaultKind::Weak,
                    Some(target),
                    "it is in the weak table, and has no cell",
                );
            }
            for cell in cells.ordinary().chain(cells.shared(WeakKind::Tracking)) {
                table_cells += 1;
                if self.check_live(FaultKind::Weak, "the weak table, as a cell,", cell) {
                    ephemerons += usize::from(self.check_cell(target, cell));
                }
            }
        }
        if ephemerons != weak.ephemerons {
            let message = alloc::format!(
                "{ephemerons} ephemerons have values, and {} were counted",
                weak.ephemerons
            );
            self.fault(FaultKind::Weak, None, message);
        }
        for &value in &weak.released {
            self.check_live(FaultKind::Weak, "the list of released values", value);
        }
        for &target in &weak.young {
            self.check_live(FaultKind::Weak, "the list of new weak references", target);
        }
        for &cell in &weak.young_ephemerons {
            self.check_live(FaultKind::Weak, "the list of new ephemerons", cell);
        }

        // All that have a target are in the table, so as many as there are.
        let mut cells = 0;
        let may_be_dying = heap.is_calling;
        let mut check = |verifier: &mut Self, object: ObjectRef| {
            // SAFETY: its header was looked at.
            let header = unsafe { object.header() };
            let is_held = header.has(Flag::WeaklyHeld);
            if header.descriptor().weak_cell().is_some() {
                // SAFETY: its descriptor says so.
                let target = unsafe { WeakCell::of(object) }.target();
                cells += usize::from(target.is_some());
                if target.is_some() && !is_held {
                    let message = "it is a cell with a target, and has no flag that says so";
                    verifier.fault(FaultKind::Weak, Some(object), message);
                }
            } else if is_held && !may_be_dying && !weak.cells.contains_key(&object) {
                let message = "it has the flag of what is weakly held, and is not in the table";
                verifier.fault(FaultKind::Weak, Some(object), message);
            }
        };
        heap.for_each_mature(|object| check(self, object));
        for object in self.young.clone() {
            check(self, object);
        }
        // Of young ones some may not have been found: see Note [Weaker].
        if cells > table_cells || (cells < table_cells && self.territory.is_nothing_young()) {
            let message =
                alloc::format!("{cells} cells have targets, and {table_cells} are in the table");
            self.fault(FaultKind::Weak, None, message);
        }
    }

    /// Checks a cell of the table; whether it has a value.
    fn check_cell(&mut self, target: ObjectRef, cell: ObjectRef) -> bool {
        // SAFETY: it is an object, whose header was looked at.
        let kind = unsafe { cell.descriptor() }.weak_cell();
        if kind.is_none() {
            self.fault(
                FaultKind::Weak,
                Some(cell),
                "the weak table has it as a cell, and it is none",
            );
            return false;
        }
        // SAFETY: its descriptor says so.
        if unsafe { WeakCell::of(cell) }.target() != Some(target) {
            let message = "the weak table has it as a cell of another target than it has";
            self.fault(FaultKind::Weak, Some(cell), message);
        }
        // SAFETY: as above.
        let value = (kind == Some(WeakKind::Entry)).then(|| unsafe { EntryCell::of(cell) }.value());
        let value = value.flatten();
        let is_old = self.territory.standing(cell) == Standing::Mature;
        if is_old && self.territory.standing(target) == Standing::Young {
            self.fault(FaultKind::Weak, Some(target), "it is young, and an old cell leads to it");
        }
        if let Some(value) = value
            && self.check_live(FaultKind::Weak, "an ephemeron, as its value,", value)
            && is_old
            && self.territory.standing(value) == Standing::Young
        {
            self.fault(
                FaultKind::Weak,
                Some(value),
                "it is young, and the value of an old ephemeron",
            );
        }
        value.is_some()
    }
}
