//! Measures a list of orders, several at a time.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::{Contender, Launcher, Order, Outcome, available_bytes};
use crate::backend::Backend;

/// A collector that never frees needs its blocks' slack and the tables of the workload besides what
/// was allocated.
const NULL_OVERHEAD: f64 = 1.25;

/// Measures all orders with up to `workers` processes at a time and answers in the order of the
/// orders.
///
/// `ended` is told about each measurement as it ends. The null collector comes last: it is skipped
/// where what another backend allocated in the same run says that its heap would not fit into half
/// of the available memory. A peer is skipped where it does not run the workload.
///
/// `ended` returns whether to go on; the orders that have not begun are left out of the answer if
/// not.
pub fn measure_all(
    launcher: &Launcher,
    orders: &[Order],
    workers: NonZero<usize>,
    mut ended: impl FnMut(&Outcome) -> bool,
) -> Vec<Outcome> {
    let is_null = |order: &&(usize, Order)| order.1.contender == Contender::Backend(Backend::Null);
    let numbered: Vec<_> = orders.iter().copied().enumerate().collect();
    let (null, other): (Vec<_>, Vec<_>) =
        numbered.iter().copied().partition(|order| is_null(&order));

    let mut outcomes: Vec<Option<Outcome>> = vec![None; orders.len()];
    let mut go_on = true;
    for orders in [other, null] {
        let (skipped, ready): (Vec<_>, Vec<_>) = orders
            .into_iter()
            .map(|(place, order)| (place, order, reason_to_skip(&order, outcomes.iter().flatten())))
            .partition(|(.., reason)| reason.is_some());
        for (place, order, reason) in skipped {
            let outcome = Outcome::Skipped(order.skip(reason.unwrap_or_default()));
            go_on = go_on && ended(&outcome);
            outcomes[place] = Some(outcome);
        }
        let ready = ready.into_iter().map(|(place, order, _)| (place, order)).collect();
        go_on = go_on && measure_phase(launcher, ready, workers, &mut outcomes, &mut ended);
    }
    outcomes.into_iter().flatten().collect()
}

/// Measures independent orders; false if `ended` asked to stop.
fn measure_phase(
    launcher: &Launcher,
    orders: Vec<(usize, Order)>,
    workers: NonZero<usize>,
    outcomes: &mut [Option<Outcome>],
    ended: &mut impl FnMut(&Outcome) -> bool,
) -> bool {
    let is_stopped = AtomicBool::new(false);
    let (give, take) = crossbeam_channel::unbounded();
    let (report, reports) = crossbeam_channel::unbounded();
    let workers = workers.get().min(orders.len());
    for order in orders {
        give.send(order).expect("the receiver is alive");
    }
    drop(give);
    thread::scope(|scope| {
        for _ in 0..workers {
            let (take, report, is_stopped) = (take.clone(), report.clone(), &is_stopped);
            scope.spawn(move || {
                // Ends when all orders are taken.
                for (place, order) in take {
                    if is_stopped.load(Ordering::Relaxed)
                        || report.send((place, launcher.measure(&order))).is_err()
                    {
                        return;
                    }
                }
            });
        }
        drop(report);
        // Ends when all workers have ended.
        for (place, outcome) in reports {
            if !ended(&outcome) {
                is_stopped.store(true, Ordering::Relaxed);
            }
            outcomes[place] = Some(outcome);
        }
    });
    !is_stopped.into_inner()
}

/// Why an order is not worth a process, in a few words.
pub(super) fn reason_to_skip<'a>(
    order: &Order,
    outcomes: impl Iterator<Item = &'a Outcome>,
) -> Option<String> {
    match order.contender {
        Contender::Peer(peer) => peer.refusal(order.workload).map(str::to_owned),
        Contender::Backend(Backend::Null) => lack_of_memory(order, outcomes),
        Contender::Backend(_) | Contender::Epochs(_) | Contender::Profiled(_) => None,
    }
}

/// Why the null collector would not have enough memory, judged by what another backend allocated.
fn lack_of_memory<'a>(
    order: &Order,
    outcomes: impl Iterator<Item = &'a Outcome>,
) -> Option<String> {
    let allocated_bytes = outcomes
        .filter(|outcome| {
            outcome.workload() == order.workload.name && outcome.scale() == order.parameters.scale
        })
        .filter_map(|outcome| outcome.measurement()?.allocated_bytes)
        .max()?;
    let needed_bytes = (allocated_bytes as f64 * NULL_OVERHEAD) as u64;
    let usable_bytes = available_bytes()? / 2;
    (needed_bytes > usable_bytes).then(|| {
        let mebibytes = |bytes: u64| bytes >> 20;
        format!("needs {} MiB of {} MiB", mebibytes(needed_bytes), mebibytes(usable_bytes))
    })
}
