//! The script's files, which this binary carries with it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, fs, process};

use super::OracleError;

/// A file of the script and what is in it.
macro_rules! file {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../cpython/oracle/", $name)))
    };
}

const FILES: [(&str, &str); 10] = [
    file!("__main__.py"),
    file!("actions.py"),
    file!("collector.py"),
    file!("heap.py"),
    file!("log.py"),
    file!("objects.py"),
    file!("operations.py"),
    file!("program.py"),
    file!("session.py"),
    file!("syntax.py"),
];

/// The script in a folder of its own, which is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Script {
    folder: PathBuf,
}

impl Script {
    pub(super) fn write() -> Result<Script, OracleError> {
        /// How many there were in this process.
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("harness-{}-oracle-{number}", process::id()));
        // From here on the folder is removed, whatever happens.
        let script = Script { folder };
        script
            .write_files()
            .map_err(|error| OracleError::NoScript { folder: script.folder.clone(), error })?;
        Ok(script)
    }

    fn write_files(&self) -> std::io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        FILES.iter().try_for_each(|(name, text)| fs::write(self.folder.join(name), text))
    }

    /// What `python3` is given to run.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // What cannot be removed stays in the system's folder for such files.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_script_is_carried_along() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cpython/oracle");
        let mut found: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".py"))
            .collect();
        found.sort();
        assert_eq!(found, FILES.map(|(name, _)| name));
    }
}
