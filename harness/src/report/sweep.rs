//! The table of a sweep over sizes of the heap.

use super::table::{NOTHING, unique};
use super::{Sheet, bytes};
use crate::measure::{HEAP_FACTORS, SweepRow};

/// What a row of the table is about.
#[derive(Clone, Copy)]
enum Cost {
    Cpu,
    Wall,
}

impl Cost {
    const ALL: [Cost; 2] = [Cost::Cpu, Cost::Wall];

    fn name(self) -> &'static str {
        match self {
            Cost::Cpu => "CPU",
            Cost::Wall => "wall",
        }
    }

    fn overhead(self, row: &SweepRow) -> Option<f64> {
        match self {
            Cost::Cpu => row.cpu_overhead,
            Cost::Wall => row.wall_overhead,
        }
    }
}

/// Two rows per workload and backend, for CPU time and elapsed time, with a column per size.
#[must_use]
pub fn sweep(rows: &[SweepRow]) -> Sheet {
    let factors: Vec<_> = HEAP_FACTORS.iter().map(|factor| format!("{factor}x")).collect();
    let mut header = vec!["workload", "scale", "backend", "least heap", "overhead"];
    header.extend(factors.iter().map(String::as_str));
    let mut sheet = Sheet::new(&header, 5..header.len());
    for (workload, scale, backend) in
        unique(rows.iter().map(|row| (row.workload, row.scale, row.backend)))
    {
        let of_backend: Vec<_> = rows
            .iter()
            .filter(|row| (row.workload, row.scale, row.backend) == (workload, scale, backend))
            .collect();
        let least = of_backend
            .first()
            .map_or(NOTHING.to_owned(), |row| bytes(row.least_bytes as u64).to_string());
        for cost in Cost::ALL {
            let cells = HEAP_FACTORS.iter().map(|factor| {
                of_backend.iter().find(|row| row.heap_factor == *factor).map_or(
                    NOTHING.to_owned(),
                    |row| match cost.overhead(row) {
                        Some(overhead) => format!("{overhead:.2}"),
                        None => row.word.clone().unwrap_or(NOTHING.to_owned()),
                    },
                )
            });
            let names =
                [workload, &scale.to_string(), backend, &least, cost.name()].map(str::to_owned);
            sheet.add(names.into_iter().chain(cells).collect());
        }
    }
    sheet
}
