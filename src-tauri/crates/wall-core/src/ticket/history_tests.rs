//! Laws of deciding and folding, on random histories: reopened, moved, timed and weighed anew, told late and out of order.

use super::*;
use crate::{Timebase, counts_from, settled, tally::Life};
use proptest::prelude::*;

const T0: UtcMs = UtcMs(1_000_000_000);

fn minute(m: i64) -> UtcMs {
    T0.plus_ms(m * 60_000)
}

/// A ticket reported and recorded at time 0, of which nothing else is known.
pub(super) fn ticket() -> Ticket {
    Ticket {
        id: TicketId(7),
        source: "feed".into(),
        external_id: "A-1".into(),
        category: "noise".into(),
        title: String::new(),
        description: String::new(),
        place: Place::new(120.1, 30.2),
        accuracy_m: None,
        address: String::new(),
        channel: None,
        platform: None,
        severity: Severity::DEFAULT,
        community_code: String::new(),
        reported_at: UtcMs(0),
        recorded_at: UtcMs(0),
        due_at: None,
        status: TicketStatus::Received,
        suspended_at: None,
        closed_at: None,
        attachments: vec![],
        sensitive: false,
        inverted_times: false,
        varied: false,
    }
}

fn record() -> TicketRecord {
    TicketRecord { source: "feed".into(), external_id: "A-1".into(), ..TicketRecord::default() }
}

fn fallback(now: UtcMs) -> TicketFallback {
    TicketFallback {
        severity: Severity::DEFAULT,
        platform: None,
        reported_at: now,
        now,
        due_at: None,
        sensitive: false,
        found: None,
    }
}

/// A message or a command, and the minutes that passed before it.
#[derive(Clone, Debug)]
enum Step {
    Heard(Box<TicketRecord>),
    Moved(TicketStatus, i64),
}

fn status() -> impl Strategy<Value = TicketStatus> {
    prop::sample::select(TicketStatus::ALL)
}

fn time() -> impl Strategy<Value = Option<UtcMs>> {
    prop::option::of((-20i64..200).prop_map(minute))
}

fn heard() -> impl Strategy<Value = TicketRecord> {
    let text = || prop::sample::select(vec![String::new(), "a".to_owned(), "b".to_owned()]);
    let place = prop::option::of(prop::sample::select(vec![(120.123_456_789_012_3, 30.2), (120.2, 30.1)]));
    let values = (prop::option::of(1u8..5), place, prop::option::of(prop::sample::select(vec![5.0, 12.7])), time());
    let texts = (text(), text(), text(), prop::option::of(any::<bool>()), prop::option::of(prop::sample::select(Channel::ALL)));
    let times =
        (prop::option::of(status()), time(), prop::option::weighted(0.2, -20i64..200), prop::option::weighted(0.2, -90i64..60));
    (values, texts, times).prop_map(|((severity, place, accuracy_m, due_at), texts, (status, status_at, closed, reported))| {
        let (category, title, word, sensitive, channel) = texts;
        let file = (!word.is_empty()).then(|| Attachment { name: word.clone(), hash: String::new() });
        TicketRecord {
            severity: severity.and_then(Severity::new),
            place: place.and_then(|(lon, lat)| Place::new(lon, lat)),
            accuracy_m,
            due_at,
            category,
            title,
            attachments: file.into_iter().collect(),
            status_word: word,
            sensitive,
            channel,
            status,
            status_at,
            closed_at: closed.map(minute),
            reported_at: reported.map(minute),
            ..record()
        }
    })
}

fn steps() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let step = prop_oneof![3 => heard().prop_map(|r| Step::Heard(Box::new(r))), 1 => (status(), -30i64..1).prop_map(|(s, back)| Step::Moved(s, back))];
    let first = heard().prop_map(|r| (0, Step::Heard(Box::new(TicketRecord { place: Place::new(120.0, 30.0), ..r }))));
    (first, prop::collection::vec((0i64..40, step), 0..9)).prop_map(|(first, rest)| [vec![first], rest].concat())
}

/// A store that keeps the row and the events of one ticket, and remembers what it held after each step.
#[derive(Default)]
struct Kept {
    row: Option<Ticket>,
    events: Vec<TicketEvent>,
    /// After each step: its time, the last revision, and what was held.
    then: Vec<(UtcMs, i64, Option<Ticket>, Vec<TicketEvent>)>,
}

