//! An interpreter of a small Lisp, running n-queens.
//!
//! Everything the program touches is a collected object: boxed numbers, cons cells (the source
//! code, too), scopes, closures and the frames of the interpreter's own stack. Nearly all of it
//! dies within microseconds, and the values are an enum, which collectors scan by asking it.

mod machine;
pub(crate) mod reader;
pub(crate) mod value;

use gc_core::{Collector, Rootable};

use self::machine::Machine;
use super::{Checksum, Parameters};
use crate::measure::Instruments;

/// Steps of the machine in one `mutate`.
pub(crate) const BATCH: usize = 1000;

/// Counts the ways to place n queens on a board so that none attacks another. `board-size` is
/// defined by the workload.
const PROGRAM: &str = "
    (define (safe? queen distance placed)
      (if (null? placed) #t
        (if (= (car placed) queen) #f
          (if (= (car placed) (+ queen distance)) #f
            (if (= (car placed) (- queen distance)) #f
              (safe? queen (+ distance 1) (cdr placed)))))))

    (define (place row placed)
      (if (= row board-size) 1 (try 0 row placed)))

    (define (try column row placed)
      (if (= column board-size) 0
        (+ (if (safe? column 1 placed) (place (+ row 1) (cons column placed)) 0)
           (try (+ column 1) row placed))))

    (define (range from to)
      (if (= from to) (quote ()) (cons from (range (+ from 1) to))))

    (define (fold step value items)
      (if (null? items) value (fold step (step value (car items)) (cdr items))))

    (define checked (fold (lambda (sum item) (+ sum (- board-size item))) 0 (range 0 board-size)))

    (cons (place 0 (quote ())) checked)
";

/// The program for a board of this size.
pub(crate) fn source(board_size: usize) -> String {
    format!("(define board-size {board_size}) {PROGRAM}")
}

/// Runs the workload; the scale is the size of the board.
pub fn run<C: Collector + Default>(
    parameters: &Parameters,
    instruments: &mut Instruments,
) -> Checksum {
    let source = source(parameters.scale);
    let mut checksum = Checksum::default();
    let mut arena =
        instruments.arena::<Rootable!['gc => Machine<'gc>], C>(|mc| Machine::new(mc, &source));

    let mut steps = 0_u64;
    loop {
        let running = arena.mutate_root(|mc, machine| {
            (0..BATCH).all(|_| {
                steps += 1;
                machine.step(mc)
            })
        });
        instruments.tick(&mut arena);
        if !running {
            break;
        }
    }

    checksum.add(steps);
    arena.enter(|_, machine| checksum.extend(machine.answer()));
    instruments.retire(arena);
    checksum
}

#[cfg(test)]
mod tests {
    use gc_core::NullCollector;

    use super::*;

    /// The first value of the answer's pair, that of a board of this size.
    fn solutions(scale: usize) -> u64 {
        let source = source(scale);
        let mut arena =
            gc_core::Arena::<Rootable!['gc => Machine<'gc>], NullCollector>::new(|mc| {
                Machine::new(mc, &source)
            });
        while arena.mutate_root(|mc, machine| machine.step(mc)) {}
        arena.enter(|_, machine| {
            machine.answer().first().map_or(0, |&bits| f64::from_bits(bits) as u64)
        })
    }

    #[test]
    fn eight_queens_have_ninety_two_places() {
        assert_eq!(solutions(4), 2);
        assert_eq!(solutions(6), 4);
        assert_eq!(solutions(8), 92);
    }
}
