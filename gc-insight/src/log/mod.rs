//! The record of collections: pauses, utilization, the heap over time.
//!
//! A [`CollectionLog`] listens to an arena. At any time it gives the [`History`] so far: what each
//! collection did, how long the pauses were ([`PauseHistogram`]), what of any span of time was left to
//! the program ([`Utilization`]), how large the heap was, and all in a few lines ([`Summary`]). A
//! history can be written as JSON lines ([`History::write_json_lines`]), and as a trace for Perfetto
//! ([`History::write_chrome_trace`]).
//!
//! With the feature `tracing`, a `TracingListener` passes events on to the subscribers of the crate
//! `tracing`.

mod chrome_trace;
mod collection_log;
mod history;
mod json_lines;
mod pauses;
mod record;
mod summary;
#[cfg(feature = "tracing")]
mod tracing_listener;
mod utilization;

pub use collection_log::CollectionLog;
pub use history::History;
pub use json_lines::{LogHeader, LogLine};
pub use pauses::{PauseBucket, PauseHistogram};
pub use record::{CollectionRecord, HeapSample, Pause};
pub use summary::{GenerationSummary, Summary};
#[cfg(feature = "tracing")]
pub use tracing_listener::TracingListener;
pub use utilization::{Utilization, UtilizationPoint};
