//! Reads answers back that somebody else has written: another program that runs heap programs.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::answer::{Answer, Event, Info, Refusal, Returned, Who};
use super::fields::excerpt;
use super::name::{Name, Names};
use super::op::Op;
use super::program::Program;

/// Why a text is not the answers to a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerError(String);

impl AnswerError {
    fn new(reason: impl fmt::Display) -> AnswerError {
        AnswerError(reason.to_string())
    }

    fn of(expected: &str, found: &Value) -> AnswerError {
        AnswerError(format!("expected {expected}, found {}", excerpt(found)))
    }
}

impl fmt::Display for AnswerError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for AnswerError {}

/// Reads the answers to all operations of a program: a JSON array on one line.
///
/// # Errors
///
/// Returns an error if these are not answers, or not to this program.
pub fn read_answers(text: &str, program: &Program) -> Result<Vec<Answer>, AnswerError> {
    let lines: Vec<Value> = serde_json::from_str(text).map_err(AnswerError::new)?;
    if lines.len() != program.ops.len() {
        let (found, expected) = (lines.len(), program.ops.len());
        return Err(AnswerError(format!("expected {expected} answers, found {found}")));
    }
    let read = |(line, op)| {
        read_answer(line, op, &program.names)
            .map_err(|error| AnswerError(format!("the answer to `{}`: {error}", Op::word(op))))
    };
    lines.into_iter().zip(&program.ops).map(read).collect()
}

/// Reads the answer to one operation of the program that these are the names of.
///
/// # Errors
///
/// Returns an error if this is not an answer, or not to this operation.
pub fn read_answer(answer: Value, op: &Op, names: &Names) -> Result<Answer, AnswerError> {
    let line: Line = serde_json::from_value(answer).map_err(AnswerError::new)?;
    if line.op != op.word() {
        return Err(AnswerError(format!(
            "expected the answer to `{}`, found `{}`",
            op.word(),
            line.op
        )));
    }
    let reader = Reader(names);
    Ok(Answer {
        index: line.i,
        op: op.word(),
        ret: line.ret.map(|ret| reader.returned(op, ret)).transpose()?,
        error: line.error.map(|error| reader.refusal(&error)).transpose()?,
        events: reader.events(&line.events)?,
        cleared: reader.names(&line.cleared)?,
        died_unnamed: line.died_uncounted_names,
        finalized_unnamed: line.finalized_uncounted_names,
        floating: reader.names(&line.floating)?,
        floating_unnamed: line.floating_uncounted_names,
        alive: line.alive,
    })
}

/// An answer as it is written. What did not happen is left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    i: usize,
    op: String,
    /// `null` is something that was returned.
    #[serde(default, deserialize_with = "present")]
    ret: Option<Value>,
    error: Option<String>,
    #[serde(default)]
    died_uncounted_names: usize,
    #[serde(default)]
    finalized_uncounted_names: usize,
    #[serde(default)]
    cleared: Vec<String>,
    #[serde(default)]
    events: Vec<Value>,
    #[serde(default)]
    floating: Vec<String>,
    #[serde(default)]
    floating_uncounted_names: usize,
    alive: usize,
    // These say again what is in the events.
    #[serde(default, rename = "died")]
    _died: Vec<String>,
    #[serde(default, rename = "finalized")]
    _finalized: Vec<String>,
    #[serde(default, rename = "callbacks")]
    _callbacks: Vec<String>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// What is known of an object, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InfoLine {
    strong: usize,
    weak: usize,
    tracked: bool,
    finalized: bool,
    generation: Option<u8>,
    referrers: Vec<String>,
    referents: Vec<String>,
}

/// Reads with the names of a program: an answer uses no others.
struct Reader<'a>(&'a Names);

