//! When collections start by themselves, as far as the arena's owner says so: one knob, [`Pacing`],
//! or a [`Threshold`] for each generation.

use core::fmt;

/// How much memory a collector may take to spare work: one number from memory to throughput.
///
/// It is the garbage that a full collection waits for, in percent of what lives: at 50, the default, a
/// heap in which 100 MiB live is collected when it has grown to 150. A collector may wait longer where
/// it has seen that little of the growth is garbage. The sizes of what is collected more often, such as
/// the nursery, change in proportion.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, NullCollector, Pacing, Rootable};
///
/// type Small = Arena<Rootable![()], NullCollector>;
/// let mut arena = Small::builder().pacing(Pacing::MEMORY).build(|_| ());
/// assert_eq!(arena.pacing().percent(), 15);
/// arena.set_pacing(Pacing::from_percent(100));
/// assert_eq!(arena.pacing().percent(), 100);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pacing(u16);

impl Pacing {
    /// Little memory: 15 percent.
    pub const MEMORY: Pacing = Pacing(15);
    /// The default: 50 percent.
    pub const BALANCED: Pacing = Pacing(50);
    /// Little work: 200 percent.
    pub const THROUGHPUT: Pacing = Pacing(200);

    const PERCENT_MIN: u16 = 5;
    const PERCENT_MAX: u16 = 1000;

    /// A full collection waits for so much garbage, in percent of what lives: 5 at least, and 1000 at
    /// most; other numbers mean the nearer of these.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::Pacing;
    ///
    /// assert!(Pacing::MEMORY < Pacing::from_percent(30));
    /// assert_eq!(Pacing::from_percent(0).percent(), 5);
    /// ```
    #[must_use]
    pub const fn from_percent(percent: u16) -> Pacing {
        if percent < Pacing::PERCENT_MIN {
            Pacing(Pacing::PERCENT_MIN)
        } else if percent > Pacing::PERCENT_MAX {
            Pacing(Pacing::PERCENT_MAX)
        } else {
            Pacing(percent)
        }
    }

    /// The number that [`from_percent`](Pacing::from_percent) takes.
    ///
    /// See the example of [`Pacing`].
    #[must_use]
    pub const fn percent(self) -> u16 {
        self.0
    }

    /// A size that is right by default, in the proportion of this to the default. For collectors.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::Pacing;
    ///
    /// assert_eq!(Pacing::BALANCED.scale(1000), 1000);
    /// assert_eq!(Pacing::THROUGHPUT.scale(1000), 4000);
    /// ```
    #[must_use]
    pub const fn scale(self, size: usize) -> usize {
        let (percent, of) = (self.0 as usize, Pacing::BALANCED.0 as usize);
        (size / of).saturating_mul(percent).saturating_add(size % of * percent / of)
    }
}

impl Default for Pacing {
    fn default() -> Pacing {
        Pacing::BALANCED
    }
}

impl fmt::Debug for Pacing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pacing({} %)", self.0)
    }
}

/// When a generation is collected: after so many objects, bytes or collections of the next younger
/// generation since it was last collected, whichever comes first.
///
/// With none of the three the collector chooses, which is the default. Zero is never reached, so that
/// the first of CPython's thresholds means the same here: `0` turns automatic collections off.
///
/// What counts is what was allocated since, for the youngest generation; for an older one, and for a
/// collector that counts references, by how much the heap has grown. The oldest of several generations
/// is collected after so many collections only if it has grown by a quarter as well, as in CPython: so
/// what is spent on full collections stays in proportion to what was allocated.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, NullCollector, Rootable, Threshold};
///
/// let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
/// // CPython's `gc.set_threshold(700, 10, 10)`.
/// arena.set_thresholds([
///     Threshold::AUTOMATIC.at_objects(700),
///     Threshold::AUTOMATIC.at_collections(10),
///     Threshold::AUTOMATIC.at_collections(10),
/// ]);
/// assert_eq!(arena.thresholds()[0].objects, Some(700));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Threshold {
    /// Objects.
    pub objects: Option<usize>,
    /// Bytes of objects, headers included.
    pub bytes: Option<usize>,
    /// Collections of the next younger generation. Means nothing for the youngest.
    pub collections: Option<usize>,
}

impl Threshold {
    /// The collector chooses.
    pub const AUTOMATIC: Threshold = Threshold { objects: None, bytes: None, collections: None };

    /// As this, and after so many objects.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::Threshold;
    ///
    /// let threshold = Threshold::AUTOMATIC.at_objects(2000).at_bytes(1 << 20);
    /// assert_eq!((threshold.objects, threshold.bytes), (Some(2000), Some(1 << 20)));
    /// ```
    #[must_use]
    pub const fn at_objects(mut self, objects: usize) -> Threshold {
        self.objects = Some(objects);
        self
    }

    /// As this, and after so many bytes of objects, headers included.
    ///
    /// See the example of [`at_objects`](Threshold::at_objects).
    #[must_use]
    pub const fn at_bytes(mut self, bytes: usize) -> Threshold {
        self.bytes = Some(bytes);
        self
    }

    /// As this, and after so many collections of the next younger generation.
    ///
    /// See the example of [`Threshold`].
    #[must_use]
    pub const fn at_collections(mut self, collections: usize) -> Threshold {
        self.collections = Some(collections);
        self
    }

    /// Whether the collector chooses.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::Threshold;
    ///
    /// assert!(Threshold::default().is_automatic());
    /// assert!(!Threshold::AUTOMATIC.at_objects(0).is_automatic(), "that is never");
    /// ```
    #[must_use]
    pub const fn is_automatic(&self) -> bool {
        self.objects.is_none() && self.bytes.is_none() && self.collections.is_none()
    }
}
