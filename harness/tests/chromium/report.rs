//! The page of `harness report`, as people see it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::browser::Browser;

/// Makes a report in a folder of this test run, and answers where it is.
fn report(name: &str, workloads: &str, size: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let output = Command::new(env!("CARGO_BIN_EXE_harness"))
        .args(["report", size, "--runs=2", "--workloads", workloads, "--out"])
        .arg(&folder)
        .output()
        .expect("the program can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder
}

/// A browser that shows a report; nothing without a browser.
fn open(name: &str, workloads: &str) -> Option<(Browser, PathBuf)> {
    open_at(name, workloads, "--tiny")
}

fn open_at(name: &str, workloads: &str, size: &str) -> Option<(Browser, PathBuf)> {
    let mut browser = Browser::start()?;
    let folder = report(name, workloads, size);
    browser.open(&format!("file://{}", folder.join("index.html").display()));
    Some((browser, folder))
}

#[track_caller]
fn evaluate(browser: &mut Browser, expression: &str) -> Value {
    browser.evaluate(expression).expect("the expression is fine")
}

fn set_width(browser: &mut Browser, width: u32) {
    browser.command(
        "Emulation.setDeviceMetricsOverride",
        json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}),
    );
}

fn set_scheme(browser: &mut Browser, scheme: &str) {
    let feature = json!({"name": "prefers-color-scheme", "value": scheme});
    browser.command("Emulation.setEmulatedMedia", json!({"features": [feature]}));
}

#[test]
fn the_numbers_of_the_page_are_those_of_its_data() {
    let Some((mut browser, folder)) = open("numbers", "gcbench,rings,heap-program") else {
        return;
    };
    assert_eq!(browser.complaints(), [""; 0]);
    let text = fs::read_to_string(folder.join("report.json")).expect("it was written");
    let data: Value = serde_json::from_str(&text).expect("it is JSON");
    // The browser has only one sort of numbers; it compares by itself.
    let is_same = format!(
        "JSON.stringify(JSON.parse(document.getElementById('report').textContent))
            === JSON.stringify({text})"
    );
    assert_eq!(evaluate(&mut browser, &is_same), true);

    // Every cell that has a value, by the names of its table, row and column.
    let cells = evaluate(
        &mut browser,
        "[...document.querySelectorAll('td[id^=\"time/\"]')].map(
            cell => [cell.id, Number(cell.dataset.value), cell.textContent])",
    );
    let mut compared = 0;
    for workload in data["workloads"].as_array().expect("a list") {
        for row in workload["times"].as_array().expect("a list") {
            let Some(median) = row["cpu_ns"]["median"].as_u64() else { continue };
            let id = format!(
                "time/{}/{}/median",
                workload["name"].as_str().unwrap(),
                row["contender"].as_str().unwrap()
            );
            let shown = harness::report::duration(median).to_string();
            let cell = json!([id, median, shown]);
            assert!(cells.as_array().unwrap().contains(&cell), "{cell} is not in {cells}");
            compared += 1;
        }
    }
    let cells = cells.as_array().map_or(0, Vec::len);
    assert!(compared == cells && compared >= 3 * 4, "{compared} of {cells} cells");

    // Who is watched has a picture of each kind, and there is one row for each who stands.
    let count = |browser: &mut Browser, selector: &str| {
        evaluate(browser, &format!("document.querySelectorAll('{selector}').length"))
    };
    for workload in ["gcbench", "rings"] {
        let charts = count(&mut browser, &format!("#{workload} svg.chart"));
        // Two of pauses, and two of the heap of each of ours but the one that does not collect.
        assert_eq!(charts, 2 + 2 * 5, "{workload}");
    }
    assert_eq!(count(&mut browser, "#heap-program svg.chart"), 0);
    assert_eq!(count(&mut browser, "svg.blocks"), 2 * 5);
    let standings = data["standings"].as_array().map_or(0, Vec::len);
    assert_eq!(count(&mut browser, ".overview tbody tr"), standings);
}

