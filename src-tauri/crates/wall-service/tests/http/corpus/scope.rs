//! An account of one community plays with the demonstration: of what lies elsewhere nothing exact comes through any GET path,
//! about now and other times, over cells that were redrawn in between.

use super::{Stage, ask, questions, route_of};
use crate::Answer;
use futures::StreamExt;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};
use wall_core::{NetworkId, Ticket, TicketId, ticket_division};
use wall_service::wall::Locator;
use wall_store::Role;

/// Texts shorter than that are words of the trade.
const LEAST_SIGNS: usize = 4;

/// What is exact about tickets: their texts, and the bits of longitude and latitude together (one alone is a vertex's somewhere).
#[derive(Default)]
struct Exact {
    texts: HashSet<String>,
    places: HashSet<(u64, u64)>,
}

impl Exact {
    fn of(tickets: &[&Ticket]) -> Self {
        let texts = tickets.iter().flat_map(|t| [&t.title, &t.description, &t.address]);
        let places = tickets.iter().filter_map(|t| t.place).map(|p| (p.lon.to_bits(), p.lat.to_bits()));
        Self { texts: texts.filter(|t| t.chars().count() >= LEAST_SIGNS).cloned().collect(), places: places.collect() }
    }

    /// Those that are told of nothing else.
    fn without(mut self, others: &Self) -> Self {
        self.texts.retain(|t| !others.texts.contains(t));
        self.places.retain(|d| !others.places.contains(d));
        self
    }