impl Kept {
    /// Takes steps in the order of their time, one revision each.
    fn of(steps: &[(i64, Step)], mut after: impl FnMut(&Step, UtcMs, &Result<Decision, TicketRefusal>)) -> Self {
        let mut kept = Self::default();
        let mut now = T0;
        for (revision, (passed, step)) in (1..).zip(steps) {
            now = now.plus_ms(passed * 60_000);
            let origin = if matches!(step, Step::Moved(..)) { Origin::Move } else { Origin::Intake };
            let stamp = Stamp { recorded_at: now, revision, origin, actor: "token:feed", station: "api" };
            let fallback = fallback(now);
            let command = match step {
                Step::Heard(record) => Command::Hear { record, fallback: &fallback },
                Step::Moved(to, back) => Command::Move { to: *to, at: now.plus_ms(back * 60_000), reason: "why" },
            };
            let known = kept.row.as_ref().map(|row| (row, &kept.events[..]));
            let decided = decide(TicketId(7), known, command, &stamp);
            after(step, now, &decided);
            if let Ok(decision) = decided {
                kept.row = Some(decision.ticket);
                kept.events.extend(decision.events);
            }
            kept.then.push((now, revision, kept.row.clone(), kept.events.clone()));
        }
        kept
    }
}

/// How the row of a ticket was overwritten before there were events: the rules that the fold has to agree with.
#[derive(Default)]
struct Overwritten {
    row: Option<Ticket>,
    statuses: Vec<StatusEvent>,
}

impl Overwritten {
    fn standing(&self, row: &Ticket) -> (TicketStatus, Option<UtcMs>) {
        let reported = row.appears_at(Timebase::System);
        let last = Course::of(reported, &self.statuses, Timebase::System).last();
        let closed_at = last.over_by.map(|i| self.statuses[i]).and_then(|e| {
            let at = counts_from(e.at, e.recorded_at, Timebase::System);
            (e.told || at > reported).then_some(at)
        });
        (last.status, closed_at)
    }

    fn hear(&mut self, r: &TicketRecord, now: UtcMs) {
        let settle = |t: Option<UtcMs>| t.map(|t| settled(t, now));
        let time_of = |to: TicketStatus| settle(r.closed_at.filter(|_| to.is_final()).or(r.status_at));
        let mut row = match self.row.take() {
            None => {
                let reported_at = settle(r.reported_at).unwrap_or(now);
                let to = r.status.unwrap_or(if r.closed_at.is_some() { TicketStatus::Closed } else { TicketStatus::Received });
                if to != TicketStatus::Received {
                    let told = time_of(to);
                    self.statuses.push(StatusEvent {
                        to,
                        at: told.unwrap_or(reported_at),
                        recorded_at: now,
                        told: told.is_some(),
                    });
                }
                Ticket { reported_at, recorded_at: now, category: String::new(), place: None, ..ticket() }
            }
            Some(mut row) => {
                if let Some(t) = settle(r.reported_at)
                    && (row.reported_at != row.recorded_at || settled(t, row.recorded_at) != row.recorded_at)
                {
                    row.reported_at = t;
                }
                let closing = if row.status.is_final() { row.status } else { TicketStatus::Closed };
                if let Some(to) = r.status.or(r.closed_at.map(|_| closing)) {
                    let told = time_of(to);
                    let known = match told {
                        Some(at) => self.statuses.iter().any(|e| e.told && e.to == to && e.at == at),
                        None => {
                            to == TicketStatus::Received || to == row.status || self.statuses.last().is_some_and(|e| e.to == to)
                        }
                    };
                    if !known {
                        self.statuses.push(StatusEvent { to, at: told.unwrap_or(now), recorded_at: now, told: told.is_some() });
                    }
                }
                row
            }
        };
        let keep = |old: &mut String, new: &String| {
            if !new.is_empty() {
                old.clone_from(new);
            }
        };
        keep(&mut row.category, &r.category);
        keep(&mut row.title, &r.title);
        row.place = r.place.or(row.place);
        row.accuracy_m = r.accuracy_m.or(row.accuracy_m);
        row.channel = r.channel.or(row.channel);
        row.severity = r.severity.unwrap_or(row.severity);
        row.due_at = r.due_at.or(row.due_at);
        row.sensitive = r.sensitive.unwrap_or(row.sensitive);
        if !r.attachments.is_empty() {
            row.attachments.clone_from(&r.attachments);
        }
        self.settle(row);
    }

