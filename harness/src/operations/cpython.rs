//! CPython beside us: the same shapes, by a script that `python3` runs.

use std::process::{Command, Stdio};

use serde::Deserialize;

/// Prints the CPU time of a shape as a line of JSON.
const SCRIPT: &str = include_str!("../../cpython/shapes.py");

/// What the script says.
#[derive(Debug, Deserialize)]
struct Shape {
    /// CPU time for one operation.
    ns: f64,
    /// How many were done.
    operations: u64,
}

/// Runs one shape of the script; answers its nanoseconds for one operation, and the operations.
pub(super) fn run(shape: &str, objects: usize, repetitions: u64) -> Result<(f64, u64), String> {
    let output = Command::new("python3")
        // Isolated: no variable and no file of the user changes what is measured.
        .args(["-I", "-c", SCRIPT, shape])
        .args([objects.to_string(), repetitions.to_string()])
        .stdin(Stdio::null())
        .output()
        .map_err(|_| "no python3".to_owned())?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(errors.lines().last().unwrap_or("python3 failed").to_owned());
    }
    let shape: Shape = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("python3 did not answer: {error}"))?;
    Ok((shape.ns, shape.operations))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_answers_where_there_is_a_python() {
        for shape in ["sequential", "rings", "edges", "build", "build-disabled"] {
            match run(shape, 2100, 2) {
                Ok((ns, operations)) => assert!(ns > 0.0 && operations > 0, "{shape}: {ns}"),
                Err(reason) => {
                    let is_known = reason == "no python3" || reason == "CPython older than 3.11";
                    assert!(is_known, "{shape}: {reason}");
                }
            }
        }
    }
}