    /// What of it stands in an answer.
    fn found_in(&self, answer: &Answer) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let text = String::from_utf8_lossy(&answer.body);
        let is_stream = text.starts_with(':') || text.starts_with("id:");
        let events = || text.lines().filter_map(|l| l.strip_prefix("data:")).filter_map(|l| serde_json::from_str(l).ok());
        match serde_json::from_slice::<Value>(&answer.body) {
            Ok(value) => self.look(&value, &mut found),
            Err(_) if is_stream => events().for_each(|value: Value| self.look(&value, &mut found)),
            // XML: what stands between two marks.
            Err(_) => {
                let parts: Vec<&str> = text.split(['<', '>']).filter(|part| !part.trim().is_empty()).collect();
                parts.iter().for_each(|part| self.look(&Value::String((*part).to_owned()), &mut found));
                self.pairs(parts.iter().filter_map(|part| part.parse().ok()), &mut found);
            }
        }
        found
    }

    /// Looks for places among numbers that follow each other, whichever of the two comes first.
    fn pairs(&self, numbers: impl Iterator<Item = f64>, found: &mut BTreeSet<String>) {
        let numbers: Vec<f64> = numbers.collect();
        let pairs = numbers.windows(2).flat_map(|pair| [(pair[0], pair[1]), (pair[1], pair[0])]);
        let places = pairs.filter(|(lon, lat)| self.places.contains(&(lon.to_bits(), lat.to_bits())));
        found.extend(places.map(|(lon, lat)| format!("{lon} {lat}")));
    }

    fn look(&self, value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::String(text) if self.texts.contains(text) => _ = found.insert(text.clone()),
            // Places in a history are told as text.
            Value::String(text) => self.pairs(text.split(' ').filter_map(|part| part.parse().ok()), found),
            Value::Array(list) => {
                self.pairs(list.iter().filter_map(Value::as_f64), found);
                list.iter().for_each(|v| self.look(v, found));
            }
            Value::Object(map) => {
                let place = ["lon", "lat"].iter().filter_map(|key| map.get(*key)?.as_f64());
                self.pairs(place, found);
                map.values().for_each(|v| self.look(v, found));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Names and places of the buildings that lie in a community's cells of today: whoever is for it may see them.
async fn buildings(stage: &Stage, community: &str) -> Exact {
    let areas = stage.look("areas?level=cell").await;
    let own = |code: &str| {
        areas["features"]
            .as_array()
            .unwrap()
            .iter()
            .any(|f| f["properties"]["code"] == code && f["properties"]["parent_code"] == community)
    };
    let store = stage.room.wall.store();
    let locator = Locator::open(store, "general", None, stage.room.wall.now()).await.unwrap();
    let mut within = store.buildings().await.unwrap();
    within.retain(|b| own(locator.locate(b.place, None).cell_code));
    assert!(within.len() > 10, "{} buildings", within.len());
    Exact {
        texts: within.iter().map(|b| b.name.clone()).collect(),
        places: within.iter().map(|b| (b.place.lon.to_bits(), b.place.lat.to_bits())).collect(),
    }
}

/// Every ticket, and the division in which it lies, by what the store says.
async fn tickets(stage: &Stage) -> Vec<(Ticket, String)> {
    let store = stage.room.wall.store();
    let networks = store.networks().await.unwrap();
    let network: NetworkId = networks.iter().find(|n| n.key == "general").unwrap().id;
    let rows = store.tickets_after(network, TicketId(0), 1_000_000).await.unwrap();
    let ids: Vec<TicketId> = rows.iter().map(|(t, _)| t.id).collect();
    let homes = store.homes_of(network, &ids).await.unwrap();
    let cells: Vec<_> = homes.values().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let cells = store.cells_of_any_plan(&cells).await.unwrap().into_iter();
    let communities: HashMap<_, _> = cells.map(|(id, _, community, _)| (id, community)).collect();
    let division = |t: &Ticket| {
        let home = homes.get(&t.id).map(|c| communities[c].as_str());
        ticket_division(home, t.place.is_some(), &t.community_code).to_owned()
    };
    rows.into_iter().map(|(t, _)| (division(&t), t)).map(|(d, t)| (t, d)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_community_learns_nothing_exact_of_the_others() {
    let stage = Stage::demo().await;
    let own = stage.facts.community.clone().unwrap();
    let all = tickets(&stage).await;
    let (inside, outside): (Vec<_>, Vec<_>) = all.iter().partition(|(_, division)| *division == own);
    let of = |part: &[&(Ticket, String)]| Exact::of(&part.iter().map(|(t, _)| t).collect::<Vec<_>>());
    let (inner, outer) = (of(&inside), of(&outside));
    let (open, secret) = (of(&inside).without(&outer), Arc::new(outer.without(&inner).without(&buildings(&stage, &own).await)));
    assert!(inside.len() > 20 && outside.len() > 100, "{} inside, {} outside", inside.len(), outside.len());
    let (newest, router) = (stage.room.wall.store().revision().await.unwrap(), stage.room.router.clone());
    let viewer = stage.token("viewer").to_owned();
    let all_of_it = stage.token("admin").to_owned();
    let part = stage.room.token_within("one community", Role::Admin, std::slice::from_ref(&own)).await;
    let mut paths: Vec<String> = questions::demo(&stage.facts).into_iter().map(|q| q.path).collect();
    // What others' tickets are called is searched for, and each of a few is opened.
    let mut asked_for: Vec<&String> = secret.texts.iter().collect();
    asked_for.sort();
    let escaped = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    paths.extend(asked_for.iter().step_by(asked_for.len() / 10 + 1).map(|t| format!("/api/v1/search?q={}", escaped(t))));
    let cards = inside.iter().take(5).chain(outside.iter().step_by(outside.len() / 12 + 1));
    paths.extend(cards.map(|(t, _)| format!("/api/v1/ticket-card?id={}", t.id.0)));
    let asked = |path: String| {
        let (router, viewer, part, all_of_it) = (router.clone(), viewer.clone(), part.clone(), all_of_it.clone());
        let secret = secret.clone();
        async move {
            let told = secret.found_in(&ask(&router, Some(&part), &path, newest).await);
            let known = match told.is_empty() {
                true => BTreeSet::new(),
                false => secret.found_in(&ask(&router, Some(&viewer), &path, newest).await),
            };
            let everything = secret.found_in(&ask(&router, Some(&all_of_it), &path, newest).await);
            (path, told.difference(&known).cloned().collect::<Vec<_>>(), everything.len())
        }
    };
    let answers = futures::stream::iter(paths.into_iter().map(|path| tokio::spawn(asked(path)))).buffered(super::AT_ONCE);
    let answers: Vec<(String, Vec<String>, usize)> = answers.map(Result::unwrap).collect().await;
    let leaks: Vec<_> = answers.iter().filter(|(_, told, _)| !told.is_empty()).map(|(path, told, _)| (path, told)).collect();
    assert!(leaks.is_empty(), "told to an account of {own} alone: {leaks:#?}");
    // The test can fail: whoever has no scope is told so much of the same on these routes.
    let mut routes: BTreeMap<&str, usize> = BTreeMap::new();
    answers.iter().for_each(|(path, _, n)| *routes.entry(route_of(path).unwrap_or_default()).or_default() += n);
    for route in ["tickets", "ticket-list", "ticket-card", "points", "search", "snapshot", "late-points", "near", "area-card"] {
        assert!(routes.get(format!("/api/v1/{route}").as_str()).is_some_and(|n| *n > 0), "{route}: {routes:?}");
    }
    // And what lies within is shown as it is.
    let list = ask(&router, Some(&part), "/api/v1/tickets?limit=1000", newest).await;
    assert!(open.found_in(&list).len() > 10, "of its own it sees {:?}", open.found_in(&list));
}
