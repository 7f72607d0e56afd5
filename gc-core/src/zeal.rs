//! Settings that make rare paths common: [`Zeal`].
//!
//! They are looked at where the heap takes a block, at safepoints, and where a collector chooses; what
//! happens often does not know of them. So they are compiled in always, and an arena without them pays
//! nothing. What they cannot change at run time, the lengths of queues in the loops of a trace and the
//! bits of a count, is made small by `--cfg gc_zeal` when the crates are built.

use core::fmt;
use core::str::FromStr;

use fastrand::Rng;

/// Settings that make rare paths common, for tests: what is seldom decided is decided often, what is
/// large is small, and what does not fail fails. Each can be set apart, or
/// [drawn](Zeal::random); as text they are short words, so that a test that failed can be repeated.
///
/// Whatever is set, an arena keeps what it promises: nothing reachable is reclaimed, and an explicit
/// collection finds all that it finds without zeal.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Choice, NullCollector, Rootable, Zeal};
///
/// let mut zeal: Zeal = "collect evacuate=always seed=7".parse()?;
/// assert!(zeal.collect && zeal.evacuate == Choice::Always);
/// zeal.fail_allocation_at = Some(3);
/// assert_eq!(zeal.to_string(), "collect evacuate=always fail-allocation=3 seed=7");
///
/// let builder = Arena::<Rootable![()], NullCollector>::builder().zeal(zeal);
/// let mut arena = builder.build(|_| ());
/// (0..10).for_each(|_| arena.mutate(|_, ()| ()));
/// assert_eq!(arena.stats().safepoints, 10);
/// # Ok::<(), gc_core::ParseZealError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Zeal {
    /// Collect at every safepoint, as far as collections may start by themselves: a generation that is
    /// drawn.
    pub collect: bool,
    /// A nursery of one block, unless its size is [fixed](crate::ArenaBuilder::nursery_bytes).
    pub tiny_nursery: bool,
    /// Whether a collector that moves objects empties a block in which some are old.
    pub evacuate: Choice,
    /// Whether it promotes the young, and those that have aged, where they lie, instead of copying them.
    pub promote_in_place: Choice,
    /// Whatever else is decided by a heuristic is drawn: when to collect, what and how thoroughly, how
    /// large the nursery and an epoch are, which memory is used next, and what goes back to the system.
    /// Choices that are [usual](Choice::Usual) are drawn, too.
    pub random_policy: bool,
    /// Lists that are bounded are short: the log before a safepoint is due, and what trial deletion may
    /// reach before it gives up. However small a heap is, several threads mark it if there are any.
    pub short_lists: bool,
    /// Memory that becomes free is filled with a pattern: what still refers to it meets no object.
    pub poison: bool,
    /// Blocks that become free are kept back for a while, so that what still refers to them does not meet
    /// new objects. If the system has no memory they are used all the same.
    pub quarantine: bool,
    /// The allocation with this number, counted from one, fails: `try_new` and its like give the value
    /// back, as if the heap were full.
    pub fail_allocation_at: Option<u64>,
    /// The chunk with this number, counted from one, cannot be had, as if the system had no memory.
    pub fail_chunk_at: Option<u64>,
    /// Where what is drawn begins.
    pub seed: u64,
}

/// How a collector makes up its mind.
///
/// See the example of [`Zeal`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Choice {
    /// By its heuristic.
    #[default]
    Usual,
    /// Yes, wherever it may.
    Always,
    /// No, unless it must.
    Never,
    /// By a number that is drawn.
    Random,
}

impl Choice {
    const NAMED: [(Choice, &str); 3] =
        [(Choice::Always, "always"), (Choice::Never, "never"), (Choice::Random, "random")];

    /// The choice, if it is made whoever asks.
    pub(crate) fn fixed(self) -> Option<bool> {
        match self {
            Choice::Always => Some(true),
            Choice::Never => Some(false),
            Choice::Usual | Choice::Random => None,
        }
    }

