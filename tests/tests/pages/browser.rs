//! Chromium without a window, asked over its debugging pipe (JSON objects that end with a NUL). It has a profile of its
//! own, looks no name up and opens no port. What is asked of it stands in the tests.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Longest wait for an answer, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(120);

const WORDS: [&str; 14] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
];

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    /// Width and height in CSS pixels.
    pub(crate) size: (u32, u32),
    /// Pixels of the picture for each of them.
    pub(crate) scale: u32,
    pub(crate) dark: bool,
}

pub(crate) const DESKTOP: View = View { size: (1280, 900), scale: 1, dark: false };
pub(crate) const DARK: View = View { dark: true, ..DESKTOP };
pub(crate) const PHONE: View = View { size: (390, 844), scale: 2, dark: false };
pub(crate) const NARROW_AND_DARK: View = View { size: (320, 640), scale: 1, dark: true };

#[derive(Debug)]
pub(crate) struct Browser {
    process: Child,
    words: Option<ChildStdin>,
    said: Receiver<Value>,
    asked: u64,
    // Removed after the process, which writes there, has ended.
    _profile: TempDir,
}

/// One tab, with what it asked the network for.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    browser: &'a mut Browser,
    session: String,
    target: String,
    pub(crate) requested: Vec<String>,
}

impl Browser {
    pub(crate) fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        // The pipe's ends are descriptors 3 and 4, which a shell can open without unsafe code here.
        let mut process = Command::new("sh")
            .args(["-c", "exec chromium \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "sh"])
            .args(WORDS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let (words, output) = (process.stdin.take(), process.stdout.take().unwrap());
        let (tell, said) = channel();
        thread::spawn(move || {
            for message in BufReader::new(output).split(0) {
                let Ok(message) = message else { return };
                let Ok(message) = serde_json::from_slice(&message) else { return };
                if tell.send(message).is_err() {
                    return;
                }
            }
        });
        Self { process, words, said, asked: 0, _profile: profile }
    }

    /// Opens a file and waits until it is there.
    pub(crate) fn open(&mut self, file: &Path, view: View) -> Page<'_> {
        let target = self.ask(None, "Target.createTarget", &json!({"url": "about:blank"}), |_| ())["targetId"].clone();
        let attached = self.ask(None, "Target.attachToTarget", &json!({"targetId": target, "flatten": true}), |_| ());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (session, target) = (text(&attached["sessionId"]), text(&target));
        let mut page = Page { browser: self, session, target, requested: Vec::new() };
        let (width, height) = view.size;
        page.ask(
            "Emulation.setDeviceMetricsOverride",
            &json!({"width": width, "height": height, "deviceScaleFactor": view.scale, "mobile": view.scale > 1}),
        );
        let scheme = if view.dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        page.ask("Emulation.setEmulatedMedia", &json!({"features": features}));
        page.ask("Network.enable", &json!({}));
        page.ask("Page.enable", &json!({}));
        page.ask("Page.navigate", &json!({"url": format!("file://{}", file.display())}));
        let ready =
            "document.readyState === 'complete' ? 0 : new Promise(done => addEventListener('load', () => done(0)))";
        page.value(ready);
        page
    }

    /// The answer to one question; events meanwhile go to `event`.
    fn ask(&mut self, session: Option<&str>, method: &str, words: &Value, mut event: impl FnMut(&Value)) -> Value {
        self.asked += 1;
        let mut question = json!({"id": self.asked, "method": method, "params": words});
        if let Some(session) = session {
            question["sessionId"] = session.into();
        }
        let mut question = question.to_string().into_bytes();
        question.push(0);
        self.words.as_mut().unwrap().write_all(&question).unwrap();
        let until = Instant::now() + PATIENCE;
        loop {
            let said = match self.said.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(said) => said,
                Err(RecvTimeoutError::Timeout) => panic!("{method}: no answer within {PATIENCE:?}"),
                Err(RecvTimeoutError::Disconnected) => panic!("{method}: chromium ended"),
            };
            if said["id"] == self.asked {
                assert!(said["error"].is_null(), "{method}: {}", said["error"]);
                return said["result"].clone();
            }
            event(&said);
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends when its pipe does; what remains of its group is ended by force.
        self.words.take();
        let until = Instant::now() + Duration::from_secs(5);
        while self.said.recv_timeout(until.saturating_duration_since(Instant::now())).is_ok() {}
        let _ = killpg(Pid::from_raw(i32::try_from(self.process.id()).unwrap()), Signal::SIGKILL);
        let _ = self.process.wait();
    }
}

impl Page<'_> {
    pub(crate) fn ask(&mut self, method: &str, words: &Value) -> Value {
        let requested = &mut self.requested;
        self.browser.ask(Some(&self.session), method, words, |event| {
            if event["method"] == "Network.requestWillBeSent" {
                requested.push(event["params"]["request"]["url"].as_str().unwrap_or_default().to_owned());
            }
        })
    }

    /// The value of an expression in the page. The page's own policy forbids scripts; this is none of its own.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let words = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.ask("Runtime.evaluate", &words);
        assert!(answer["exceptionDetails"].is_null(), "{}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// What is seen, as PNG.
    pub(crate) fn screenshot(&mut self) -> Vec<u8> {
        let answer = self.ask("Page.captureScreenshot", &json!({"format": "png", "optimizeForSpeed": false}));
        BASE64_STANDARD.decode(answer["data"].as_str().unwrap()).unwrap()
    }

    /// Presses the tabulator.
    pub(crate) fn tab(&mut self) {
        for kind in ["rawKeyDown", "keyUp"] {
            let words = json!({"type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9});
            self.ask("Input.dispatchKeyEvent", &words);
        }
    }
}

impl Drop for Page<'_> {
    fn drop(&mut self) {
        // After a failed assertion there may be nobody to ask.
        if !thread::panicking() {
            let target = json!({"targetId": self.target});
            self.browser.ask(None, "Target.closeTarget", &target, |_| ());
        }
    }
}
