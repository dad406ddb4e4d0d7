//! The questions: every GET route with the parameters it is usually asked with, about now and, where it takes another time,
//! about those too.

use super::stage::Facts;
use std::collections::BTreeSet;
use wall_core::UtcMs;

/// A path to be asked.
#[derive(Clone)]
pub(super) struct Question {
    pub path: String,
    pub by: By,
}

/// Who is to ask. Fewer where the answer differs by sight only: a wall loads its ground anew for each question about another
/// time, and a debug build takes a second for it.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum By {
    /// Every role, and nobody.
    Everybody,
    /// One that sees exact places and one that sees places to the cell.
    BothSights,
    /// One that sees exact places.
    Operator,
}

impl By {
    /// Whether an asker is among them.
    pub fn has(self, asker: &str) -> bool {
        match self {
            Self::Everybody => true,
            Self::BothSights => ["viewer", "operator"].contains(&asker),
            Self::Operator => asker == "operator",
        }
    }
}

/// A question about now and, each later one, about another time. Who may ask about another time is told by the first of them.
fn at_times(path: &str, times: &[UtcMs]) -> Vec<Question> {
    let joint = if path.contains('?') { '&' } else { '?' };
    let by = |i| if i == 0 { By::Everybody } else { By::BothSights };
    let then = |(i, t): (usize, &UtcMs)| Question { path: format!("{path}{joint}as_of={}", t.to_rfc3339()), by: by(i) };
    let now = Question { path: path.to_owned(), by: By::Everybody };
    std::iter::once(now).chain(times.iter().enumerate().map(then)).collect()
}

fn by_everybody(paths: impl IntoIterator<Item = String>) -> impl Iterator<Item = Question> {
    paths.into_iter().map(|path| Question { path, by: By::Everybody })
}

/// What a wall with any data is asked.
fn of_any_wall(facts: &Facts) -> Vec<Question> {
    let [west, south, east, north] = facts.bounds;
    let window = format!("west={west:.6}&south={south:.6}&east={east:.6}&north={north:.6}");
    let (lon, lat) = ((west + east) / 2.0, (south + north) / 2.0);
    // Each route that takes another time, at all of them.
    let mut always: Vec<String> =
        ["wall", "snapshot", "cells", "late-points", "compare?a=week-1&b=week-2", "areas?level=community", "stats?by=category"]
            .map(str::to_owned)
            .into();
    always.extend(["open", "received", "closed", "due"].map(|set| format!("ticket-list?set={set}&limit=5")));
    always.push(format!("heat?{window}&width=48&height=32"));
    always.push(format!("points?{window}&limit=400"));
    always.extend(
        BTreeSet::from([&facts.cells[0], &facts.former_cell]).iter().map(|key| format!("area-card?level=cell&key={key}")),
    );
    always.push(format!("whose?lon={lon:.6}&lat={lat:.6}"));
    always.extend(facts.tickets.iter().map(|id| format!("ticket-card?id={id}")));
    always.extend(facts.staff.first().map(|id| format!("staff-card?id={id}")));
    // Their other parameters, at one of them.
    let mut once: Vec<String> =
        ["areas?level=cell", "areas?level=street", "compare?a=day&b=day-1-so-far&level=street"].map(str::to_owned).into();
    once.extend(["cell", "platform", "owner"].map(|by| format!("stats?by={by}")));
    once.extend(
        ["overdue", "near_due", "late", "alarm", "on_time", "missed"].map(|set| format!("ticket-list?set={set}&limit=5")),
    );
    once.push(format!("heat?{window}&width=48&height=32&mode=time_left"));
    once.extend(facts.cells[1..].iter().map(|key| format!("area-card?level=cell&key={key}")));
    let larger = [("community", &facts.community), ("street", &facts.street)];
    once.extend(larger.iter().filter_map(|(level, key)| Some(format!("area-card?level={level}&key={}", key.as_ref()?))));
    once.push(format!("whose?area=cell:{}", facts.cells[0]));
    once.extend(facts.staff.iter().skip(1).map(|id| format!("staff-card?id={id}")));
    let mut out = Vec::new();
    for (paths, times) in [(always, &facts.times[..]), (once, &facts.times[2..3])] {
        out.extend(paths.iter().flat_map(|path| at_times(&format!("/api/v1/{path}"), times)));
    }

    let mut now: Vec<String> = Vec::new();
    let (from, to) = (facts.now.plus_ms(-5 * 86_400_000).to_rfc3339(), facts.now.to_rfc3339());
    now.push(format!("histogram?from={from}&to={to}&buckets=48"));
    now.push(format!("ticket-list?set=received&from={from}&to={to}&order=newest&limit=5"));
    now.push(format!("compare?a={from}/{to}&b=week-1&level=community"));
    now.push(format!("ticket-list?set=open&limit=7&cursor={}", facts.list_cursor));
    now.push(format!("ticket-list?set=open&area=cell:{}&limit=5", facts.cells[1]));
    if let Some(community) = &facts.community {
        now.push(format!("ticket-list?set=open&area=community:{community}&order=overrun&limit=5"));
        now.push(format!("search?q={community}"));
    }
    now.push("ticket-list?set=open&area=outside".into());
    now.push("ticket-list?set=late&unowned=1&near_h=12&limit=5".into());
    now.push(format!("ticket-list?set=open&owner={}&limit=5", encoded(&facts.owner)));
    now.push(format!("ticket-list?set=closed&category={}&limit=5", encoded(&facts.category)));
    now.push("ticket-list?set=alarm&alarm=red&limit=5".into());
    now.push("tickets?limit=5".into());
    now.push("tickets?status=closed&limit=5".into());
    now.push(format!("tickets?status=open&limit=20&cursor={}", facts.tickets_cursor));
    let near = format!("{:.6},{:.6},{east:.6},{north:.6}", west + (east - west) / 3.0, south + (north - south) / 3.0);
    now.push(format!("tickets?bbox={near}&limit=5"));
    now.extend(
        ["ticket", "camera", "staff", "site"].map(|kind| format!("near?lon={lon:.6}&lat={lat:.6}&kind={kind}&k=3&within_m=3000")),
    );
    now.extend(["ticket", "camera", "staff", "site"].map(|kind| format!("points?{window}&kinds={kind}&limit=5")));
    now.push(format!("heat?{window}&width=20&height=20&sigma_m=400&max=50"));
    now.extend(["session", "search", "search?q=1&limit=5"].map(str::to_owned));
    now.push(format!("search?q={}&limit=5", encoded(&facts.owner)));
    now.push("still.png?scene=open&width=640&height=360".into());
    // What is refused is refused in the same words.
    now.extend(
        [
            "areas?level=planet",
            "snapshot?as_of=yesterday",
            "ticket-card?id=999999",
            "search?q=a&as_of=2015-01-01T00:00:00Z",
            "nothing",
        ]
        .map(str::to_owned),
    );
    out.extend(by_everybody(now.into_iter().map(|question| format!("/api/v1/{question}"))));
    out
}

