//! What publishing a plan moves, and from whom to whom: for the screen, as Markdown and as CSV.

use super::{ListedPlan, PlanError, draft_cells::DraftCell, owners::Owners, session::Session, succession::planned_record};
use crate::{import::ids::formula_neutralised, wall::Wall};
use std::fmt::Write;
use wall_core::{
    Face, Place, PlanId, UtcMs,
    planning::{Amounts, CellImpact, ImpactOf, LineageKind, PlannedCell, impact},
};
use wall_store::{Actor, ChangeKind};

/// What publishing a plan does.
#[derive(Debug)]
pub struct Impact {
    pub(super) plan: ListedPlan,
    /// The plan it is compared with: the one in force when it takes effect; `None` = there is none.
    pub(super) base: Option<ListedPlan>,
    /// Changed cells.
    pub(super) cells: Vec<ChangedCell>,
    /// What moves from whom to whom.
    pub(super) flows: Vec<Flow>,
    /// Cells that do not change.
    pub(super) unchanged: usize,
    /// The wall's time of the figures.
    pub(super) at: UtcMs,
}

impl Impact {
    /// The plan it is of.
    pub fn plan(&self) -> PlanId {
        self.plan.record.plan.id
    }
}

/// A changed cell before and after.
#[derive(Debug)]
pub(super) struct ChangedCell {
    /// Empty = new.
    pub before_code: String,
    /// Empty = gone.
    pub after_code: String,
    /// Name after, else before.
    pub name: String,
    pub lineage: LineageKind,
    pub before: Option<Amounts>,
    pub after: Option<Amounts>,
}

/// What moves from one cell to another.
#[derive(Debug)]
pub(super) struct Flow {
    /// Code of the cell that gives; empty = no cell.
    pub from: String,
    /// Code of the cell that takes; empty = no cell.
    pub to: String,
    /// Who answers for the ground before; empty = nobody.
    pub from_owner: String,
    /// Who answers for it after; empty = nobody.
    pub to_owner: String,
    pub amounts: Amounts,
}

/// Less ground than this with nothing on it is a border that was rounded to the grid, m².
const TRACE_M2: f64 = 0.5;

fn is_something(a: &Amounts) -> bool {
    let counts = [a.figures.open, a.figures.tickets(), a.cameras, a.sites, a.figures.staff, a.figures.buildings];
    a.figures.area_m2 >= TRACE_M2 || counts.iter().any(|n| *n > 0)
}

fn first_owner(session: &Session, face: Face) -> String {
    let Some(cell) = session.cells.get(&face) else { return String::new() };
    let of = session.owners.of(face, cell);
    of.answering().next().or(of.owners.first()).map_or_else(String::new, |o| o.party.clone())
}

