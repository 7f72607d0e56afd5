//! What an input decides.

/// Bytes, each of which decides one thing. When they are used up everything is decided the first way
/// there is.
pub(crate) struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Choices<'a> {
        Choices(bytes)
    }

    pub(crate) fn is_exhausted(&self) -> bool {
        self.0.is_empty()
    }

    /// What has not decided anything yet.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }

    /// A number below `bound`, which is at most 256.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let Some((&byte, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(byte) % bound
    }

    /// True for half of the bytes, and not when they are used up.
    pub(crate) fn flag(&mut self) -> bool {
        self.below(2) == 1
    }

    /// One of several.
    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}
