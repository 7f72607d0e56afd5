//! A server leaks. What grows, why is it alive, what does it keep, and who made it?

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;

use tenure::insight::leak::Census;
use tenure::insight::log::CollectionLog;
use tenure::insight::profile::Profile;
use tenure::insight::snapshot::Snapshot;
use tenure::{AnyGc, Arena, Gc, GcHashMap, GcVec, Mutation, Rootable, Sampling, Trace};

#[derive(Trace)]
struct Session<'gc> {
    user: Gc<'gc, str>,
    pages: GcVec<'gc, Gc<'gc, str>>,
}

/// Keeps more than it seems: the session.
#[derive(Trace)]
struct Event<'gc> {
    session: Gc<'gc, Session<'gc>>,
}

#[derive(Trace)]
struct Server<'gc> {
    sessions: GcHashMap<'gc, u64, Gc<'gc, Session<'gc>>>,
    events: GcVec<'gc, Gc<'gc, Event<'gc>>>,
}

fn open<'gc>(mc: &Mutation<'gc>, server: &Server<'gc>, number: u64) {
    let user = Gc::new_str(mc, &format!("user {number}"));
    let session = Gc::new(mc, Session { user, pages: GcVec::new(mc) });
    server.sessions.insert(mc, number, session);
    if number.is_multiple_of(10) {
        server.events.push(mc, Gc::new(mc, Event { session }));
    }
}

fn close<'gc>(mc: &Mutation<'gc>, server: &Server<'gc>, number: u64) {
    if let Some(session) = server.sessions.remove(mc, &number) {
        let goodbye = Gc::new_str(mc, &format!("goodbye, {}", &*session.user));
        session.pages.push(mc, goodbye);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arena = Arena::<Rootable![Server<'_>]>::new(|mc| Server {
        sessions: GcHashMap::new(mc),
        events: GcVec::new(mc),
    });
    // A program that runs for long would take a sample for every 512 KiB: `Sampling::default()`.
    arena.profile_allocations(Some(Sampling::exact()));
    let log = CollectionLog::new();
    arena.set_listener(log.clone());

    let serve = |arena: &mut Arena<_>, numbers: std::ops::Range<u64>| {
        for number in numbers {
            arena.mutate(|mc, server| open(mc, server, number));
            arena.mutate(|mc, server| close(mc, server, number));
        }
        arena.collect();
        arena.inspect(|heap, _| Census::of(heap))
    };
    let before = serve(&mut arena, 0..100);
    let after = serve(&mut arena, 100..1000);
    println!("What grows?\n{}\n", after.since(&before));

    arena.inspect(|heap, _| {
        let session: AnyGc<'_> = heap.objects_of_type::<Session<'_>>().next().expect("they leak");
        let way = heap.why_alive(session).expect("it is reachable");
        println!("Why is a session alive?\n{way}\n");

        let graph = heap.graph();
        let dominators = graph.dominators();
        println!("What keeps most?");
        for node in dominators.largest().take(3) {
            let (bytes, object) = (dominators.retained_bytes(node), graph.object(node));
            println!("{bytes:>8} bytes: {}", object.short_type_name());
        }
    });

    let profile = Profile::from(&arena.allocation_profile().expect("it was asked for"));
    let lines = profile.lines(None).top(4).read_sources(env!("CARGO_MANIFEST_DIR"));
    println!("\nWho made what is left?\n{lines}");
    println!("What did the collector do?\n{}", log.history().summary());

    if let Some(path) = std::env::args_os().nth(1) {
        // Chrome opens it: developer tools, Memory, Load profile.
        let file = BufWriter::new(File::create(path)?);
        arena.inspect(|heap, _| Snapshot::of(heap).write_heapsnapshot(file))?;
    }
    Ok(())
}
