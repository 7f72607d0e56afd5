//! Call stacks: taken as addresses when an object is sampled, named when a profile is made.

use std::collections::HashMap;

use gc_core::Sampling;

use super::Frame;

/// Notes the call stack of each sample.
///
/// With the feature `backtrace`.
///
/// Costs some microseconds for each sample. Names and lines take debug information in the program:
/// `debug = "line-tables-only"` in the profile of a release build is enough.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, Mutation, NullCollector, Rootable, Sampling};
/// use gc_insight::profile::{Profile, with_stacks};
///
/// #[inline(never)]
/// fn load_settings(mc: &Mutation<'_>) {
///     _ = Gc::new_str(mc, "verbose = true");
/// }
///
/// let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
/// arena.profile_allocations(Some(with_stacks(Sampling::exact())));
/// arena.enter(|mc, ()| load_settings(mc));
/// let profile = Profile::from(&arena.allocation_profile().unwrap());
/// let stack = &profile.sites[0].stack;
/// // What lies between that call and the allocation is of no interest.
/// assert!(stack.last().unwrap().function.contains("load_settings"));
/// ```
#[must_use]
pub fn with_stacks(sampling: Sampling) -> Sampling {
    // SAFETY: what walks the stack knows of no arena.
    unsafe { sampling.with_stacks(capture) }
}

/// The return addresses on the stack, the innermost first.
fn capture(stack: &mut Vec<usize>) {
    backtrace::trace(|frame| {
        stack.push(frame.ip().addr());
        true
    });
}

/// The functions of addresses that were met before.
#[derive(Default)]
pub(super) struct Frames {
    /// An address may be in several functions: the innermost of those that were inlined comes first.
    known: HashMap<usize, Vec<Frame>>,
}

impl Frames {
    /// The functions of a stack, the outermost first, without the library's own at its
    /// inner end and what comes before `main`.
    pub(super) fn of(&mut self, stack: &[usize]) -> Vec<Frame> {
        let mut frames = Vec::new();
        for &address in stack {
            frames.extend_from_slice(self.at(address));
        }
        let is_own = |frame: &Frame| {
            let name = frame.function.trim_start_matches('<');
            ["gc_core::", "gc_insight::", "backtrace::"].iter().any(|own| name.starts_with(own))
        };
        // It begins with whatever the walk over the stack has inlined.
        let inner = frames.iter().position(is_own).unwrap_or(0);
        let own = frames[inner..].iter().take_while(|frame| is_own(frame)).count();
        frames.drain(..inner + own);
        // What the standard library does before it calls `main`, or a thread's closure.
        let is_start = |frame: &Frame| frame.function.contains("__rust_begin_short_backtrace");
        if let Some(start) = frames.iter().position(is_start) {
            frames.truncate(start);
        }
        frames.reverse();
        frames
    }

    fn at(&mut self, address: usize) -> &[Frame] {
        self.known.entry(address).or_insert_with(|| {
            let mut frames = Vec::new();
            // The call is in front of the address to which it returns.
            let call =
                core::ptr::without_provenance_mut::<core::ffi::c_void>(address.saturating_sub(1));
            backtrace::resolve(call, |symbol| {
                frames.push(Frame {
                    function: symbol
                        .name()
                        .map_or_else(|| format!("{address:#x}"), |name| format!("{name:#}")),
                    file: symbol.filename().map(|file| file.display().to_string()),
                    line: symbol.lineno(),
                });
            });
            if frames.is_empty() {
                frames.push(Frame { function: format!("{address:#x}"), file: None, line: None });
            }
            frames
        })
    }
}