impl Reader<'_> {
    fn name(&self, string: &str) -> Result<Name, AnswerError> {
        self.0
            .get(string)
            .ok_or_else(|| AnswerError(format!("expected a name of the program, found `{string}`")))
    }

    fn names(&self, strings: &[String]) -> Result<Vec<Name>, AnswerError> {
        strings.iter().map(|string| self.name(string)).collect()
    }

    fn returned(&self, op: &Op, ret: Value) -> Result<Returned, AnswerError> {
        Ok(match op {
            Op::Deref { .. } => {
                let id: Option<String> = read(ret)?;
                Returned::Object(id.map(|id| self.name(&id)).transpose()?)
            }
            Op::Collect { .. } => Returned::Collected(read(ret)?),
            Op::Enable | Op::Disable => Returned::IsEnabled(read(ret)?),
            Op::Counts => Returned::Counts(read(ret)?),
            Op::Stats => Returned::Stats(read(ret)?),
            Op::Threshold { .. } => Returned::Thresholds(read(ret)?),
            Op::Garbage { .. } => Returned::Garbage(self.names(&read::<Vec<_>>(ret)?)?),
            Op::Info { .. } => Returned::Info(self.info(read(ret)?)?),
            Op::Churn { .. } => Returned::Churned(read(ret)?),
            _ => return Err(AnswerError::of("no `ret`", &ret)),
        })
    }

    fn info(&self, line: InfoLine) -> Result<Info, AnswerError> {
        let InfoLine { strong, weak, tracked, finalized, generation, referrers, referents } = line;
        let (referrers, referents) = (self.names(&referrers)?, self.names(&referents)?);
        Ok(Info { strong, weak, tracked, finalized, generation, referrers, referents })
    }

    fn refusal(&self, error: &str) -> Result<Refusal, AnswerError> {
        if error == "not weakly referenceable" {
            return Ok(Refusal::NotWeaklyReferenceable);
        }
        if let Some(id) = error.strip_prefix("unreachable: ") {
            self.name(id).map(Refusal::Unreachable)
        } else if let Some(name) = error.strip_prefix("no root ") {
            self.name(name).map(Refusal::NoRoot)
        } else if let Some(id) = error.strip_prefix("immutable: ") {
            self.name(id).map(Refusal::Immutable)
        } else {
            Err(AnswerError(format!("expected why it was refused, found `{error}`")))
        }
    }

    /// What happened. The weak references that were cleared are noted at the end, but are no events
    /// here.
    fn events(&self, events: &[Value]) -> Result<Vec<Event>, AnswerError> {
        let is_cleared = |event: &Value| event[0] == "cleared";
        events.iter().filter(|event| !is_cleared(event)).map(|event| self.event(event)).collect()
    }

    fn event(&self, event: &Value) -> Result<Event, AnswerError> {
        let items = event.as_array().map_or(&[][..], Vec::as_slice);
        let number = |item: &Value| item.as_u64().and_then(|number| usize::try_from(number).ok());
        let read = match items {
            [Value::String(word), items @ ..] => match (word.as_str(), items) {
                ("finalized", [Value::String(id)]) => Some(Event::Finalized(self.name(id)?)),
                ("died", [Value::String(id)]) => Some(Event::Died(self.name(id)?)),
                ("callback", [Value::String(w), Value::Bool(was_cleared)]) => {
                    Some(Event::Callback { w: self.name(w)?, was_cleared: *was_cleared })
                }
                ("saw", [Value::String(who), Value::String(w), Value::Bool(alive)]) => {
                    Some(Event::Saw { who: self.who(who)?, w: self.name(w)?, alive: *alive })
                }
                ("saw_slot", [Value::String(who), slot, id]) => {
                    let id = id.as_str().map(|id| self.name(id)).transpose()?;
                    let who = self.who(who)?;
                    number(slot).map(|slot| Event::SawSlot { who, slot, id })
                }
                ("nested_collect", [Value::String(who), returned]) => {
                    let who = self.who(who)?;
                    number(returned).map(|returned| Event::NestedCollect { who, returned })
                }
                ("unraisable", [Value::String(_)]) => Some(Event::Unraisable),
                ("gc", [Value::String(phase), counts @ ..]) => {
                    let has_ended = match phase.as_str() {
                        "start" => Some(false),
                        "stop" => Some(true),
                        _ => None,
                    };
                    let counts: Option<Vec<usize>> = counts.iter().map(number).collect();
                    has_ended.zip(counts).and_then(|(has_ended, counts)| {
                        let [generation, collected, uncollectable] = *counts else { return None };
                        Some(Event::Collection { has_ended, generation, collected, uncollectable })
                    })
                }
                _ => None,
            },
            _ => None,
        };
        read.ok_or_else(|| AnswerError::of("an event", event))
    }

    /// Who did something. A member of a chain is called by the chain and a number; what the program
    /// gives as a name is taken for one.
    fn who(&self, who: &str) -> Result<Who, AnswerError> {
        if let Some(w) = who.strip_prefix("callback ") {
            return self.name(w).map(Who::Callback);
        }
        let unknown = || AnswerError(format!("expected a finalizer or a callback, found `{who}`"));
        let id = who.strip_prefix("finalizer ").ok_or_else(unknown)?;
        if let Some(id) = self.0.get(id) {
            return Ok(Who::Finalizer(id));
        }
        // The chain's name may itself end with digits.
        let is_number =
            |digits: &str| !digits.is_empty() && (digits == "0" || !digits.starts_with('0'));
        let first_digit = id.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        (first_digit..id.len())
            .filter(|&end| is_number(&id[end..]))
            .find_map(|end| {
                let (chain, number) = id.split_at(end);
                Some(Who::Member { chain: self.0.get(chain)?, number: number.parse().ok()? })
            })
            .ok_or_else(unknown)
    }
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, AnswerError> {
    serde_json::from_value(value).map_err(AnswerError::new)
}

#[cfg(test)]
mod tests {
    use super::super::answer::{Churned, Counts, GenerationStats};
    use super::super::op::Generation;
    use super::*;

    fn nothing(op: &Op) -> Answer {
        Answer {
            index: 3,
            op: op.word(),
            ret: None,
            error: None,
            events: Vec::new(),
            cleared: Vec::new(),
            died_unnamed: 0,
            finalized_unnamed: 0,
            floating: Vec::new(),
            floating_unnamed: 0,
            alive: 0,
        }
    }

