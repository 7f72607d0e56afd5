//! The command line.
//!
//! Exit codes: 0 if everything went well and all collectors agree; 1 if they do not, or a
//! measurement failed, or instructions became more, or a heap program leaks; 2 if the arguments or an input file make no
//! sense. Answers go to the standard output, complaints to the standard error.

mod compare;
mod diff;
mod exit;
mod format;
mod goals;
mod heap;
mod instructions;
mod leaks;
mod list;
mod main_job;
mod measure_here;
mod observe_here;
mod operations;
mod output;
mod profile;
mod progress;
mod replay;
mod report;
mod run;
mod selection;
mod size;
mod soak;
mod sweep;
mod touch_memory;
mod watch;

use std::panic;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::exit::{Exit, Trouble};
use self::output::Output;

/// Runs the same workloads on every collector, cross-checks the answers and measures.
///
/// Without a subcommand: every workload on every backend at a quick scale, all answers compared,
/// and a short differential run against the model. Ends with 0 exactly when all agree.
#[derive(Debug, Parser)]
#[command(name = "harness", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists the workloads and the backends.
    List,
    /// Measures workloads, each in a process of its own.
    Run(run::Arguments),
    /// Measures contenders in turns and compares them; or says which of the project's goals are reached.
    Compare(compare::Arguments),
    /// Measures contenders, looks into their heaps, and writes a page for a browser.
    Report(report::Arguments),
    /// Says which lines of a workload allocate what: as a table, a flame graph, or a file for pprof.
    Profile(profile::Arguments),
    /// Shows the heap of a workload in the terminal while it runs.
    Watch(watch::Arguments),
    /// Measures what collection costs in heaps of several sizes.
    Sweep(sweep::Arguments),
    /// Replays heap programs and prints the answers.
    Replay(replay::Arguments),
    /// Runs a heap program and says what is in the heap, why something is alive, and what it retains.
    Heap(heap::Arguments),
    /// Says which cycles of heap programs reference counting leaks. Ends with 1 if there are any.
    Leaks(leaks::Arguments),
    /// Runs random heap programs and compares every backend with a model or with CPython.
    Diff(diff::Arguments),
    /// Runs everything for a long time at settings that are drawn: answers, accounts and memory.
    Soak(soak::Arguments),
    /// Measures single operations, each in a process of its own, beside other ways to do the same.
    Operations(operations::Arguments),
    /// Counts the instructions of the hot paths under valgrind and compares them with a baseline.
    Instructions(instructions::Arguments),
    /// Measures one workload in this process.
    #[command(name = crate::measure::SUBCOMMAND, hide = true)]
    MeasureHere(measure_here::Arguments),
    /// Observes one workload in this process.
    #[command(name = crate::observe::SUBCOMMAND, hide = true)]
    ObserveHere(observe_here::Arguments),
    /// Measures one operation in this process.
    #[command(name = crate::operations::SUBCOMMAND, hide = true)]
    OperateHere(operations::Here),
    /// Does what `instructions` counts in this process.
    #[command(name = crate::operations::instructions::SUBCOMMAND, hide = true)]
    CountHere(instructions::Here),
    /// Touches memory.
    #[command(name = crate::measure::TOUCH_MEMORY, hide = true)]
    TouchMemory(touch_memory::Arguments),
}

/// Does what the arguments of this process ask for.
#[must_use]
pub fn main() -> ExitCode {
    panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("no message");
        let place = panic
            .location()
            .map_or(String::new(), |place| format!(" at {}:{}", place.file(), place.line()));
        output::complain(&format!("internal error{place}: {message}"));
    }));
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        // Help and version are such errors, too. Clap knows where each belongs and ignores a closed
        // pipe.
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let exit = panic::catch_unwind(|| {
        let mut output = Output::new();
        match arguments.command {
            None => main_job::run(&mut output),
            Some(Command::List) => list::run(&mut output),
            Some(Command::Run(arguments)) => run::run(&arguments, &mut output),
            Some(Command::Compare(arguments)) => compare::run(&arguments, &mut output),
            Some(Command::Report(arguments)) => report::run(&arguments, &mut output),
            Some(Command::Profile(arguments)) => profile::run(&arguments, &mut output),
            Some(Command::Watch(arguments)) => watch::run(&arguments, &mut output),
            Some(Command::Sweep(arguments)) => sweep::run(&arguments, &mut output),
            Some(Command::Replay(arguments)) => replay::run(&arguments, &mut output),
            Some(Command::Heap(arguments)) => heap::run(&arguments, &mut output),
            Some(Command::Leaks(arguments)) => leaks::run(&arguments, &mut output),
            Some(Command::Diff(arguments)) => diff::run(&arguments, &mut output),
            Some(Command::Soak(arguments)) => soak::run(&arguments, &mut output),
            Some(Command::Operations(arguments)) => operations::run(&arguments, &mut output),
            Some(Command::Instructions(arguments)) => instructions::run(&arguments, &mut output),
            Some(Command::MeasureHere(arguments)) => measure_here::run(&arguments, &mut output),
            Some(Command::ObserveHere(arguments)) => observe_here::run(&arguments, &mut output),
            Some(Command::OperateHere(arguments)) => operations::run_here(&arguments, &mut output),
            Some(Command::CountHere(arguments)) => instructions::run_here(&arguments, &mut output),
            Some(Command::TouchMemory(arguments)) => touch_memory::run(&arguments),
        }
    });
    match exit {
        Ok(Ok(exit)) => exit.into(),
        Ok(Err(trouble)) => {
            output::complain(&trouble.to_string());
            trouble.exit().into()
        }
        // The hook has said it.
        Err(_) => Exit::Disagreement.into(),
    }
}
