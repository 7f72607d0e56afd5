//! What is known of the run: [`Watching`].

use crate::observe::Update;

/// How a run has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With this answer.
    Answer(String),
    /// With a panic that said this.
    Panic(String),
}

/// What is known of the run that is watched.
#[derive(Clone, Debug)]
pub struct Watching {
    name: String,
    last: Option<Update>,
    allocated_bytes_per_second: f64,
    ending: Option<Ending>,
    is_standing: bool,
}

impl Watching {
    /// A run of this name, of which nothing is known yet.
    #[must_use]
    pub fn new(name: String) -> Self {
        let (last, ending) = (None, None);
        Watching { name, last, allocated_bytes_per_second: 0.0, ending, is_standing: false }
    }

    /// Takes what is new.
    pub fn update(&mut self, update: Update) {
        let before = self.last.as_ref();
        let before =
            before.map_or((Default::default(), 0), |it| (it.run, it.stats.allocated_bytes));
        let seconds = update.run.saturating_sub(before.0).as_secs_f64();
        if seconds > 0.0 {
            let bytes = update.stats.allocated_bytes.saturating_sub(before.1);
            self.allocated_bytes_per_second = bytes as f64 / seconds;
        }
        self.last = Some(update);
    }

    /// Notes that the run has ended.
    pub fn end(&mut self, ending: Ending) {
        self.ending = Some(ending);
    }

    /// Lets it stand or go on, and answers which of the two.
    pub fn toggle_standing(&mut self) -> bool {
        self.is_standing = !self.is_standing && self.ending.is_none();
        self.is_standing
    }

    /// The last update.
    #[must_use]
    pub fn last(&self) -> Option<&Update> {
        self.last.as_ref()
    }

    /// How the run has ended, if it has.
    #[must_use]
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// What is run.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn allocated_bytes_per_second(&self) -> f64 {
        self.allocated_bytes_per_second
    }

    /// What it does, in a word.
    #[must_use]
    pub fn status(&self) -> String {
        match &self.ending {
            Some(Ending::Answer(checksum)) => format!("ended, checksum {checksum}"),
            Some(Ending::Panic(message)) => format!("failed: {message}"),
            None if self.is_standing => "stands".to_owned(),
            None => "runs".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_rate_is_of_the_time_since_the_last_update() {
        let mut watching = Watching::new(String::new());
        for (seconds, bytes) in [(1, 100), (3, 500), (3, 500)] {
            let mut update = Update { run: Duration::from_secs(seconds), ..Update::default() };
            update.stats.allocated_bytes = bytes;
            watching.update(update);
        }
        assert_eq!(watching.allocated_bytes_per_second(), 200.0);
    }

    #[test]
    fn what_has_ended_does_not_stand() {
        let mut watching = Watching::new(String::new());
        assert!(watching.toggle_standing());
        assert_eq!(watching.status(), "stands");
        assert!(!watching.toggle_standing());
        watching.end(Ending::Panic("the heap is full".to_owned()));
        assert!(!watching.toggle_standing());
        assert_eq!(watching.status(), "failed: the heap is full");
    }
}
