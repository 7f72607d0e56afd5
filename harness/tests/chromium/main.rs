//! What we write is opened in a real browser. Without one these tests are skipped, and say so.

mod browser;
mod heap_snapshot;
mod report;

use std::fs;

use browser::Browser;
use serde_json::json;

/// A page in a file of this test run, as the address to open it by.
fn page(name: &str, html: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, html).expect("the file can be written");
    format!("file://{}", path.display())
}

#[test]
fn a_page_is_read_and_its_complaints_are_heard() {
    let Some(mut browser) = Browser::start() else { return };
    browser.open(&page("quiet.html", "<title>Quiet</title><p id=n>42</p>"));
    assert_eq!(browser.evaluate("document.title"), Ok(json!("Quiet")));
    let number = "Promise.resolve(Number(document.querySelector('#n').textContent))";
    assert_eq!(browser.evaluate(number), Ok(json!(42)));
    let error = browser.evaluate("nothing.like.this").expect_err("there is none");
    assert!(error.starts_with("ReferenceError: nothing is not defined"), "{error}");
    assert_eq!(browser.complaints(), [""; 0]);

    let loud =
        "<script>console.log('fine'); console.error('bad', 1); throw new Error('worse')</script>
        <img src=missing.png>";
    browser.open(&page("loud.html", loud));
    let complaints = browser.complaints();
    for part in ["console.error: ", "Error: worse", "missing.png"] {
        assert!(
            complaints.iter().any(|text| text.contains(part)),
            "{part} is not in {complaints:?}"
        );
    }
    assert_eq!(complaints.len(), 3, "{complaints:?}");
}
