//! How many objects of each type there are, and how that changes: [`Census`], [`Growth`].

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;

use gc_core::{AnyGc, HeapView};

use crate::text::Bytes;

/// What objects are counted by.
///
/// See the example of [`Census`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// The name of their type.
    pub type_name: &'static str,
    /// Where they were allocated, if that is known and asked for.
    pub site: Option<&'static Location<'static>>,
}

/// As `Node`, or `Node at src/main.rs:12`.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.type_name)?;
        match self.site {
            None => Ok(()),
            Some(site) => write!(f, " at {}:{}", site.file(), site.line()),
        }
    }
}

/// Objects and their bytes.
///
/// See the example of [`Census`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How many objects there are.
    pub objects: usize,
    /// Their bytes, headers included.
    pub bytes: usize,
}

impl Count {
    fn add(&mut self, other: Count) {
        self.objects += other.objects;
        self.bytes += other.bytes;
    }
}

/// How many objects of each kind there are in a heap, and their bytes. It is printed as a table, that
/// of which there is most first.
///
/// It counts what [`HeapView::objects`] lists: garbage that was not reclaimed is there, too.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, NullCollector, Rootable};
/// use gc_insight::leak::Census;
///
/// let mut arena: Arena<Rootable![Vec<Gc<'_, u64>>], NullCollector> = Arena::new(|_| Vec::new());
/// arena.mutate_root(|mc, root| root.extend((0..10).map(|number| Gc::new(mc, number))));
/// let before = arena.inspect(|heap, _| Census::of(heap));
/// assert_eq!(before.of_type("u64").objects, 10);
///
/// arena.mutate_root(|mc, root| root.extend((0..5).map(|number| Gc::new(mc, number))));
/// let after = arena.inspect(|heap, _| Census::of(heap));
/// let growth = after.since(&before);
/// let [row] = growth.rows() else { panic!("{growth}") };
/// assert_eq!((row.kind.type_name, row.objects, row.now.objects), ("u64", 5, 15));
/// assert_eq!((after.total().objects, after.rows().count()), (15, 1));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    counts: BTreeMap<Kind, Count>,
}

impl Census {
    /// Counts the objects of each type.
    ///
    /// # Complexity
    ///
    /// O(objects) time; O(types) memory.
    ///
    /// # Examples
    ///
    /// See the example of [`Census`].
    #[must_use]
    pub fn of(heap: &HeapView<'_>) -> Census {
        Census::count(heap.objects(), |_| None)
    }

    /// Counts the objects of each type and allocation site, as far as the arena knows it (see
    /// [`Arena::profile_allocations`](gc_core::Arena::profile_allocations)): objects that were not
    /// sampled are counted by their type alone.
    ///
    /// # Complexity
    ///
    /// O(objects) time; O(types and sites) memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{Arena, Gc, NullCollector, Rootable, Sampling};
    /// use gc_insight::leak::Census;
    ///
    /// let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// arena.mutate(|mc, ()| _ = Gc::new(mc, 1_u64));
    /// arena.profile_allocations(Some(Sampling::exact()));
    /// arena.mutate(|mc, ()| (0..3).for_each(|n| _ = Gc::new(mc, n as u64)));
    /// let census = arena.inspect(|heap, _| Census::by_site(heap));
    /// let [(unknown, one), (known, three)] = census.rows().collect::<Vec<_>>()[..] else { panic!() };
    /// assert_eq!((unknown.site, one.objects, three.objects), (None, 1, 3));
    /// assert_eq!(known.site.map(|site| site.line()), Some(line!() - 4));
    /// ```
    #[must_use]
    pub fn by_site(heap: &HeapView<'_>) -> Census {
        Census::of_objects(heap, heap.objects())
    }