    fn shift(&mut self, to: TicketStatus, at: UtcMs, now: UtcMs) -> bool {
        let Some(row) = self.row.clone() else { return false };
        if !row.status.legal_next().contains(&to) {
            return false;
        }
        self.statuses.push(StatusEvent { to, at, recorded_at: now, told: true });
        if self.standing(&row).0 != to {
            self.statuses.pop();
            return false;
        }
        self.settle(row);
        true
    }

    fn settle(&mut self, mut row: Ticket) {
        (row.status, row.closed_at) = self.standing(&row);
        row.inverted_times = row.closed_at.is_some_and(|c| c < row.appears_at(Timebase::System));
        self.row = Some(row);
    }
}

/// A told event: a status or a value, at a minute of its own.
fn happening() -> impl Strategy<Value = Payload> {
    prop_oneof![
        status().prop_map(|to| Payload::Status(StatusSet { from: TicketStatus::Received, to, reason: String::new() })),
        time().prop_map(|is| Payload::DueSet(Change { was: None, is })),
        (1u8..5).prop_map(|s| Payload::SeveritySet(Change { was: Severity::DEFAULT, is: Severity::new(s).unwrap() })),
        prop::option::of(-180f64..180.0).prop_map(|lon| {
            let is = lon.and_then(|lon| Place::new(lon, 1.0)).map(|place| Spot { place, accuracy_m: None });
            Payload::Located(Located { was: None, is, method: LocationMethod::Hand })
        }),
        any::<bool>().prop_map(|is| {
            Payload::Described(Box::new(Described { sensitive: Some(Change { was: false, is }), ..Described::default() }))
        }),
    ]
}

/// What an event changes it changes from what the row says when it arrives.
fn arriving(payload: &Payload, row: &Ticket) -> Payload {
    let mut payload = payload.clone();
    match &mut payload {
        Payload::Status(s) => s.from = row.status,
        Payload::DueSet(c) => c.was = row.due_at,
        Payload::SeveritySet(c) => c.was = row.severity,
        Payload::Located(l) => l.was = row.place.map(|place| Spot { place, accuracy_m: row.accuracy_m }),
        Payload::Described(d) => d.sensitive = d.sensitive.map(|c| Change { was: row.sensitive, is: c.is }),
        _ => {}
    }
    payload
}

fn any_payload() -> impl Strategy<Value = Payload> {
    let text = "[^\u{0}]{0,12}";
    let spot = || {
        prop::option::of((-180f64..180.0, -90f64..90.0, prop::option::of(0f64..1e6)))
            .prop_map(|s| s.map(|(lon, lat, accuracy_m)| Spot { place: Place { lon, lat }, accuracy_m }))
    };
    let change = move || prop::option::of((text, text).prop_map(|(was, is)| Change { was, is }));
    let files =
        prop::option::of((text, text).prop_map(|(name, hash)| Change { was: vec![], is: vec![Attachment { name, hash }] }));
    let platform =
        prop::option::of(prop::option::of(prop::sample::select(Platform::ALL)).prop_map(|is| Change { was: None, is }));
    prop_oneof![
        happening(),
        text.prop_map(|reason| Payload::Received(Received { reason })),
        (status(), status(), text).prop_map(|(from, to, reason)| Payload::Status(StatusSet { from, to, reason })),
        (any::<i64>(), any::<i64>()).prop_map(|(a, b)| Payload::ReportedAt(Change { was: UtcMs(a), is: UtcMs(b) })),
        (spot(), spot(), prop::sample::select(LocationMethod::ALL)).prop_map(|(was, is, method)| Payload::Located(Located {
            was,
            is,
            method
        })),
        (change(), change(), change(), files, platform).prop_map(|(category, title, description, attachments, platform)| {
            let channel = Some(Change { was: Some(Channel::Hotline), is: None });
            let described = Described { category, title, description, attachments, platform, channel, ..Described::default() };
            Payload::Described(Box::new(described))
        }),
    ]
}

