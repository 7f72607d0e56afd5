//! The run that is watched: [`Run`].

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use crossbeam_channel::Receiver;

use super::{Ending, Watching};
use crate::measure::{Contender, Instruments, Order};
use crate::observe::{LiveObserver, Update};
use crate::workloads::Checksum;

/// A workload that runs in a thread of its own. When this is dropped it runs on until the process ends.
#[derive(Debug)]
pub struct Run {
    thread: Option<JoinHandle<Checksum>>,
    updates: Receiver<Update>,
    is_standing: Arc<AtomicBool>,
}

impl Run {
    /// Starts a workload.
    ///
    /// # Errors
    ///
    /// If the contender is none of our collectors.
    pub fn start(order: Order) -> Result<Self, String> {
        let (Contender::Backend(backend) | Contender::Epochs(backend)) = order.contender else {
            return Err("only our own collectors can be watched".to_owned());
        };
        let is_prompt = !matches!(order.contender, Contender::Epochs(_));
        let is_standing = Arc::new(AtomicBool::new(false));
        let (sender, receiver) = crossbeam_channel::bounded(1);
        let flag = Arc::clone(&is_standing);
        let thread = thread::spawn(move || {
            // An observer stays in its thread; what it says leaves it.
            let (observer, updates) = LiveObserver::new(flag);
            let _ = sender.send(updates);
            let mut instruments = Instruments::silent().prompt(is_prompt).observer(observer);
            order.workload.run(backend, &order.parameters, &mut instruments)
        });
        let updates = receiver.recv().map_err(|_| "the run did not start".to_owned())?;
        Ok(Run { thread: Some(thread), updates, is_standing })
    }

    /// Passes on what is new, and how the run has ended, if it has.
    pub fn pass_on(&mut self, to: &mut Watching) {
        // Whether it has ended is asked first: then its last update is there.
        let ended = self.thread.take_if(|thread| thread.is_finished());
        while let Ok(update) = self.updates.try_recv() {
            to.update(update);
        }
        if let Some(thread) = ended {
            to.end(match thread.join() {
                Ok(checksum) => Ending::Answer(checksum.to_string()),
                Err(panic) => Ending::Panic(message(&*panic)),
            });
        }
    }

    /// Lets the run stand, or go on.
    pub fn set_standing(&self, is_standing: bool) {
        self.is_standing.store(is_standing, Ordering::Relaxed);
    }
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref().copied()).unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::backend::Backend;
    use crate::workloads::{Parameters, Workload};

    fn order(contender: Contender) -> Order {
        let workload = Workload::find("gcbench").expect("there is one");
        Order { workload, contender, parameters: Parameters { scale: 8, seed: 0 } }
    }

    #[test]
    fn a_run_tells_of_itself_until_it_has_answered() {
        let mut run =
            Run::start(order(Contender::Backend(Backend::Generational))).expect("it is ours");
        let mut watching = Watching::new("gcbench".to_owned());
        while watching.ending().is_none() {
            run.pass_on(&mut watching);
            thread::sleep(Duration::from_millis(1));
        }
        let [first, ..] = &watching.last().expect("there was one").slices[..] else {
            panic!("{watching:?}")
        };
        assert!(first.used_bytes_max > 0);
        let parameters = order(Contender::Backend(Backend::Null)).parameters;
        let workload = order(Contender::Backend(Backend::Null)).workload;
        let answer = workload.run(Backend::Null, &parameters, &mut Instruments::silent());
        assert_eq!(watching.ending(), Some(&Ending::Answer(answer.to_string())));
    }

    #[test]
    fn what_is_not_ours_cannot_be_watched() {
        for contender in Contender::all().filter(|it| matches!(it, Contender::Peer(_))) {
            assert!(Run::start(order(contender)).is_err());
        }
    }
}
