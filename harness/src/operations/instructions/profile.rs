//! What callgrind writes, as far as it is read here.

/// The instructions of one profile.
#[derive(Debug, PartialEq)]
pub(super) struct Profile<'a> {
    /// All of them.
    pub(super) total: u64,
    costs: Vec<Cost<'a>>,
}

/// Instructions at a place, or of a call from there.
#[derive(Debug, PartialEq)]
struct Cost<'a> {
    place: Place<'a>,
    callee: Option<Callee<'a>>,
    instructions: u64,
}

/// What is called.
#[derive(Debug, PartialEq)]
struct Callee<'a> {
    name: &'a str,
    place: Place<'a>,
}

/// An address in a program or a library, counted from where that was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place<'a> {
    /// The path of the program or the library.
    pub(super) object: &'a str,
    pub(super) address: usize,
}

impl<'a> Profile<'a> {
    /// Parses a profile whose positions are addresses and lines, not compressed.
    pub(super) fn parse(text: &'a str) -> Result<Profile<'a>, String> {
        let mut total = None;
        let mut costs = Vec::new();
        let mut object = "";
        let mut callee_object = None;
        let mut callee_name = "";
        let mut callee = None;
        for line in text.lines() {
            let not_understood = || format!("no line of a profile: {line}");
            if let Some(value) = line.strip_prefix("totals: ") {
                total = Some(value.trim().parse().map_err(|_| not_understood())?);
            } else if let Some(path) = line.strip_prefix("ob=") {
                object = path;
            } else if let Some(path) = line.strip_prefix("cob=") {
                callee_object = Some(path);
            } else if let Some(name) = line.strip_prefix("cfn=") {
                callee_name = name;
            } else if let Some(call) = line.strip_prefix("calls=") {
                // How often, and whom. The next line has the place of the call, and everything that
                // was done in it.
                let address = call.split_whitespace().nth(1).and_then(parse_address);
                let address = address.ok_or_else(not_understood)?;
                let object = callee_object.take().unwrap_or(object);
                callee = Some(Callee { name: callee_name, place: Place { object, address } });
            } else if line.starts_with("0x") {
                let mut words = line.split_whitespace();
                let address = words.next().and_then(parse_address).ok_or_else(not_understood)?;
                // A line without instructions ends with the position.
                let instructions = words.nth(1).map_or(Ok(0), str::parse);
                costs.push(Cost {
                    place: Place { object, address },
                    callee: callee.take(),
                    instructions: instructions.map_err(|_| not_understood())?,
                });
            }
        }
        let total = total.ok_or("the profile has no total")?;
        // Each instruction is listed once where it was executed, calls aside.
        let mut own = costs.iter().filter(|cost| cost.callee.is_none());
        let listed = own.try_fold(0_u64, |sum, cost| sum.checked_add(cost.instructions));
        let listed = listed.ok_or("the profile lists more instructions than can be counted")?;
        if listed != total {
            return Err(format!("the profile lists {listed} instructions of {total}"));
        }
        Ok(Profile { total, costs })
    }

    /// Where a function begins that is called in the profile and whose name ends like this.
    pub(super) fn entry(&self, name: &str) -> Option<Place<'a>> {
        let mut callees = self.costs.iter().filter_map(|cost| cost.callee.as_ref());
        callees.find(|callee| callee.name.ends_with(name)).map(|callee| callee.place)
    }

    /// The instructions at places that belong, and of calls from there to what does not.
    pub(super) fn instructions_of(&self, mut belongs: impl FnMut(Place<'_>) -> bool) -> u64 {
        let mut sum = 0;
        for Cost { place, callee, instructions } in &self.costs {
            let is_call_inside = callee.as_ref().is_some_and(|callee| belongs(callee.place));
            if belongs(*place) && !is_call_inside {
                // Of calls within calls what is done is listed in each.
                sum = u64::saturating_add(sum, *instructions);
            }
        }
        sum
    }
}

fn parse_address(word: &str) -> Option<usize> {
    usize::from_str_radix(word.strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `mutator` has seven instructions, one of them a call of the barrier, which has three and calls
    /// `memmove` with ten, at the address that the barrier has in the program.
    const PROFILE: &str = "\
version: 1
positions: instr line
events: Ir

ob=/bin/program
fn=mutator
0x10 1 6
0x14 2 1
cfn=heap::write_barrier_slow
calls=1 0x20 5
0x14 2 13

fn=heap::write_barrier_slow
0x20 5 3
cob=/lib/libc.so
cfn=memmove
calls=1 0x20 9
0x20 5 10

ob=/lib/libc.so
fn=memmove
0x20 9 10

totals: 20
";

    #[test]
    fn what_belongs_is_counted_once_with_all_it_calls() {
        let profile = Profile::parse(PROFILE).unwrap();
        let of = |addresses: &[usize]| {
            profile.instructions_of(|place| {
                place.object == "/bin/program" && addresses.contains(&place.address)
            })
        };
        assert_eq!(profile.total, 20);
        assert_eq!(of(&[]), 0);
        assert_eq!(of(&[0x20]), 13);
        // A test that was inlined into the mutator, and the slow path that it calls.
        assert_eq!(of(&[0x14, 0x20]), 14);
        assert_eq!(of(&[0x14]), 14);
    }

    #[test]
    fn a_function_is_found_where_it_is_called() {
        let profile = Profile::parse(PROFILE).unwrap();
        let entry = |name| profile.entry(name).map(|place| (place.object, place.address));
        assert_eq!(entry("::write_barrier_slow"), Some(("/bin/program", 0x20)));
        assert_eq!(entry("memmove"), Some(("/lib/libc.so", 0x20)));
        assert_eq!(entry("mutator"), None);
    }

    #[test]
    fn a_profile_that_is_not_whole_is_refused() {
        let cut = PROFILE.replace("0x20 9 10\n\n", "\n");
        let error = Profile::parse(&cut).unwrap_err();
        assert_eq!(error, "the profile lists 10 instructions of 20");
        let error = Profile::parse("fn=mutator\n0xzz 1 6\n").unwrap_err();
        assert!(error.contains("0xzz 1 6"), "{error}");
        let huge = format!("0x10 1 {0}\n0x14 1 {0}\ntotals: 3\n", u64::MAX);
        let error = Profile::parse(&huge).unwrap_err();
        assert_eq!(error, "the profile lists more instructions than can be counted");
    }
}
