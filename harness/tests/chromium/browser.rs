//! A browser without a window, driven by its own protocol.
//!
//! The protocol (Chrome DevTools Protocol) is JSON over a WebSocket: commands with a number, answers
//! with the same number, and events between them.

use std::env;
use std::fs;
use std::io;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket};

/// How long the browser may be silent. A machine that is busy with other things starts it slowly.
const PATIENCE: Duration = Duration::from_secs(120);

/// A browser with one page; it ends when this is dropped.
///
/// ```ignore
/// let Some(mut browser) = Browser::start() else { return };
/// browser.open("file:///tmp/page.html");
/// assert_eq!(browser.evaluate("document.querySelectorAll('table').length"), Ok(json!(3)));
/// assert_eq!(browser.complaints(), [""; 0]);
/// ```
#[derive(Debug)]
pub(crate) struct Browser {
    process: Child,
    socket: WebSocket<TcpStream>,
    port: u16,
    /// What commands to the page are addressed to.
    session: Option<String>,
    commands: u64,
    /// What happened in the page since it was opened.
    events: Vec<Value>,
    /// Settings and cache, for this run alone.
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser with an empty page; prints that the test is skipped if there is none on this
    /// machine. The variable `CHROMIUM` says which to take, if it is not one of the usual names.
    pub(crate) fn start() -> Option<Browser> {
        let Some(program) = find_program() else {
            println!("skipped: there is no Chromium on this machine");
            return None;
        };
        let profile = tempfile::tempdir().expect("there is a place for temporary files");
        let mut process = Command::new(&program)
            // As root, and in most containers, its sandbox cannot be set up. It opens our pages only.
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
            .args(["--no-first-run", "--disable-background-networking", "--disable-extensions"])
            .args(["--disable-component-update", "--disable-sync", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Chromium can be started");
        let (port, path) = read_address(profile.path(), &mut process);

        let stream = TcpStream::connect(("127.0.0.1", port)).expect("Chromium listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("the time is not zero");
        let (socket, _) = tungstenite::client(format!("ws://127.0.0.1:{port}{path}"), stream)
            .expect("Chromium speaks its protocol");
        let mut browser = Browser {
            process,
            socket,
            port,
            session: None,
            commands: 0,
            events: Vec::new(),
            _profile: profile,
        };
        let target = browser.command("Target.createTarget", json!({"url": "about:blank"}));
        let to = json!({"targetId": target["targetId"], "flatten": true});
        let attached = browser.command("Target.attachToTarget", to);
        browser.session = Some(attached["sessionId"].as_str().expect("a session").to_owned());
        for domain in ["Page", "Runtime", "Log"] {
            browser.command(&format!("{domain}.enable"), json!({}));
        }
        browser.command("Page.setLifecycleEventsEnabled", json!({"enabled": true}));
        Some(browser)
    }

    /// Where the browser serves its own developer tools: `http://127.0.0.1:PORT`.
    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Opens a page and waits until it is loaded.
    #[track_caller]
    pub(crate) fn open(&mut self, url: &str) {
        self.events.clear();
        let opened = self.command("Page.navigate", json!({"url": url}));
        assert_eq!(opened["errorText"], Value::Null, "{url}");
        let is_loaded = |event: &Value| {
            event["method"] == "Page.lifecycleEvent"
                && event["params"]["name"] == "load"
                && event["params"]["loaderId"] == opened["loaderId"]
        };
        while !self.events.iter().any(is_loaded) {
            let event = self.read();
            self.events.push(event);
        }
    }

    /// The value of a JavaScript expression; if it is a promise, what that becomes. An exception is an
    /// error with its text.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Result<Value, String> {
        let parameters =
            json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let evaluated = self.command("Runtime.evaluate", parameters);
        match evaluated.get("exceptionDetails") {
            Some(details) => Err(describe(details)),
            None => Ok(evaluated["result"]["value"].clone()),
        }
    }

    /// What the page has complained about since it was opened: errors and warnings on the console,
    /// exceptions that nobody caught, and what could not be loaded.
    pub(crate) fn complaints(&mut self) -> Vec<String> {
        // What the page has said by now comes before the answer.
        self.command("Runtime.evaluate", json!({"expression": "0"}));
        self.events.iter().filter_map(complaint).collect()
    }

    /// Does what a command of the protocol says, and returns the answer.
    #[track_caller]
    pub(crate) fn command(&mut self, method: &str, parameters: Value) -> Value {
        self.commands += 1;
        let id = self.commands;
        self.send(id, method, parameters).expect("Chromium listens");
        loop {
            let mut message = self.read();
            if message["id"] != id {
                self.events.push(message);
                continue;
            }
            assert_eq!(message["error"], Value::Null, "{method}");
            return message["result"].take();
        }
    }

    fn send(&mut self, id: u64, method: &str, parameters: Value) -> tungstenite::Result<()> {
        let mut command = json!({"id": id, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            command["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(command.to_string()))
    }

    fn read(&mut self) -> Value {
        loop {
            match self.socket.read().expect("Chromium answers in time") {
                Message::Text(text) => {
                    return serde_json::from_str(&text).expect("the protocol is JSON");
                }
                Message::Close(_) => panic!("Chromium has closed the connection"),
                _ => {}
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have crashed. Then there is nothing to end, and the test has failed anyway.
        self.session = None;
        let _ = self.send(self.commands + 1, "Browser.close", json!({}));
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline && matches!(self.process.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The browser that `CHROMIUM` names, or the first of the usual ones on the path.
fn find_program() -> Option<PathBuf> {
    if let Some(program) = env::var_os("CHROMIUM") {
        return Some(program.into());
    }
    let path = env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    env::split_paths(&path)
        .flat_map(|directory| names.map(|name| directory.join(name)))
        .find(|program| program.is_file())
}

/// Waits for the file in which a browser says where it listens: a port, and a path.
fn read_address(profile: &Path, process: &mut Child) -> (u16, String) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match fs::read_to_string(profile.join("DevToolsActivePort")) {
            Ok(text) => {
                if let Some((port, path)) = text.split_once('\n') {
                    return (port.parse().expect("a port"), path.trim_end().to_owned());
                }
            }
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::NotFound),
        }
        let ended = process.try_wait().expect("it is our child");
        assert_eq!(ended, None, "Chromium has ended");
        assert!(Instant::now() < deadline, "Chromium does not start");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The text of an exception.
fn describe(details: &Value) -> String {
    let text = details["exception"]["description"].as_str().or(details["text"].as_str());
    text.map_or_else(|| details.to_string(), str::to_owned)
}

/// What an event complains about, if it does.
fn complaint(event: &Value) -> Option<String> {
    let parameters = &event["params"];
    match event["method"].as_str()? {
        "Runtime.exceptionThrown" => Some(describe(&parameters["exceptionDetails"])),
        "Runtime.consoleAPICalled" => {
            let kind = parameters["type"].as_str()?;
            ["error", "warning", "assert"]
                .contains(&kind)
                .then(|| format!("console.{kind}: {}", parameters["args"]))
        }
        "Log.entryAdded" => {
            let entry = &parameters["entry"];
            let level = entry["level"].as_str()?;
            // No page asks for its icon: the browser does.
            let is_icon = entry["url"].as_str().is_some_and(|url| url.ends_with("/favicon.ico"));
            (["error", "warning"].contains(&level) && !is_icon)
                .then(|| format!("{level}: {} {}", entry["text"], entry["url"]))
        }
        _ => None,
    }
}
