//! What to measure.

use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use gc_core::{Pacing, Sampling};

use super::{Cause, Contender, Failure, Instruments, Measurement, Skip, peak_rss_bytes};
use crate::workloads::{Parameters, Workload};

/// How to run a workload on one of our backends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// Collect at every safepoint.
    pub stress: bool,
    /// Add no listener: no pauses are measured, and the clocks do not disturb what is.
    pub no_pauses: bool,
    /// Limit the heap of each arena to so many bytes.
    pub limit_bytes: Option<usize>,
    /// Weigh memory against work otherwise than by default: see [`Pacing`](gc_core::Pacing).
    pub pacing_percent: Option<u16>,
    /// Have no huge pages in the process, neither in our heaps nor in mimalloc's: what is resident is what
    /// was touched, not 2 MiB around it.
    pub small_pages: bool,
}

/// One workload on one contender.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// The workload.
    pub workload: &'static Workload,
    /// Who runs it.
    pub contender: Contender,
    /// The scale and the seed.
    pub parameters: Parameters,
}

impl Order {
    /// Whether another order asks for the same work, be it of another contender.
    #[must_use]
    pub fn is_same_work(&self, other: &Order) -> bool {
        (self.workload.name, self.parameters) == (other.workload.name, other.parameters)
    }

    pub(super) fn failure(&self, cause: Cause, error: String) -> Failure {
        Failure {
            workload: self.workload.name.to_owned(),
            backend: self.contender.name().to_owned(),
            scale: self.parameters.scale,
            seed: self.parameters.seed,
            cause,
            error,
        }
    }

    pub(super) fn skip(&self, reason: String) -> Skip {
        Skip {
            workload: self.workload.name.to_owned(),
            backend: self.contender.name().to_owned(),
            scale: self.parameters.scale,
            seed: self.parameters.seed,
            skipped: reason,
        }
    }
}

/// Runs a workload in this thread and measures it.
///
/// CPU time and peak memory are those of the whole process, so they mean something only if it does
/// nothing else.
///
/// # Errors
///
/// If the contender does not run this workload; the error says why.
pub fn measure_here(order: &Order, setting: Setting) -> Result<Measurement, String> {
    let start = Instant::now();
    let (checksum, heap_use) = match order.contender {
        Contender::Backend(backend) | Contender::Epochs(backend) | Contender::Profiled(backend) => {
            let instruments =
                if setting.no_pauses { Instruments::silent() } else { Instruments::new() };
            let mut instruments = instruments
                .stress(setting.stress)
                .huge_pages(!setting.small_pages)
                .limit_bytes(setting.limit_bytes)
                .pacing(setting.pacing_percent.map_or_else(Pacing::default, Pacing::from_percent))
                .prompt(!matches!(order.contender, Contender::Epochs(_)))
                .sampling(
                    matches!(order.contender, Contender::Profiled(_)).then(Sampling::default),
                );
            let checksum = order.workload.run(backend, &order.parameters, &mut instruments);
            (checksum, Some(instruments.heap_use()))
        }
        Contender::Peer(peer) => (peer.run(order.workload, &order.parameters)?, None),
    };
    let wall = start.elapsed();
    let mut measurement = Measurement {
        workload: order.workload.name.to_owned(),
        backend: order.contender.name().to_owned(),
        scale: order.parameters.scale,
        seed: order.parameters.seed,
        checksum: checksum.to_string(),
        cpu_ns: nanoseconds(
            ProcessTime::try_now().map_or(Duration::ZERO, |time| time.as_duration()),
        ),
        wall_ns: nanoseconds(wall),
        peak_rss_bytes: peak_rss_bytes(),
        ..Measurement::default()
    };
    measurement.set_heap_use(heap_use);
    Ok(measurement)
}

/// 2^64 nanoseconds are more than 500 years.
fn nanoseconds(duration: Duration) -> u64 {
    duration.as_nanos().try_into().unwrap_or(u64::MAX)
}
