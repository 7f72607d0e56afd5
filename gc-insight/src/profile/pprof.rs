//! Profiles in pprof's format: a gzipped protocol buffer.
//!
//! The messages are those of `profile.proto` of the pprof project, as far as they are used.

use std::collections::HashMap;
use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message;

use super::{Frame, Profile, Site};

#[derive(Clone, PartialEq, Message)]
struct ProfileMessage {
    #[prost(message, repeated, tag = "1")]
    sample_type: Vec<ValueType>,
    #[prost(message, repeated, tag = "2")]
    sample: Vec<Sample>,
    #[prost(message, repeated, tag = "4")]
    location: Vec<Location>,
    #[prost(message, repeated, tag = "5")]
    function: Vec<Function>,
    #[prost(string, repeated, tag = "6")]
    string_table: Vec<String>,
    #[prost(message, optional, tag = "11")]
    period_type: Option<ValueType>,
    #[prost(int64, tag = "12")]
    period: i64,
    #[prost(int64, tag = "14")]
    default_sample_type: i64,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct ValueType {
    #[prost(int64, tag = "1")]
    r#type: i64,
    #[prost(int64, tag = "2")]
    unit: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Sample {
    /// The innermost first.
    #[prost(uint64, repeated, tag = "1")]
    location_id: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    value: Vec<i64>,
    #[prost(message, repeated, tag = "3")]
    label: Vec<Label>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Label {
    #[prost(int64, tag = "1")]
    key: i64,
    #[prost(int64, tag = "2")]
    str: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Location {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(message, repeated, tag = "4")]
    line: Vec<LineMessage>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct LineMessage {
    #[prost(uint64, tag = "1")]
    function_id: u64,
    #[prost(int64, tag = "2")]
    line: i64,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Function {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(int64, tag = "2")]
    name: i64,
    #[prost(int64, tag = "3")]
    system_name: i64,
    #[prost(int64, tag = "4")]
    filename: i64,
}

impl Profile {
    /// Writes the profile for pprof and the tools that read its format: a gzipped protocol buffer with
    /// four values for each site, as Go's heap profiles have them: `alloc_objects`, `alloc_space`,
    /// `inuse_objects` and `inuse_space`, the last of which is shown first. The type is the label `type`.
    ///
    /// A site without a stack has the frames of its line alone.
    ///
    /// With the feature `pprof`.
    ///
    /// # Errors
    ///
    /// If the writer fails.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{Arena, Gc, NullCollector, Rootable, Sampling};
    /// # use gc_insight::profile::Profile;
    /// # let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// arena.profile_allocations(Some(Sampling::default()));
    /// arena.enter(|mc, ()| (0..10).for_each(|number: u64| _ = Gc::new(mc, number)));
    /// let profile = Profile::from(&arena.allocation_profile().unwrap());
    /// // `go tool pprof heap.pb.gz`
    /// let mut file = Vec::new(); // or `File::create("heap.pb.gz")?`
    /// profile.write_pprof(&mut file)?;
    /// assert_eq!(file[..2], [0x1f, 0x8b], "it is compressed");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn write_pprof(&self, to: impl Write) -> io::Result<()> {
        let mut encoder = GzEncoder::new(to, Compression::default());
        encoder.write_all(&message(self).encode_to_vec())?;
        encoder.finish()?;
        Ok(())
    }
}

fn message(profile: &Profile) -> ProfileMessage {
    let mut tables = Tables::default();
    // Number 0 is the empty string in every file.
    tables.string("");
    let sample = profile.sites.iter().map(|site| tables.sample(site)).collect();
    let mut value_type =
        |name, unit| ValueType { r#type: tables.string(name), unit: tables.string(unit) };
    let sample_type = vec![
        value_type("alloc_objects", "count"),
        value_type("alloc_space", "bytes"),
        value_type("inuse_objects", "count"),
        value_type("inuse_space", "bytes"),
    ];
    let period_type = Some(value_type("space", "bytes"));
    let default_sample_type = tables.string("inuse_space");
    ProfileMessage {
        sample_type,
        sample,
        period_type,
        period: profile.interval_bytes.max(1) as i64,
        default_sample_type,
        location: tables.locations,
        function: tables.functions,
        string_table: tables.strings,
    }
}

/// What is written once and named by numbers.
#[derive(Default)]
struct Tables {
    strings: Vec<String>,
    string_numbers: HashMap<String, i64>,
    functions: Vec<Function>,
    function_ids: HashMap<(i64, i64), u64>,
    locations: Vec<Location>,
    location_ids: HashMap<(u64, i64), u64>,
}

impl Tables {
    fn string(&mut self, text: &str) -> i64 {
        if let Some(&number) = self.string_numbers.get(text) {
            return number;
        }
        let number = self.strings.len() as i64;
        self.strings.push(text.to_owned());
        self.string_numbers.insert(text.to_owned(), number);
        number
    }

    fn location(&mut self, frame: &Frame) -> u64 {
        let name = self.string(&frame.function);
        let filename = self.string(frame.file.as_deref().unwrap_or_default());
        let functions = &mut self.functions;
        let function_id = *self.function_ids.entry((name, filename)).or_insert_with(|| {
            let id = functions.len() as u64 + 1;
            functions.push(Function { id, name, system_name: name, filename });
            id
        });
        let line = i64::from(frame.line.unwrap_or_default());
        let locations = &mut self.locations;
        *self.location_ids.entry((function_id, line)).or_insert_with(|| {
            let id = locations.len() as u64 + 1;
            locations.push(Location { id, line: vec![LineMessage { function_id, line }] });
            id
        })
    }

    fn sample(&mut self, site: &Site) -> Sample {
        let own = Frame {
            function: format!("{}:{}", site.file, site.line),
            file: Some(site.file.clone()),
            line: Some(site.line),
        };
        let frames = core::iter::once(&own).chain(site.stack.iter().rev());
        let location_id = frames.map(|frame| self.location(frame)).collect();
        let values =
            [site.allocated.objects, site.allocated.bytes, site.live.objects, site.live.bytes];
        let label = Label { key: self.string("type"), str: self.string(&site.type_name) };
        Sample {
            location_id,
            value: values.map(|value| value.round() as i64).to_vec(),
            label: vec![label],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;
    use gc_core::Estimate;

    use super::*;

    fn site(line: u32, stack: &[&str]) -> Site {
        let frame = |name: &&str| Frame { function: (*name).to_owned(), file: None, line: None };
        let amount = |objects| Estimate { objects, bytes: 16.0 * objects };
        Site {
            file: "src/main.rs".to_owned(),
            line,
            column: 1,
            type_name: "Node".to_owned(),
            stack: stack.iter().map(frame).collect(),
            samples: 1,
            allocated: amount(2.4),
            live: amount(1.0),
            peak: amount(2.0),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let sites = vec![site(3, &["main", "run"]), site(9, &["main"]), site(3, &[])];
        let profile = Profile { interval_bytes: 4096, sites };
        let mut file = Vec::new();
        profile.write_pprof(&mut file).unwrap();
        let mut bytes = Vec::new();
        GzDecoder::new(&file[..]).read_to_end(&mut bytes).unwrap();
        let message = ProfileMessage::decode(&bytes[..]).unwrap();

        let string = |number: i64| message.string_table[number as usize].as_str();
        assert_eq!(string(0), "");
        let types = message.sample_type.iter().map(|each| (string(each.r#type), string(each.unit)));
        assert!(types.eq([
            ("alloc_objects", "count"),
            ("alloc_space", "bytes"),
            ("inuse_objects", "count"),
            ("inuse_space", "bytes"),
        ]));
        assert_eq!((message.period, string(message.default_sample_type)), (4096, "inuse_space"));
        // Numbers begin at 1 and are those of the places.
        for (place, location) in message.location.iter().enumerate() {
            assert_eq!(location.id, place as u64 + 1);
            assert!((1..=message.function.len() as u64).contains(&location.line[0].function_id));
        }
        let names: Vec<Vec<&str>> = message
            .sample
            .iter()
            .map(|sample| {
                assert_eq!(sample.value, [2, 38, 1, 16]);
                assert_eq!(
                    (string(sample.label[0].key), string(sample.label[0].str)),
                    ("type", "Node")
                );
                let name = |&id: &u64| {
                    let line = message.location[id as usize - 1].line[0];
                    string(message.function[line.function_id as usize - 1].name)
                };
                sample.location_id.iter().map(name).collect()
            })
            .collect();
        let own = "src/main.rs:3";
        assert_eq!(names, [vec![own, "run", "main"], vec!["src/main.rs:9", "main"], vec![own]]);
    }
}