#[test]
fn a_flame_graph_is_drawn_of_what_was_sampled() {
    // Enough for some samples.
    let Some((mut browser, _)) = open_at("flame", "gcbench", "--scale=10") else { return };
    let width = "document.querySelector('#gcbench .flame img').naturalWidth";
    assert_eq!(evaluate(&mut browser, width), 1120);
    let lines = "[...document.querySelectorAll('#gcbench th')].map(it => it.textContent)
        .filter(text => text.includes('gcbench.rs:')).length > 0";
    assert_eq!(evaluate(&mut browser, lines), true);
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn the_page_asks_nobody_for_anything() {
    let Some((mut browser, folder)) = open("alone", "list") else { return };
    let html = fs::read_to_string(folder.join("index.html")).expect("it was written");
    assert!(!html.contains("://"), "there is an address in the page");
    let asked = "performance.getEntriesByType('resource').map(entry => entry.name)";
    assert_eq!(evaluate(&mut browser, asked), json!([]));
    // What is asked for all the same is refused.
    let refused = "fetch('data:,x').then(() => 'fetched', () => 'refused')";
    assert_eq!(evaluate(&mut browser, refused), "refused");
}

#[test]
fn a_phone_does_not_scroll_sideways() {
    let Some((mut browser, _)) = open("phone", "gcbench") else { return };
    for width in [320, 360, 600, 800, 1280] {
        set_width(&mut browser, width);
        evaluate(
            &mut browser,
            "document.querySelectorAll('details').forEach(it => it.open = true)",
        );
        let widest = evaluate(&mut browser, "document.documentElement.scrollWidth");
        assert!(widest.as_u64() <= Some(width.into()), "{widest} pixels on a screen of {width}");
        // And nothing sticks out to be cut off, but in what scrolls by itself.
        let outside = format!(
            "[...document.querySelectorAll('main *')]
                .filter(it => !it.closest('.scroll, svg, .unseen, thead')
                    && it.getBoundingClientRect().right > {width} + 1)
                .map(it => it.outerHTML.slice(0, 80))"
        );
        assert_eq!(evaluate(&mut browser, &outside), json!([]), "at {width}");
    }
}

#[test]
fn light_and_dark_differ_and_both_can_be_read() {
    let Some((mut browser, _)) = open("colors", "gcbench") else { return };
    // The contrast of the text and of what is less important, as WCAG 2 has it.
    let contrast = "(() => {
        const light = color => {
            const [r, g, b] = color.match(/\\d+/g).map(part => part / 255)
                .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
        };
        const ground = light(getComputedStyle(document.body).backgroundColor);
        return ['h1', 'p.note'].map(selector => {
            const text = light(getComputedStyle(document.querySelector(selector)).color);
            return Math.max(text, ground) / Math.min(text, ground);
        });
    })()";
    let pictures = ["light", "dark"].map(|scheme| {
        set_scheme(&mut browser, scheme);
        let contrasts = evaluate(&mut browser, contrast);
        let [title, note] = &contrasts.as_array().expect("two")[..] else { panic!("{contrasts}") };
        assert!(title.as_f64() > Some(12.0) && note.as_f64() > Some(4.5), "{scheme}: {contrasts}");
        let picture = browser.command("Page.captureScreenshot", json!({"format": "png"}));
        picture["data"].as_str().expect("a picture").to_owned()
    });
    assert_ne!(pictures[0], pictures[1]);
}

#[test]
fn a_chart_speaks_to_the_eye_the_ear_and_the_keyboard() {
    let Some((mut browser, _)) = open("charts", "gcbench") else { return };
    let silent = "[...document.querySelectorAll('svg.chart')].filter(chart =>
        !chart.querySelector('title').textContent || !chart.querySelector('desc').textContent
        || !chart.getAttribute('aria-label') || chart.tabIndex !== 0).length";
    assert_eq!(evaluate(&mut browser, silent), 0);
    let ids = "(() => {
        const ids = [...document.querySelectorAll('[id]')].map(it => it.id);
        return ids.length - new Set(ids).size;
    })()";
    assert_eq!(evaluate(&mut browser, ids), 0);

    // What the arrow keys and the pointer say are lines of the chart's marks.
    let spoken = "(() => {
        const chart = document.querySelector('svg.chart');
        const tip = document.querySelector('.tip');
        const texts = JSON.parse(chart.dataset.marks).map(mark => mark[1]);
        const press = key => {
            chart.dispatchEvent(new KeyboardEvent('keydown', { key, cancelable: true }));
            return tip.hidden ? null : texts.indexOf(tip.textContent);
        };
        const pressed = ['ArrowRight', 'ArrowRight', 'End', 'ArrowRight', 'Home', 'Escape'].map(press);
        const { left, right, top } = chart.getBoundingClientRect();
        chart.dispatchEvent(new PointerEvent('pointermove', { clientX: right, clientY: top }));
        return [pressed, texts.length, tip.hidden ? null : texts.indexOf(tip.textContent)];
    })()";
    let spoken = evaluate(&mut browser, spoken);
    let last = spoken[1].as_u64().expect("a number") - 1;
    assert_eq!(spoken[0], json!([0, 1, last, last, 0, null]));
    assert_eq!(spoken[2], last);
    assert_eq!(browser.complaints(), [""; 0]);
}
