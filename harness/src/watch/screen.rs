//! What is on the screen: [`draw`].

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Block, Chart, Dataset, GraphType, Paragraph, Row, Sparkline, Table};

use super::Watching;
use crate::observe::Update;
use crate::report::{bytes, count, duration};

/// A screen that is narrower has its parts below each other.
const WIDE: u16 = 80;

/// A screen that is lower has no room for types and counters.
const HIGH: u16 = 16;

const USED: Color = Color::Cyan;
const RESERVED: Color = Color::Gray;
const PAUSES: Color = Color::Yellow;

/// Draws what is known of a run, on a screen of any size.
pub fn draw(frame: &mut Frame<'_>, watching: &Watching) {
    let [top, middle, bottom] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)])
            .areas(frame.area());
    let seconds = watching.last().map_or(Duration::ZERO, |update| update.run).as_secs_f64();
    let title = Line::from(vec![
        Span::from(watching.name().to_owned()).bold(),
        Span::from(format!("  {seconds:.1} s, {}", watching.status())),
    ]);
    frame.render_widget(title, top);
    frame.render_widget(Line::from("q quits, space lets the run stand or go on").dim(), bottom);
    let Some(update) = watching.last() else {
        frame.render_widget(Paragraph::new("waits for the first operation to end"), middle);
        return;
    };

    let is_high = middle.height >= HIGH;
    let [upper, lower] = Layout::vertical(match is_high {
        true => [Constraint::Percentage(55), Constraint::Percentage(45)],
        false => [Constraint::Percentage(100), Constraint::Length(0)],
    })
    .areas(middle);
    if middle.width >= WIDE {
        let halves = [Constraint::Percentage(62), Constraint::Percentage(38)];
        let [heap, pauses] = Layout::horizontal(halves).areas(upper);
        draw_heap(frame, heap, update);
        draw_pauses(frame, pauses, update);
        let [types, counters] = Layout::horizontal(halves).areas(lower);
        if is_high {
            draw_types(frame, types, update);
            draw_counters(frame, counters, watching, update);
        }
    } else {
        draw_heap(frame, upper, update);
        let [types, counters] =
            Layout::vertical([Constraint::Fill(1), Constraint::Length(6)]).areas(lower);
        if is_high {
            draw_types(frame, types, update);
            draw_counters(frame, counters, watching, update);
        }
    }
}

fn part<'a>(title: impl Into<Line<'a>>) -> Block<'a> {
    Block::bordered().border_style(Style::new().dark_gray()).title(title)
}

fn draw_heap(frame: &mut Frame<'_>, area: Rect, update: &Update) {
    let at = |place: u64| (place as f64 + 0.5) * update.slice_ns as f64 / 1e9;
    // Both ends of each slice: the teeth of a saw are as high as they are.
    let used: Vec<(f64, f64)> = update
        .slices
        .iter()
        .flat_map(|slice| {
            [slice.used_bytes_min, slice.used_bytes_max].map(|used| (at(slice.place), used as f64))
        })
        .collect();
    let reserved: Vec<(f64, f64)> = update
        .slices
        .iter()
        .filter(|slice| slice.reserved_bytes_max > 0)
        .map(|slice| (at(slice.place), slice.reserved_bytes_max as f64))
        .collect();
    let most = used.iter().chain(&reserved).map(|point| point.1).fold(1.0, f64::max);
    let end = update.run.as_secs_f64().max(0.001);
    let dataset = |color, points| {
        Dataset::default()
            .marker(Marker::Braille)
            .graph_type(GraphType::Line)
            .style(Style::new().fg(color))
            .data(points)
    };
    let label = |part: f64| bytes((most * part) as u64).to_string();
    let chart = Chart::new(vec![dataset(RESERVED, &reserved), dataset(USED, &used)])
        .block(part(Line::from(vec![
            Span::from(" heap: "),
            Span::from("in use").fg(USED),
            Span::from(", "),
            Span::from("held from the system ").fg(RESERVED),
        ])))
        .x_axis(
            Axis::default()
                .bounds([0.0, end])
                .labels(["0".to_owned(), duration((end * 1e9) as u64).to_string()])
                .style(Style::new().dark_gray()),
        )
        .y_axis(
            Axis::default()
                .bounds([0.0, most * 1.05])
                .labels(["0".to_owned(), label(0.5), label(1.0)])
                .style(Style::new().dark_gray()),
        );
    frame.render_widget(chart, area);
}

fn draw_pauses(frame: &mut Frame<'_>, area: Rect, update: &Update) {
    let block = part(" last pauses ");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let [numbers, bars] =
        Layout::vertical([Constraint::Length(3), Constraint::Min(0)]).areas(inner);
    let ns = |pause: Duration| duration(pause.as_nanos() as u64).to_string();
    let lines = vec![
        Line::from(format!(
            "{} pauses, half up to {}",
            count(update.pause_count),
            ns(update.pause_p50)
        )),
        Line::from(format!("99 % {}, longest {}", ns(update.pause_p99), ns(update.pause_max))),
        Line::from(format!("at least {:.0} % of 10 ms left", update.utilization * 100.0)),
    ];
    frame.render_widget(Paragraph::new(lines), numbers);
    let shown = update.pauses.len().saturating_sub(usize::from(bars.width));
    let pauses = update.pauses[shown..].iter().map(|pause| pause.as_nanos() as u64);
    let sparkline = Sparkline::default().data(pauses).style(Style::new().fg(PAUSES));
    frame.render_widget(sparkline, bars);
}