proptest! {
    /// The row that is projected from the events is the row that used to be overwritten.
    #[test]
    fn the_fold_agrees_with_the_row_as_it_was_written_before(steps in steps()) {
        let mut before = Overwritten::default();
        let mut faults = Vec::new();
        let kept = Kept::of(&steps, |step, now, decided| {
            match step {
                Step::Heard(r) => before.hear(r, now),
                Step::Moved(to, back) => {
                    let moved = before.shift(*to, now.plus_ms(back * 60_000), now);
                    if moved != decided.is_ok() {
                        faults.push(format!("{step:?}: {moved} before, {decided:?} now"));
                    }
                }
            }
        });
        prop_assert!(faults.is_empty(), "{:?}", faults);
        let mut row = kept.row.unwrap();
        // It used to be asked of the history with every row; the other is new.
        let suspended = Course::of(row.appears_at(Timebase::System), &before.statuses, Timebase::System).suspended_at(UtcMs::MAX);
        prop_assert_eq!(row.suspended_at.take(), suspended);
        row.varied = false;
        prop_assert_eq!(row, before.row.unwrap());
    }

    /// What was known at a revision is what a store held that stopped there, as of any time and by either clock.
    #[test]
    fn known_at_is_a_store_that_stopped(steps in steps()) {
        let kept = Kept::of(&steps, |_, _, _| ());
        let row = kept.row.clone().unwrap();
        prop_assert!(History::of(&row, &kept.events, Timebase::System, Some(0)).is_none());
        for (_, revision, then, events) in &kept.then {
            for base in [Timebase::System, Timebase::Foreign] {
                let stopped = History::of(then.as_ref().unwrap(), events, base, None).unwrap();
                let known = History::of(&row, &kept.events, base, Some(*revision)).unwrap();
                for m in (-100..400).step_by(7) {
                    prop_assert_eq!(known.at(minute(m)), stopped.at(minute(m)), "at minute {}", m);
                }
            }
            // The row at that revision is the end of what was known.
            let known = History::of(&row, &kept.events, Timebase::System, Some(*revision)).unwrap();
            prop_assert_eq!(Some(&known.last().ticket), then.as_ref());
        }
        // Nothing is known of later events: the number of late ones is that of those between.
        let whole = History::of(&row, &kept.events, Timebase::System, None).unwrap();
        let last = kept.then.last().unwrap().0;
        prop_assert_eq!(whole.at(last).unwrap().late_events, 0);
        for (now, ..) in &kept.then {
            let Some(at) = whole.at(*now) else { continue };
            let later = kept.events.iter().filter(|e| e.recorded_at > *now).count();
            prop_assert!(at.late_events as usize <= later);
            prop_assert!(at.late_events > 0 || later == 0 || {
                // No late news: what is said of then is what was said then.
                let revision = kept.then.iter().rev().find(|t| t.0 <= *now).map(|t| t.1);
                let known = History::of(&row, &kept.events, Timebase::System, revision).and_then(|h| h.at(*now));
                known.is_none_or(|k| Ticket { varied: at.ticket.varied, ..k.ticket } == at.ticket)
            }, "as of {:?}", now);
        }
    }

    /// What is not varied is told by its row, as of any time.
    #[test]
    fn a_row_tells_all_that_is_not_varied(steps in steps()) {
        let kept = Kept::of(&steps, |_, _, _| ());
        let row = kept.row.unwrap();
        for base in [Timebase::System, Timebase::Foreign] {
            let history = History::of(&row, &kept.events, base, None).unwrap();
            let (life, last) = (Life::of(&history.last().ticket, base), history.last().ticket);
            for m in (-100..400).step_by(3).filter(|_| !row.varied) {
                let at = history.at(minute(m));
                prop_assert_eq!(at.is_some(), life.there_at(minute(m)));
                let Some(then) = at.map(|a| a.ticket) else { continue };
                prop_assert_eq!(!then.status.is_final(), life.open_at(minute(m)), "at minute {}", m);
                let same = Ticket { status: last.status, closed_at: last.closed_at, inverted_times: last.inverted_times, ..then };
                prop_assert_eq!(&same, &last);
            }
        }
    }

    /// As of a time, the order in which told events arrived changes nothing. (Two of one kind at one time, and a final status
    /// told twice, are told again: there the last word counts.)
    #[test]
    fn the_order_of_arrival_changes_nothing_as_of_a_time(
        drawn in prop::collection::vec((happening(), 1i64..60), 0..7),
        shuffle in prop::collection::vec(any::<u32>(), 7),
    ) {
        let mut seen = std::collections::HashSet::new();
        let drawn: Vec<_> = drawn.into_iter().filter(|(payload, minute)| {
            let again = matches!(payload, Payload::Status(s) if s.to.is_final() && !seen.insert((s.to.code().to_owned(), 0)));
            !again && seen.insert((String::new(), *minute))
        }).collect();
        let begin = Ticket { reported_at: T0, recorded_at: T0, ..ticket() };
        let arrive = |order: Vec<usize>| {
            let (mut row, mut events) = (begin.clone(), Vec::new());
            for (n, i) in (0..).zip(order) {
                let (payload, m) = &drawn[i];
                events.push(TicketEvent {
                    payload: arriving(payload, &row),
                    at: minute(*m),
                    told: true,
                    recorded_at: minute(100 + n),
                    revision: n,
                    origin: Origin::Intake,
                    actor: String::new(),
                    station: String::new(),
                });
                row = project(&row, &events);
            }
            (row, events)
        };
        let first = arrive((0..drawn.len()).collect());
        let mut order: Vec<usize> = (0..drawn.len()).collect();
        order.sort_by_key(|i| shuffle[*i]);
        let second = arrive(order);
        let of = |(row, events): &'_ (Ticket, Vec<TicketEvent>), m| {
            History::of(row, events, Timebase::System, None).unwrap().at(minute(m)).map(|a| a.ticket)
        };
        for m in -3..70 {
            prop_assert_eq!(of(&first, m), of(&second, m), "at minute {}", m);
        }
    }

    /// Every payload comes back from its body as it was.
    #[test]
    fn payloads_come_back(payload in any_payload()) {
        let body = payload.body();
        prop_assert_eq!(Payload::read(payload.kind(), payload.version(), &body), Ok(payload), "{}", body);
    }

    /// What a newer edition wrote is kept letter by letter, and changes nothing here.
    #[test]
    fn unknown_events_are_kept_verbatim(kind in "[a-z_]{1,12}", version in 2u32..9, body in ".{0,20}", known in any::<bool>()) {
        let kind = if known { "status".to_owned() } else { kind };
        let payload = Payload::read(&kind, version, &body).unwrap();
        prop_assert_eq!((payload.kind(), payload.version(), payload.body()), (&*kind, version, body));
        let mut row = ticket();
        payload.apply(&mut row);
        payload.take_back(&mut row);
        prop_assert_eq!(row, ticket());
    }
}