/// Of Boston's sample: what it is about. Who may ask what is the demonstration's matter.
pub(super) fn boston(facts: &Facts) -> Vec<Question> {
    let by = |q: &Question| if q.path.contains("as_of=") { By::Operator } else { By::BothSights };
    of_any_wall(facts).into_iter().map(|q| Question { by: by(&q), ..q }).collect()
}

/// Of the demonstration: all routes.
pub(super) fn demo(facts: &Facts) -> Vec<Question> {
    let mut out: Vec<String> = Vec::new();
    let Facts { draft, reviewed, former, police, revision, .. } = facts;
    // Found by what is shown: pinyin initials, masked digits, names.
    let words = ["cw", "138****5678", "13812345678", "记录 moved", "澄湾", "网格"];
    out.extend(words.map(|q| format!("/api/v1/search?q={}&limit=5", encoded(q))));
    out.extend(["0", &revision.to_string(), "999999999"].map(|since| format!("/api/v1/frames?since={since}")));
    out.extend(["0", &(revision - 3).to_string(), "999999999"].map(|since| format!("/api/v1/changes?since={since}")));

    out.extend(
        ["plans", "plans?network=police", "plans/import?id=none", "planning/settings", "planning/streets", "planning/buildings"]
            .map(|p| format!("/api/v1/{p}")),
    );
    let [west, south, ..] = facts.bounds;
    let corner = format!("bbox={west:.6},{south:.6},{:.6},{:.6}", west + 0.01, south + 0.01);
    out.push(format!("/api/v1/planning/buildings?{corner}"));
    for plan in [draft, reviewed, former, police] {
        out.extend(
            ["", "/cells", "/edges", "/lanes", "/history", "/owners", "/impact", "/stand", "/stand?since=1", "/changes?since=0"]
                .map(|part| format!("/api/v1/plans/{plan}{part}")),
        );
    }
    let of_draft = [
        "proposals",
        "impact?format=md",
        "impact?format=csv&lang=en",
        "export?format=geojson",
        "export?format=gpkg",
        "export?format=zip",
        "export?format=kml",
        "export?format=doc",
    ];
    out.extend(of_draft.map(|part| format!("/api/v1/plans/{draft}/{part}")));
    out.push(format!("/api/v1/plans/{draft}/edges?{corner}"));
    out.push(format!("/api/v1/plans/{draft}/overlay?with={police}"));
    out.push("/api/v1/plans/999999".into());

    let (x, y) = tile((facts.bounds[0] + facts.bounds[2]) / 2.0, (facts.bounds[1] + facts.bounds[3]) / 2.0, 14);
    out.extend([format!("/basemap/14/{x}/{y}.mvt"), "/basemap/14/0/0.mvt".into(), "/basemap/0/1/0.mvt".into()]);
    for form in ["xml", "json"] {
        out.push(format!("/open311/discovery.{form}"));
        out.extend(["services", "requests?page_size=3", "requests?status=open&page_size=3&page=2"].map(
            |q| match q.split_once('?') {
                Some((file, rest)) => format!("/open311/v2/{file}.{form}?{rest}"),
                None => format!("/open311/v2/{q}.{form}"),
            },
        ));
        out.push(format!("/open311/v2/services/{}.{form}", encoded(&facts.category)));
        out.extend(facts.tickets.iter().map(|id| format!("/open311/v2/requests/{id}.{form}")));
    }
    out.push(format!("/open311/v2/requests.json?service_code={}&page_size=3", encoded(&facts.category)));
    out.push(format!("/open311/v2/requests.json?updated_after={}&page_size=3", facts.now.to_rfc3339()));
    let end = facts.now.plus_ms(-2 * 86_400_000).to_rfc3339();
    out.push(format!("/open311/v2/requests.json?end_date={end}&page_size=3"));
    out.extend(["/healthz", "/readyz", "/metrics"].map(str::to_owned));
    of_any_wall(facts).into_iter().chain(by_everybody(out)).collect()
}

/// A word as a query string or path has it.
fn encoded(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// The web-mercator tile of a place.
fn tile(lon: f64, lat: f64, zoom: u8) -> (u32, u32) {
    let n = f64::from(1u32 << zoom);
    let y = (1.0 - lat.to_radians().tan().asinh() / std::f64::consts::PI) / 2.0;
    (((lon + 180.0) / 360.0 * n) as u32, (y * n) as u32)
}
