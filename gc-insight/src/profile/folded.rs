//! Folded stacks, and the flame graph that is drawn from them.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::{Measure, Profile, Site};

impl Profile {
    /// Writes folded stacks: a line for each, its frames with semicolons between them, the outermost first,
    /// and bytes. What flame graph tools read.
    ///
    /// A site without a stack has its file for one. The last frames are the line and the type.
    ///
    /// # Errors
    ///
    /// If the writer fails.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{Arena, Gc, NullCollector, Rootable, Sampling};
    /// # use gc_insight::profile::{Measure, Profile};
    /// # let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// arena.profile_allocations(Some(Sampling::exact()));
    /// arena.enter(|mc, ()| (0..10).for_each(|number: u64| _ = Gc::new(mc, number)));
    /// let profile = Profile::from(&arena.allocation_profile().unwrap());
    /// let mut folded = Vec::new();
    /// profile.write_folded(&mut folded, Measure::Live)?;
    /// assert!(String::from_utf8(folded).unwrap().ends_with(";u64 160\n"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn write_folded(&self, mut to: impl Write, measure: Measure) -> io::Result<()> {
        for (stack, bytes) in self.fold(measure) {
            writeln!(to, "{stack} {bytes}")?;
        }
        Ok(())
    }

    /// Each stack once, with its bytes; those without any left out.
    fn fold(&self, measure: Measure) -> BTreeMap<String, u64> {
        let mut sums: BTreeMap<String, f64> = BTreeMap::new();
        for site in &self.sites {
            *sums.entry(folded(site)).or_default() += measure.of(site).bytes;
        }
        let whole = |(stack, bytes): (String, f64)| (stack, bytes.round() as u64);
        sums.into_iter().map(whole).filter(|&(_, bytes)| bytes > 0).collect()
    }

    /// Draws a flame graph, as SVG: each function as wide as the bytes that it and what it calls allocated.
    /// The picture is complete in itself, and says more where one points.
    ///
    /// With the feature `flame-graph`.
    ///
    /// # Errors
    ///
    /// If the writer fails.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{Arena, Gc, NullCollector, Rootable, Sampling};
    /// # use gc_insight::profile::{Measure, Profile};
    /// # let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// arena.profile_allocations(Some(Sampling::exact()));
    /// arena.enter(|mc, ()| (0..10).for_each(|number: u64| _ = Gc::new(mc, number)));
    /// let profile = Profile::from(&arena.allocation_profile().unwrap());
    /// let mut picture = Vec::new();
    /// profile.write_flame_graph(&mut picture, Measure::Live, "Live memory")?;
    /// assert!(String::from_utf8(picture).unwrap().contains("160 bytes"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[cfg(feature = "flame-graph")]
    pub fn write_flame_graph(
        &self,
        to: impl Write,
        measure: Measure,
        title: &str,
    ) -> io::Result<()> {
        use inferno::flamegraph::{self, Options, Palette, color::BasicPalette};

        let mut options = Options::default();
        options.title = title.to_owned();
        options.count_name = "bytes".to_owned();
        options.colors = Palette::Basic(BasicPalette::Mem);
        // The same profile gives the same picture.
        options.deterministic = true;
        let folded: Vec<String> = self
            .fold(measure)
            .into_iter()
            .map(|(stack, bytes)| format!("{stack} {bytes}"))
            .collect();
        if folded.is_empty() {
            // The library refuses to draw nothing.
            return flamegraph::from_lines(&mut options, ["nothing 1"], to);
        }
        flamegraph::from_lines(&mut options, folded.iter().map(String::as_str), to)
    }
}

/// The frames of a site, the outermost first.
fn folded(site: &Site) -> String {
    let mut frames: Vec<String> = match site.stack.is_empty() {
        true => vec![frame(&site.file)],
        false => site.stack.iter().map(|each| frame(&each.function)).collect(),
    };
    frames.push(frame(&format!("{}:{}", site.file, site.line)));
    frames.push(frame(&site.type_name));
    frames.join(";")
}

/// A name with nothing in it that means something in a folded stack.
fn frame(name: &str) -> String {
    // `[u8; 4]` has a semicolon.
    name.replace(';', ",").replace('\n', " ")
}