    /// Counts these objects, by type and site.
    pub(super) fn of_objects<'gc>(
        heap: &HeapView<'gc>,
        objects: impl Iterator<Item = AnyGc<'gc>>,
    ) -> Census {
        Census::count(objects, |object| heap.allocation_site(object).map(|site| site.location()))
    }

    fn count<'gc>(
        objects: impl Iterator<Item = AnyGc<'gc>>,
        site: impl Fn(AnyGc<'gc>) -> Option<&'static Location<'static>>,
    ) -> Census {
        let mut census = Census::default();
        for object in objects {
            let kind = Kind { type_name: object.type_name(), site: site(object) };
            census.add(kind, Count { objects: 1, bytes: object.size_bytes() });
        }
        census
    }

    /// The same, whatever the sites.
    pub(super) fn by_type(&self) -> Census {
        let mut census = Census::default();
        for (kind, count) in self.rows() {
            census.add(Kind { site: None, ..kind }, count);
        }
        census
    }

    fn add(&mut self, kind: Kind, count: Count) {
        self.counts.entry(kind).or_default().add(count);
    }

    /// What there is of each kind, in the order of their names.
    ///
    /// See the example of [`Census`].
    pub fn rows(&self) -> impl Iterator<Item = (Kind, Count)> + '_ {
        self.counts.iter().map(|(&kind, &count)| (kind, count))
    }

    /// What there is of a type, wherever it was allocated.
    ///
    /// See the example of [`Census`].
    #[must_use]
    pub fn of_type(&self, type_name: &str) -> Count {
        sum(self.rows().filter(|(kind, _)| kind.type_name == type_name))
    }

    /// What there is together.
    ///
    /// See the example of [`Census`].
    #[must_use]
    pub fn total(&self) -> Count {
        sum(self.rows())
    }

    /// What has changed since an earlier census.
    ///
    /// See the example of [`Census`].
    #[must_use]
    pub fn since(&self, earlier: &Census) -> Growth {
        let gone = earlier.counts.keys().filter(|kind| !self.counts.contains_key(kind));
        let changed = self.counts.keys().chain(gone).filter_map(|&kind| {
            let [before, now] =
                [earlier, self].map(|census| census.counts.get(&kind).copied().unwrap_or_default());
            (before != now).then(|| GrowthRow {
                kind,
                objects: difference(before.objects, now.objects),
                bytes: difference(before.bytes, now.bytes),
                now,
            })
        });
        let mut rows: Vec<GrowthRow> = changed.collect();
        rows.sort_by_key(|row| (Reverse(row.bytes), Reverse(row.objects), row.kind));
        Growth { rows }
    }
}

fn sum(rows: impl Iterator<Item = (Kind, Count)>) -> Count {
    rows.fold(Count::default(), |mut sum, (_, count)| {
        sum.add(count);
        sum
    })
}

/// No object is so large that the difference does not fit.
fn difference(before: usize, now: usize) -> i64 {
    now as i64 - before as i64
}

/// So many rows are printed.
const ROWS_MAX: usize = 20;

impl fmt::Display for Census {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows: Vec<(Kind, Count)> = self.rows().collect();
        rows.sort_by_key(|&(kind, count)| (Reverse(count.bytes), kind));
        write!(f, "{:>10} {:>10}  type", "objects", "bytes")?;
        for (kind, Count { objects, bytes }) in rows.iter().take(ROWS_MAX) {
            write!(f, "\n{objects:>10} {:>10}  {kind}", Bytes(*bytes as u64))?;
        }
        write_rest(f, rows.len())
    }
}

fn write_rest(f: &mut fmt::Formatter<'_>, rows: usize) -> fmt::Result {
    match rows.saturating_sub(ROWS_MAX) {
        0 => Ok(()),
        rest => write!(f, "\nand {rest} more"),
    }
}

/// What has changed between two censuses: see [`Census::since`].
///
/// It is printed as a table of what there is more of (as objgraph's `show_growth` does).
///
/// # Examples
///
/// ```
/// # use gc_core::{Arena, Gc, NullCollector, Rootable};
/// # use gc_insight::leak::Census;
/// # let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
/// let before = arena.inspect(|heap, _| Census::of(heap));
/// arena.mutate(|mc, ()| (0..3).for_each(|_| _ = Gc::new_str(mc, "leaked")));
/// let growth = arena.inspect(|heap, _| Census::of(heap)).since(&before);
/// assert!(growth.has_grown());
/// assert_eq!(growth.to_string().lines().count(), 2);
/// println!("{growth}");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Growth {
    rows: Vec<GrowthRow>,
}

/// How what there is of a kind has changed.
///
/// See the example of [`Census`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrowthRow {
    /// The kind.
    pub kind: Kind,
    /// How many objects more there are; negative if there are fewer.
    pub objects: i64,
    /// How many bytes more there are; negative if there are fewer.
    pub bytes: i64,
    /// What there is now.
    pub now: Count,
}