    fn random(rng: &mut Rng) -> Choice {
        rng.choice([Choice::Usual, Choice::Always, Choice::Never, Choice::Random])
            .unwrap_or_default()
    }
}

impl Zeal {
    /// Nothing is set: the default.
    pub const OFF: Zeal = Zeal {
        collect: false,
        tiny_nursery: false,
        evacuate: Choice::Usual,
        promote_in_place: Choice::Usual,
        random_policy: false,
        short_lists: false,
        poison: false,
        quarantine: false,
        fail_allocation_at: None,
        fail_chunk_at: None,
        seed: 0,
    };

    /// All at once, with choices that are drawn; but nothing fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{Choice, Zeal};
    ///
    /// let zeal = Zeal::everything(7);
    /// assert!(zeal.collect && zeal.random_policy && zeal.evacuate == Choice::Always);
    /// assert_eq!(zeal.fail_allocation_at, None);
    /// ```
    #[must_use]
    pub const fn everything(seed: u64) -> Zeal {
        Zeal {
            collect: true,
            tiny_nursery: true,
            evacuate: Choice::Always,
            promote_in_place: Choice::Random,
            random_policy: true,
            short_lists: true,
            poison: true,
            quarantine: true,
            seed,
            ..Zeal::OFF
        }
    }

    /// Settings drawn by a seed, each on its own; nothing fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::Zeal;
    ///
    /// assert_eq!(Zeal::random(7), Zeal::random(7));
    /// assert!((0..100).any(|seed| !Zeal::random(seed).collect));
    /// ```
    #[must_use]
    pub fn random(seed: u64) -> Zeal {
        let mut rng = Rng::with_seed(seed);
        Zeal {
            collect: rng.bool(),
            tiny_nursery: rng.bool(),
            evacuate: Choice::random(&mut rng),
            promote_in_place: Choice::random(&mut rng),
            random_policy: rng.bool(),
            short_lists: rng.bool(),
            poison: rng.bool(),
            quarantine: rng.bool(),
            seed,
            ..Zeal::OFF
        }
    }

    /// The settings that are on or off, by their words.
    fn switches(&mut self) -> [(&mut bool, &'static str); 6] {
        [
            (&mut self.collect, "collect"),
            (&mut self.tiny_nursery, "tiny-nursery"),
            (&mut self.random_policy, "random-policy"),
            (&mut self.short_lists, "short-lists"),
            (&mut self.poison, "poison"),
            (&mut self.quarantine, "quarantine"),
        ]
    }

    fn choices(&mut self) -> [(&mut Choice, &'static str); 2] {
        [(&mut self.evacuate, "evacuate"), (&mut self.promote_in_place, "promote-in-place")]
    }

    fn failures(&mut self) -> [(&mut Option<u64>, &'static str); 2] {
        [(&mut self.fail_allocation_at, "fail-allocation"), (&mut self.fail_chunk_at, "fail-chunk")]
    }

    /// Sets what a word says; whether it says anything.
    fn set(&mut self, word: &str) -> bool {
        let Some((name, value)) = word.split_once('=') else {
            let mut switches = self.switches().into_iter();
            return match switches.find(|(_, name)| *name == word) {
                Some((switch, _)) => {
                    *switch = true;
                    true
                }
                None => word == "off",
            };
        };
        if let Some((choice, _)) = self.choices().into_iter().find(|(_, other)| *other == name) {
            let named = Choice::NAMED.into_iter().find(|(_, text)| *text == value);
            return named.inspect(|(named, _)| *choice = *named).is_some();
        }
        let Ok(number) = value.parse() else { return false };
        if let Some((failure, _)) = self.failures().into_iter().find(|(_, other)| *other == name) {
            *failure = Some(number).filter(|&number| number > 0);
            return failure.is_some();
        }
        self.seed = number;
        name == "seed"
    }
}

/// Words with spaces between them that [`from_str`](Zeal::from_str) takes; `off` if nothing is set.
impl fmt::Display for Zeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Zeal::OFF {
            return f.write_str("off");
        }
        // To name a field and to set it is one list.
        let mut zeal = *self;
        let mut separator = "";
        for (_, name) in zeal.switches().into_iter().filter(|(is_set, _)| **is_set) {
            write!(f, "{separator}{name}")?;
            separator = " ";
        }
        for (choice, name) in zeal.choices() {
            if let Some((_, text)) = Choice::NAMED.into_iter().find(|(named, _)| named == choice) {
                write!(f, "{separator}{name}={text}")?;
                separator = " ";
            }
        }
        for (failure, name) in zeal.failures() {
            if let Some(number) = failure {
                write!(f, "{separator}{name}={number}")?;
                separator = " ";
            }
        }
        if self.seed != 0 {
            write!(f, "{separator}seed={}", self.seed)?;
        }
        Ok(())
    }
}

/// The text of a [`Zeal`] has a word that means nothing.
///
/// # Examples
///
/// ```
/// use gc_core::Zeal;
///
/// let error = "collect evacuate=sometimes".parse::<Zeal>().unwrap_err();
/// assert_eq!(error.to_string(), "the word 2 is none of those that set zeal");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseZealError {
    /// Which word, counted from one.
    word: usize,
}