    #[track_caller]
    fn assert_reads_back(answer: &Answer, op: &Op, names: &Names) {
        let line = answer.line(names);
        let read = read_answer(serde_json::from_str(&line).unwrap(), op, names);
        assert_eq!(read.as_ref(), Ok(answer), "{line}");
    }

    #[test]
    fn what_an_answer_writes_reads_back() {
        let mut names = Names::default();
        let [a, w, c1] = ["a", "w", "c1"].map(|string| names.intern(string));
        let op = Op::Drop { name: a };
        let finalizer = Who::Finalizer(a);
        let member = Who::Member { chain: c1, number: 20 };
        let answer = Answer {
            events: vec![
                Event::Finalized(a),
                Event::Callback { w, was_cleared: true },
                Event::Died(a),
                Event::Saw { who: finalizer, w, alive: false },
                Event::Saw { who: Who::Callback(w), w, alive: true },
                Event::SawSlot { who: member, slot: 3, id: None },
                Event::SawSlot { who: finalizer, slot: 15, id: Some(a) },
                Event::NestedCollect { who: member, returned: 7 },
                Event::Unraisable,
                Event::Collection {
                    has_ended: false,
                    generation: 1,
                    collected: 0,
                    uncollectable: 0,
                },
                Event::Collection {
                    has_ended: true,
                    generation: 2,
                    collected: 3,
                    uncollectable: 4,
                },
            ],
            cleared: vec![w],
            died_unnamed: 1,
            finalized_unnamed: 2,
            floating: vec![a, c1],
            floating_unnamed: 3,
            alive: 4,
            ..nothing(&op)
        };
        assert_reads_back(&answer, &op, &names);
    }

    #[test]
    fn whatever_is_returned_reads_back() {
        let mut names = Names::default();
        let [a, w] = ["a", "w"].map(|string| names.intern(string));
        let deref = Op::Deref { w, root: None };
        let stats = GenerationStats { collections: 1, collected: 2, uncollectable: 3 };
        let info = Info {
            strong: 1,
            weak: 2,
            tracked: true,
            finalized: false,
            generation: None,
            referrers: vec![a],
            referents: Vec::new(),
        };
        let cases = [
            (deref.clone(), Returned::Object(None)),
            (deref, Returned::Object(Some(a))),
            (Op::Collect { generation: Generation::OLD }, Returned::Collected(5)),
            (Op::Enable, Returned::IsEnabled(true)),
            (Op::Counts, Returned::Counts(Counts { gen1: 1, gen2: 2 })),
            (Op::Stats, Returned::Stats([stats; 3])),
            (Op::Threshold { set: None }, Returned::Thresholds([1, 0, 3])),
            (Op::Garbage { clear: false }, Returned::Garbage(vec![a])),
            (Op::Info { id: a }, Returned::Info(info)),
            (
                Op::Churn { id: a, length: 1 },
                Returned::Churned(Churned { alive: 0, any_collected: true }),
            ),
        ];
        for (op, ret) in cases {
            assert_reads_back(&Answer { ret: Some(ret), ..nothing(&op) }, &op, &names);
        }
    }

    #[test]
    fn every_refusal_reads_back() {
        let mut names = Names::default();
        let a = names.intern("a");
        let op = Op::Drop { name: a };
        for refusal in [
            Refusal::Unreachable(a),
            Refusal::NoRoot(a),
            Refusal::NotWeaklyReferenceable,
            Refusal::Immutable(a),
        ] {
            assert_reads_back(&Answer { error: Some(refusal), ..nothing(&op) }, &op, &names);
        }
    }

    #[track_caller]
    fn assert_refused(line: &str, expected: &str) {
        let mut names = Names::default();
        let op = Op::Drop { name: names.intern("a") };
        let answer = serde_json::from_str(line).unwrap();
        assert_eq!(read_answer(answer, &op, &names).unwrap_err().to_string(), expected);
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        assert_refused(r#"{"i": 0, "op": "drop"}"#, "missing field `alive`");
        assert_refused(
            r#"{"i": 0, "op": "link", "alive": 0}"#,
            "expected the answer to `drop`, found `link`",
        );
        assert_refused(
            r#"{"i": 0, "op": "drop", "events": [["died", "b"]], "alive": 0}"#,
            "expected a name of the program, found `b`",
        );
        assert_refused(
            r#"{"i": 0, "op": "drop", "events": [["gc", "start"]], "alive": 0}"#,
            r#"expected an event, found ["gc","start"]"#,
        );
        assert_refused(
            r#"{"i": 0, "op": "drop", "ret": null, "alive": 0}"#,
            "expected no `ret`, found null",
        );
        assert_refused(
            r#"{"i": 0, "op": "drop", "error": "why not", "alive": 0}"#,
            "expected why it was refused, found `why not`",
        );
    }

    #[test]
    fn as_many_answers_as_operations_are_expected() {
        let error = read_answers("[]", &super::super::generate::generate(1, 2)).unwrap_err();
        assert_eq!(error.to_string(), "expected 2 answers, found 0");
    }
}