impl Wall {
    /// What publishing a plan does, compared with the plan that is in force when it takes effect: the last one published, also
    /// when that one still waits for its time (for a published plan: the one before it).
    pub async fn plan_impact(&self, actor: &Actor, plan: PlanId) -> Result<Impact, PlanError> {
        let mut taken = self.take(actor, plan).await?;
        let record = taken.record.clone();
        let network = record.plan.network;
        let base = match record.plan.effective_from {
            None => self.cells_in_force(network, UtcMs(i64::MAX)).await?,
            Some(_) => match self.store().plan_before(network, plan).await? {
                Some(before) => Some((self.plan_record(before).await?, self.store().written_cells(before).await?)),
                None => None,
            },
        };
        let (cameras, sites): (Vec<Place>, Vec<Place>) = {
            let world = self.world();
            let places = |kind| world.markers.views(kind).map(|s| s.place).collect();
            (places(ChangeKind::Camera), places(ChangeKind::Site))
        };
        // Of a plan that was published, who answered until it took effect and who from then on.
        let then = match record.plan.effective_from {
            None => None,
            Some(from) => Some((
                Owners::load(self, network, UtcMs(from.0.saturating_sub(1))).await?,
                Owners::load(self, network, from).await?,
            )),
        };
        let open = taken.open()?;
        let (network_key, at) = (open.network.key.clone(), open.session.data.at);
        let session = &open.session;
        let (base_record, before) = base.unzip();
        let before = before.unwrap_or_default();
        let base_cells: Vec<PlannedCell<'_>> = before
            .iter()
            .enumerate()
            // Borders that opening the draft joined are no change that anybody made: both sides are seen alike.
            .map(|(i, c)| PlannedCell { geometry: session.joined.of(&c.geometry), ..planned_record(i, c) })
            .collect();
        let households: Vec<Option<u32>> = before.iter().map(|c| c.households).collect();
        let draft = session.all_planned();
        let of = ImpactOf {
            base: &base_cells,
            base_households: &households,
            draft: &draft,
            cameras: &cameras,
            sites: &sites,
            weights: &session.rules.weights,
        };
        let report = tokio::task::block_in_place(|| impact(&session.data.ground, &of))?;
        let (faces, after): (Vec<Face>, Vec<&DraftCell>) = session.cells.iter().map(|(f, c)| (*f, c)).unzip();
        let owners_before = then.as_ref().map_or(&session.owners, |(was, _)| was);
        let before_owner = |i: usize| owners_before.first_of(&before[i].code);
        let after_owner = |i: usize| match &then {
            Some((_, became)) => became.first_of(&after[i].code),
            None => first_owner(session, faces[i]),
        };
        // A vertex put into a border for a neighbour's sake changes nothing of a cell that goes on under its code.
        let goes_on = |c: &CellImpact| {
            let codes = c.base.zip(c.draft).is_some_and(|(i, j)| before[i].code == after[j].code);
            c.kind == LineageKind::Same && codes
        };
        let same = report.cells.iter().filter(|c| goes_on(c)).count();
        let code_before = |i: Option<usize>| i.map_or_else(String::new, |i| before[i].code.clone());
        let code_after = |i: Option<usize>| i.map_or_else(String::new, |i| after[i].code.clone());
        Ok(Impact {
            plan: self.listed(record, &network_key),
            base: base_record.map(|b| self.listed(b, &network_key)),
            cells: report
                .cells
                .iter()
                .filter(|c| !goes_on(c))
                .map(|c| ChangedCell {
                    before_code: code_before(c.base),
                    after_code: code_after(c.draft),
                    name: c.draft.map(|i| after[i].name.clone()).or(c.base.map(|i| before[i].name.clone())).unwrap_or_default(),
                    lineage: c.kind,
                    before: c.before,
                    after: c.after,
                })
                .collect(),
            flows: report
                .flows
                .iter()
                .filter(|f| !f.stays && is_something(&f.amounts))
                .map(|f| Flow {
                    from: code_before(f.from),
                    to: code_after(f.to),
                    from_owner: f.from.map(before_owner).unwrap_or_default(),
                    to_owner: f.to.map(after_owner).unwrap_or_default(),
                    amounts: f.amounts,
                })
                .collect(),
            unchanged: report.unchanged + same,
            at,
        })
    }

    /// The impact as a Markdown document.
    pub fn impact_markdown(&self, impact: &Impact, chinese: bool) -> String {
        let w = words(chinese);
        let mut out = String::new();
        // Writing into a string does not fail.
        let _ = writeln!(out, "# {}: {}\n", w.title, cell_text(&impact.plan.record.plan.name));
        if let Some(base) = &impact.base {
            let _ = writeln!(out, "{}: {}  ", w.base, cell_text(&base.record.plan.name));
        }
        let _ = writeln!(out, "{}: {}  ", w.at, self.local_time(impact.at));
        if let Some(from) = impact.plan.record.plan.effective_from {
            let _ = writeln!(out, "{}: {}  ", w.effective, self.local_time(from));
        }
        let _ = writeln!(out, "{}: {} · {}: {}\n", w.changed, impact.cells.len(), w.unchanged, impact.unchanged);
        let _ = writeln!(out, "## {}\n", w.flows);
        let head = [w.from, w.from_owner, w.to, w.to_owner];
        let _ = writeln!(out, "| {} | {} |", head.join(" | "), w.amounts.join(" | "));
        let _ = writeln!(out, "|{}", "---|".repeat(head.len() + w.amounts.len()));
        for f in &impact.flows {
            let who = [&f.from, &f.from_owner, &f.to, &f.to_owner].map(|t| cell_text(t));
            let _ = writeln!(out, "| {} | {} |", who.join(" | "), numbers(&f.amounts).join(" | "));
        }
        let _ = writeln!(out, "\n## {}\n", w.cells);
        let _ = writeln!(out, "| {} | {} | {} | {} | {} |", w.before, w.after, w.name, w.lineage, w.amounts.join(" | "));
        let _ = writeln!(out, "|{}", "---|".repeat(4 + w.amounts.len()));
        for c in &impact.cells {
            let pairs = both(c.before.as_ref(), c.after.as_ref());
            let names = [&c.before_code, &c.after_code, &c.name].map(|t| cell_text(t));
            let _ = writeln!(out, "| {} | {} | {} |", names.join(" | "), w.lineage_word(c.lineage.code()), pairs.join(" | "));
        }
        out
    }