impl Growth {
    /// The kinds of which the count or the bytes have changed: those first that have grown by most
    /// bytes.
    ///
    /// See the example of [`Census`].
    #[must_use]
    pub fn rows(&self) -> &[GrowthRow] {
        &self.rows
    }

    /// The kinds of which there are more objects, those first that have grown by most bytes. That an
    /// array was replaced by a larger one is not among it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_insight::leak::Growth;
    ///
    /// assert_eq!(Growth::default().grown().count(), 0);
    /// ```
    pub fn grown(&self) -> impl Iterator<Item = &GrowthRow> {
        self.rows.iter().filter(|row| row.objects > 0)
    }

    /// Whether there are more objects of any kind.
    ///
    /// See the example of [`Growth`].
    #[must_use]
    pub fn has_grown(&self) -> bool {
        self.grown().next().is_some()
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = |row: &&GrowthRow| row.objects > 0 || row.bytes > 0;
        let rows: Vec<&GrowthRow> = self.rows.iter().filter(more).collect();
        if rows.is_empty() {
            return f.write_str("nothing has grown");
        }
        write!(f, "{:>10} {:>10} {:>10}  type", "objects", "more", "bytes")?;
        for GrowthRow { kind, objects, bytes, now } in rows.iter().take(ROWS_MAX) {
            let sign = if *bytes < 0 { "-" } else { "+" };
            let bytes = format!("{sign}{}", Bytes(bytes.unsigned_abs()));
            write!(f, "\n{:>10} {objects:>+10} {bytes:>10}  {kind}", now.objects)?;
        }
        write_rest(f, rows.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn census(rows: &[(&'static str, usize, usize)]) -> Census {
        let mut census = Census::default();
        for &(type_name, objects, bytes) in rows {
            census.add(Kind { type_name, site: None }, Count { objects, bytes });
        }
        census
    }

    #[test]
    fn growth_is_sorted_and_what_has_not_changed_is_left_out() {
        let before =
            census(&[("gone", 1, 10), ("same", 5, 50), ("more", 5, 50), ("wider", 1, 100)]);
        let after = census(&[("same", 5, 50), ("more", 7, 70), ("wider", 1, 300), ("new", 3, 90)]);
        let growth = after.since(&before);
        let rows: Vec<_> =
            growth.rows().iter().map(|row| (row.kind.type_name, row.objects, row.bytes)).collect();
        assert_eq!(rows, [("wider", 0, 200), ("new", 3, 90), ("more", 2, 20), ("gone", -1, -10)]);
        let grown: Vec<_> = growth.grown().map(|row| row.kind.type_name).collect();
        assert_eq!(grown, ["new", "more"]);
        let expected = "   objects       more      bytes  type
         1         +0     +200 B  wider
         3         +3      +90 B  new
         7         +2      +20 B  more";
        assert_eq!(growth.to_string(), expected);
        assert!(!before.since(&before).has_grown());
        assert_eq!(before.since(&before).to_string(), "nothing has grown");
    }

    #[test]
    fn sites_tell_objects_of_one_type_apart_and_a_type_has_all_of_them() {
        let sites = [Location::caller(), there()];
        let mut census = Census::default();
        for site in [None, Some(sites[0]), Some(sites[1])] {
            census.add(Kind { type_name: "T", site }, Count { objects: 1, bytes: 8 });
        }
        assert_eq!((census.rows().count(), census.of_type("T").objects), (3, 3));
        assert_eq!(census.total(), Count { objects: 3, bytes: 24 });
        let named = census.rows().filter(|(kind, _)| kind.to_string().contains("census.rs:"));
        assert_eq!(named.count(), 2);
    }

    fn there() -> &'static Location<'static> {
        Location::caller()
    }

    #[test]
    fn a_long_table_is_cut() {
        let names: Vec<&'static str> = (0..25).map(|n| &*format!("T{n}").leak()).collect();
        let rows: Vec<_> = names.iter().map(|&name| (name, 1, 8)).collect();
        let text = census(&rows).to_string();
        assert_eq!(text.lines().count(), 22);
        assert!(text.ends_with("and 5 more"), "{text}");
    }
}