impl fmt::Display for ParseZealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the word {} is none of those that set zeal", self.word)
    }
}

impl core::error::Error for ParseZealError {}

/// Reads the words that [`Display`](fmt::Display) writes, with spaces or commas between them.
impl FromStr for Zeal {
    type Err = ParseZealError;

    fn from_str(text: &str) -> Result<Zeal, ParseZealError> {
        let mut zeal = Zeal::OFF;
        let words = text.split([' ', ',']).filter(|word| !word.is_empty());
        for (index, word) in words.enumerate() {
            if !zeal.set(word) {
                return Err(ParseZealError { word: index + 1 });
            }
        }
        Ok(zeal)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn what_is_printed_is_read_again() {
        for seed in 0..200 {
            let mut zeal = Zeal::random(seed);
            zeal.fail_allocation_at = (seed % 3 == 0).then_some(seed + 1);
            zeal.fail_chunk_at = (seed % 5 == 0).then_some(seed + 1);
            assert_eq!(zeal.to_string().parse(), Ok(zeal));
        }
        assert_eq!(Zeal::OFF.to_string(), "off");
        assert_eq!("off".parse(), Ok(Zeal::OFF));
        assert_eq!("".parse(), Ok(Zeal::OFF));
        let zeal = Zeal::everything(3);
        assert_eq!(zeal.to_string().parse(), Ok(zeal));
    }

    #[test]
    fn words_that_mean_nothing_are_refused() {
        for text in [
            "fail-chunk=0",
            "fail-chunk=",
            "fail-chunk",
            "evacuate",
            "evacuate=",
            "evacuate=usual",
            "collect=1",
            "seed=-1",
            "sed=1",
            "Collect",
        ] {
            assert_eq!(text.parse::<Zeal>(), Err(ParseZealError { word: 1 }), "{text}");
            let behind = alloc::format!("collect, {text}");
            assert_eq!(behind.parse::<Zeal>(), Err(ParseZealError { word: 2 }), "{text}");
        }
    }

    #[test]
    fn each_setting_is_drawn_both_ways() {
        let drawn: alloc::vec::Vec<Zeal> = (0..200).map(Zeal::random).collect();
        let mut off = Zeal::OFF;
        for place in 0..off.switches().len() {
            let is_set = |zeal: &&Zeal| *{ **zeal }.switches()[place].0;
            let set = drawn.iter().filter(is_set).count();
            assert!((50..150).contains(&set), "{set} of 200 at {place}");
        }
        for place in 0..off.choices().len() {
            for choice in [Choice::Usual, Choice::Always, Choice::Never, Choice::Random] {
                let is_made = |zeal: &&Zeal| *{ **zeal }.choices()[place].0 == choice;
                assert!(drawn.iter().filter(is_made).count() > 20, "{choice:?} at {place}");
            }
        }
    }
}