fn draw_types(frame: &mut Frame<'_>, area: Rect, update: &Update) {
    let all: u64 = update.types.iter().map(|(_, bytes)| bytes).sum::<u64>() + update.garbage_bytes;
    let percent = |part: u64| format!("{:.0} %", 100.0 * part as f64 / all.max(1) as f64);
    let row = |name: String, size: u64| {
        let number = |text: String| Line::from(text).alignment(Alignment::Right);
        Row::new([Line::from(name), number(bytes(size).to_string()), number(percent(size))])
    };
    let types = update.types.iter().map(|(name, size)| row(name.short.clone(), *size));
    let garbage = row("unreachable, not yet reclaimed".to_owned(), update.garbage_bytes).dim();
    // What does not fit is the least of the types.
    let room = usize::from(area.height.saturating_sub(3));
    let rows = types.take(room).chain([garbage]);
    let widths = [Constraint::Fill(1), Constraint::Length(9), Constraint::Length(6)];
    frame.render_widget(Table::new(rows, widths).block(part(" types, when last looked at ")), area);
}

fn draw_counters(frame: &mut Frame<'_>, area: Rect, watching: &Watching, update: &Update) {
    let stats = &update.stats;
    let collections: Vec<String> =
        update.generations.iter().map(|sums| count(sums.collections).to_string()).collect();
    let rate = bytes(watching.allocated_bytes_per_second() as u64);
    let entries = [
        ("allocated", format!("{}, {rate}/s", bytes(stats.allocated_bytes))),
        ("objects made", count(stats.allocated_objects).to_string()),
        ("in use", bytes(stats.used_bytes as u64).to_string()),
        ("collections", collections.join(" + ")),
        ("held", bytes(stats.reserved_bytes as u64).to_string()),
        ("reclaimed", format!("{} objects", count(stats.freed_objects))),
        ("safepoints", count(stats.safepoints).to_string()),
    ];
    let rows = entries.map(|(name, value)| Row::new([Span::from(name).dim(), Span::from(value)]));
    let widths = [Constraint::Length(12), Constraint::Fill(1)];
    frame.render_widget(Table::new(rows, widths).block(part(" counters ")), area);
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::observe::{Slice, TypeName};

    fn watching() -> Watching {
        let slice = |place, used_bytes_max| Slice {
            place,
            used_bytes_max,
            reserved_bytes_max: 8 << 20,
            ..Slice::default()
        };
        let name = |name: &str| TypeName { name: name.to_owned(), short: name.to_owned() };
        let mut update = Update {
            run: Duration::from_millis(2500),
            slice_ns: 500_000_000,
            slices: vec![slice(0, 1 << 20), slice(1, 4 << 20), slice(4, 2 << 20)],
            types: vec![(name("Node"), 3 << 20), (name("[f64]"), 1 << 20)],
            garbage_bytes: 4 << 20,
            pauses: vec![Duration::from_micros(5); 300],
            pause_count: 300,
            pause_p50: Duration::from_micros(5),
            pause_p99: Duration::from_micros(7),
            pause_max: Duration::from_millis(9),
            utilization: 0.25,
            ..Update::default()
        };
        update.stats.allocated_bytes = 10 << 20;
        update.generations = vec![Default::default(); 2];
        update.generations[0].collections = 41;
        let mut watching = Watching::new("gcbench on generational".to_owned());
        watching.update(update);
        watching
    }

    /// The screen as text.
    fn screen(width: u16, height: u16, watching: &Watching) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("it is of memory");
        terminal.draw(|frame| draw(frame, watching)).expect("memory takes everything");
        terminal.backend().to_string()
    }

    #[track_caller]
    fn assert_shows(screen: &str, parts: &[&str]) {
        for part in parts {
            assert!(screen.contains(part), "`{part}` is missing in:\n{screen}");
        }
    }

    #[test]
    fn a_wide_screen_shows_everything() {
        let screen = screen(100, 32, &watching());
        assert_shows(&screen, &["gcbench on generational  2.5 s, runs", "q quits"]);
        assert_shows(&screen, &["8.00 MiB", "2.50 s", "in use"]);
        assert_shows(
            &screen,
            &["300 pauses, half up to 5.00 µs", "longest 9.00 ms", "25 % of 10 ms"],
        );
        assert_shows(&screen, &["Node", "3.00 MiB", "38 %", "unreachable", "50 %"]);
        assert_shows(&screen, &["10.0 MiB, 4.00 MiB/s", "41 + 0"]);
        // Braille: the heap was drawn.
        let is_drawn = |letter: char| ('\u{2801}'..='\u{28ff}').contains(&letter);
        assert!(screen.chars().filter(|letter| is_drawn(*letter)).count() > 20, "{screen}");
    }

    #[test]
    fn a_small_screen_shows_what_fits() {
        let narrow = screen(40, 24, &watching());
        assert_shows(&narrow, &["heap", "Node", "41 + 0"]);
        let low = screen(100, 10, &watching());
        assert_shows(&low, &["heap", "last pauses"]);
        assert!(!low.contains("counters"), "{low}");
        for (width, height) in [(1, 1), (2, 3), (200, 2), (3, 80), (20, 18)] {
            screen(width, height, &watching());
        }
    }

    #[test]
    fn before_the_first_update_the_screen_says_so() {
        let nothing = Watching::new("list on null".to_owned());
        assert_shows(&screen(60, 9, &nothing), &["list on null", "waits for the first operation"]);
    }
}