    /// The flows of the impact as CSV, with a byte order mark so that spreadsheets read the Chinese.
    pub fn impact_csv(&self, impact: &Impact, chinese: bool) -> String {
        let w = words(chinese);
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut head = vec![w.from, w.from_owner, w.to, w.to_owner];
        head.extend(w.amounts);
        let mut ok = writer.write_record(&head).is_ok();
        for f in &impact.flows {
            let mut row: Vec<String> =
                [&f.from, &f.from_owner, &f.to, &f.to_owner].map(|t| formula_neutralised(t).into_owned()).to_vec();
            row.extend(numbers(&f.amounts));
            ok &= writer.write_record(&row).is_ok();
        }
        let bytes = if ok { writer.into_inner().unwrap_or_default() } else { Vec::new() };
        format!("\u{feff}{}", String::from_utf8_lossy(&bytes))
    }

    fn local_time(&self, at: UtcMs) -> String {
        if at <= wall_store::PLAN_EPOCH {
            return "—".into();
        }
        match jiff::Timestamp::from_millisecond(at.0) {
            Ok(t) => t.to_zoned(self.zone().clone()).strftime("%Y-%m-%d %H:%M").to_string(),
            Err(_) => "—".into(),
        }
    }
}

/// Text in a table: what would end the column or the row is taken out.
fn cell_text(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

fn numbers(a: &Amounts) -> Vec<String> {
    let f = &a.figures;
    vec![
        format!("{:.0}", f.area_m2),
        format!("{:.0}", f.households.unwrap_or(0.0)),
        format!("{:.0}", f.population.unwrap_or(0.0)),
        format!("{:.0}", a.workload),
        f.open.to_string(),
        f.tickets().to_string(),
        a.cameras.to_string(),
        a.sites.to_string(),
        f.staff.to_string(),
    ]
}

fn both(before: Option<&Amounts>, after: Option<&Amounts>) -> Vec<String> {
    let list = |a: Option<&Amounts>| a.map_or_else(|| vec!["—".to_owned(); 9], numbers);
    list(before).into_iter().zip(list(after)).map(|(b, a)| if a == b { a } else { format!("{b} → {a}") }).collect()
}

struct Words {
    title: &'static str,
    base: &'static str,
    at: &'static str,
    effective: &'static str,
    changed: &'static str,
    unchanged: &'static str,
    flows: &'static str,
    cells: &'static str,
    from: &'static str,
    from_owner: &'static str,
    to: &'static str,
    to_owner: &'static str,
    before: &'static str,
    after: &'static str,
    name: &'static str,
    lineage: &'static str,
    amounts: [&'static str; 9],
    kinds: [(&'static str, &'static str); 6],
}

impl Words {
    fn lineage_word<'a>(&'a self, kind: &'a str) -> &'a str {
        self.kinds.iter().find(|(k, _)| *k == kind).map_or(kind, |(_, word)| word)
    }
}

fn words(chinese: bool) -> Words {
    if chinese {
        return Words {
            title: "网格调整影响报告",
            base: "对照方案",
            at: "数据时间",
            effective: "生效时间",
            changed: "变动网格",
            unchanged: "未变动网格",
            flows: "划转明细",
            cells: "网格前后对照",
            from: "划出网格",
            from_owner: "原责任人",
            to: "划入网格",
            to_owner: "新责任人",
            before: "原编码",
            after: "新编码",
            name: "名称",
            lineage: "沿革",
            amounts: ["面积(m²)", "户数", "人口", "工作量", "在办事件", "近90天事件", "摄像头", "重点部位", "网格员"],
            kinds: [
                ("same", "不变"),
                ("reshaped", "边界调整"),
                ("split", "拆分"),
                ("merged", "合并"),
                ("new", "新设"),
                ("retired", "撤销"),
            ],
        };
    }
    Words {
        title: "Impact of the grid plan",
        base: "Compared with",
        at: "Figures as of",
        effective: "Effective from",
        changed: "Changed cells",
        unchanged: "unchanged cells",
        flows: "What moves",
        cells: "Cells before and after",
        from: "From cell",
        from_owner: "Owner before",
        to: "To cell",
        to_owner: "Owner after",
        before: "Code before",
        after: "Code after",
        name: "Name",
        lineage: "Lineage",
        amounts: [
            "Area (m²)",
            "Households",
            "Population",
            "Workload",
            "Open tickets",
            "Tickets, 90 days",
            "Cameras",
            "Key sites",
            "Staff",
        ],
        kinds: [
            ("same", "unchanged"),
            ("reshaped", "reshaped"),
            ("split", "split"),
            ("merged", "merged"),
            ("new", "new"),
            ("retired", "retired"),
        ],
    }
}