#[test]
fn bodies_are_small_and_damage_is_said() {
    assert_eq!(Payload::Received(Received::default()).body(), "");
    let closed = Payload::Status(StatusSet { from: TicketStatus::Filed, to: TicketStatus::Closed, reason: String::new() });
    assert_eq!(closed.body(), r#"{"from":"filed","to":"closed"}"#);
    let due = Payload::DueSet(Change { was: None, is: Some(UtcMs(5)) });
    assert_eq!(due.body(), r#"{"was":null,"is":5}"#);
    assert_eq!(Payload::SeveritySet(Change { was: Severity(3), is: Severity(1) }).body(), r#"{"was":3,"is":1}"#);
    let spot = Some(Spot { place: Place { lon: 120.1, lat: 30.0 }, accuracy_m: Some(8.0) });
    let found = Payload::Located(Located { was: None, is: spot, method: LocationMethod::Address });
    assert_eq!(found.body(), r#"{"was":null,"is":{"place":["120.1","30"],"accuracy_m":"8"},"method":"address"}"#);
    let body = r#"{"from":"filed","to":"burnt"}"#;
    let said = Payload::read("status", 1, body).unwrap_err().to_string();
    assert_eq!(said, "the body of an event \"status\" cannot be read: unknown word \"burnt\" at line 1 column 29");
    assert!(Payload::read("severity_set", 1, r#"{"was":3,"is":9}"#).is_err());
    assert!(Payload::read("located", 1, r#"{"was":null,"is":{"place":["200","0"]},"method":"told"}"#).is_err());
    assert!(matches!(Payload::read("merged", 1, "{}").unwrap(), Payload::Unknown { .. }));
}

/// The case that one row could not say: as of T everything is as it was at T.
#[test]
fn as_of_shows_everything_as_it_was() {
    let heard = |r| (30, Step::Heard(Box::new(r)));
    let place = |lon| Place::new(lon, 30.0);
    let severity = Severity::new;
    let kept = Kept::of(
        &[
            (0, Step::Heard(Box::new(TicketRecord { place: place(120.0), due_at: Some(minute(100)), ..record() }))),
            heard(TicketRecord { severity: severity(1), title: "fire".into(), ..record() }),
            heard(TicketRecord { closed_at: Some(minute(50)), ..record() }),
            heard(TicketRecord {
                status: Some(TicketStatus::InProgress),
                status_at: Some(minute(80)),
                place: place(121.0),
                ..record()
            }),
            heard(TicketRecord { due_at: Some(minute(300)), closed_at: Some(minute(119)), ..record() }),
        ],
        |_, _, _| (),
    );
    let row = kept.row.unwrap();
    let at = |m: i64, known: Option<i64>| {
        let history = History::of(&row, &kept.events, Timebase::System, known).unwrap();
        let at = history.at(minute(m)).unwrap();
        let t = at.ticket;
        (t.status.code(), t.severity.get(), t.due_at.map(|d| (d.0 - T0.0) / 60_000), t.place.unwrap().lon, at.late_events)
    };
    assert_eq!(at(10, None), ("received", 3, Some(100), 120.0, 0));
    assert_eq!(at(40, None), ("received", 1, Some(100), 120.0, 0));
    assert_eq!(at(55, None), ("closed", 1, Some(100), 120.0, 1));
    assert_eq!(at(55, Some(2)), ("received", 1, Some(100), 120.0, 0));
    assert_eq!(at(85, None), ("in_progress", 1, Some(100), 120.0, 1));
    assert_eq!(at(100, None), ("in_progress", 1, Some(100), 121.0, 0));
    assert_eq!(at(120, None), ("closed", 1, Some(300), 121.0, 0));
    let history = History::of(&row, &kept.events, Timebase::System, None).unwrap();
    assert_eq!([55, 100, 200].map(|m| history.at(minute(m)).unwrap().reopened), [false, true, false]);
}

/// A message of a ticket at an address: the coordinates that it tells, and where its address is found.
fn addressed() -> impl Strategy<Value = (Option<Place>, Option<Spot>)> {
    let place = || prop::option::of((0i32..4).prop_map(|i| Place { lon: 120.0 + f64::from(i), lat: 30.0 }));
    let spot = |place| Spot { place, accuracy_m: Some(100.0) };
    (place(), place()).prop_map(move |(told, found)| (told, found.map(spot)))
}

proptest! {
    /// Coordinates that were told are the last word, an address is looked up only where nobody told any, and nothing takes a place
    /// away; as of each message, and by what was known then, it is where it was.
    #[test]
    fn a_place_is_told_or_found_and_never_lost(messages in prop::collection::vec(addressed(), 1..9)) {
        let mut kept: Option<Ticket> = None;
        let mut events: Vec<TicketEvent> = Vec::new();
        let mut expected: Option<(Place, LocationMethod)> = None;
        let mut then = Vec::new();
        for (revision, (told, found)) in (1..).zip(messages) {
            let now = minute(revision);
            let stamp = Stamp { recorded_at: now, revision, origin: Origin::Intake, actor: "token:feed", station: "api" };
            let record = TicketRecord { place: told, address: "a".into(), ..record() };
            let fallback = TicketFallback { found, ..fallback(now) };
            let known = kept.as_ref().map(|row| (row, &events[..]));
            let decision = decide(TicketId(7), known, Command::Hear { record: &record, fallback: &fallback }, &stamp).unwrap();
            expected = match (told, found, expected) {
                (Some(place), _, _) if expected == Some((place, LocationMethod::Told)) => expected,
                (Some(place), ..) => Some((place, LocationMethod::Told)),
                (None, _, Some((_, LocationMethod::Told))) | (None, None, _) => expected,
                (None, Some(spot), _) => Some((spot.place, LocationMethod::Address)),
            };
            prop_assert_eq!(decision.ticket.place, expected.map(|(place, _)| place));
            kept = Some(decision.ticket);
            events.extend(decision.events);
            then.push((now, revision, expected));
        }
        let row = kept.unwrap();
        for (now, revision, expected) in then {
            let by_all = History::of(&row, &events, Timebase::System, None).unwrap().at(now).unwrap();
            let by_then = History::of(&row, &events, Timebase::System, Some(revision)).unwrap().at(now).unwrap();
            for stood in [by_all, by_then] {
                prop_assert_eq!(stood.ticket.place.zip(stood.located_by), expected);
            }
        }
    }
}

#[test]
fn a_new_ticket_needs_a_place_or_an_address() {
    let stamp = Stamp { recorded_at: T0, revision: 1, origin: Origin::Intake, actor: "token:feed", station: "api" };
    let fallback = fallback(T0);
    let hear = |r: &TicketRecord| decide(TicketId(7), None, Command::Hear { record: r, fallback: &fallback }, &stamp);
    assert_eq!(hear(&record()), Err(TicketRefusal::NoPlace));
    let taken = hear(&TicketRecord { address: "a".into(), accuracy_m: Some(5.0), ..record() }).unwrap();
    assert_eq!((taken.ticket.place, taken.ticket.accuracy_m, taken.events.len()), (None, None, 1));
}
