//! The TypeScript types of `ui/src/wire/wire.ts` are generated from Rust, committed, and checked here.
//! `GRIDWALL_BLESS=1 cargo test -p wall-service --test wire` writes them anew.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use ts_rs::{Config, TS};
use wall_core::{
    Alarm, CellKind, Duty, LocationMethod, OwnerRole, PartyKind, PlanStatus, Platform, Role, TicketStatus,
    planning::{BandFit, FindingLevel, HouseholdsFrom, LineageKind, MergePolicy, SplitPolicy},
    tally::FigureKey,
};
use wall_service::{
    http::{ROUTES, Route},
    wire::*,
};

macro_rules! declarations {
    ($($name:ty),+ $(,)?) => {{
        let config = Config::new();
        let mut out = String::from(HEAD);
        $(
            out.push_str("\nexport ");
            out.push_str(&<$name>::decl(&config));
            out.push('\n');
        )+
        out
    }};
}

const HEAD: &str = "// Generated from src-tauri/crates/wall-service/src/wire/ and http/routes.rs. Do not edit.
import type { FeatureCollection, LineString, MultiPolygon, Point, Polygon } from 'geojson';
";

/// A path below the root as a TypeScript type: a word, or a template where it holds parameters (which are numbers).
fn path_type(path: &str) -> String {
    let path = path.trim_start_matches('/');
    if !path.contains('{') {
        return format!("'{path}'");
    }
    let parts: Vec<_> = path.split('/').map(|part| if part.starts_with('{') { "${number}" } else { part }).collect();
    format!("`{}`", parts.join("/"))
}

/// Every route that answers JSON: method, path, body, answer.
fn routes() -> String {
    let config = Config::new();
    let line = |route: &Route| {
        let answer = route.answers?(&config);
        let body = match route.takes {
            Some(takes) => takes(&config),
            None => if route.method == "GET" { "undefined" } else { "unknown" }.to_owned(),
        };
        Some(format!("\n  | ['{}', {}, {body}, {answer}]", route.method, path_type(route.path)))
    };
    let lines: String = ROUTES.iter().filter_map(line).collect();
    format!(
        "\n/** Every query and command that answers JSON: method, path, body that is sent as JSON, answer. */\nexport type Route ={lines};\n"
    )
}

/// The vocabularies that the types name.
fn vocabularies() -> String {
    let all = [
        vocabulary::<Alarm>(),
        vocabulary::<BandFit>(),
        vocabulary::<CellKind>(),
        vocabulary::<Duty>(),
        vocabulary::<FigureKey>(),
        vocabulary::<FindingLevel>(),
        vocabulary::<HouseholdsFrom>(),
        vocabulary::<LineageKind>(),
        vocabulary::<LocationMethod>(),
        vocabulary::<MergePolicy>(),
        vocabulary::<OwnerRole>(),
        vocabulary::<PartyKind>(),
        vocabulary::<PlanStatus>(),
        vocabulary::<Platform>(),
        vocabulary::<Role>(),
        vocabulary::<SplitPolicy>(),
        vocabulary::<TicketStatus>(),
    ];
    all.iter().map(|one| format!("\nexport {one}\n")).collect()
}

#[test]
fn typescript_types_are_current() {
    let mut text = declarations!(
        ClockKind,
        Clock,
        BaseMap,
        NetworkView,
        PlanView,
        ActorView,
        HeatInfo,
        CategoryView,
        WallInfo,
        Level,
        AreaProperties,
        AreaStat,
        Figure,
        TicketView,
        StaffView,
        Freshness,
        AlarmGroup,
        Alarms,
        Snapshot,
        Frame,
        PointProperties,
        OwnerView,
        CategoryCount,
        PlaceView,
        AreaCard,
        ValueChange,
        TransitionView,
        KeptCell,
        TicketCard,
        SearchHit,
        Histogram,
        TicketSet,
        ListOrder,
        ListedTicket,
        OwnerCount,
        TicketList,
        StaffCell,
        StaffCard,
        WhoseLine,
        Whose,
        PeriodCounts,
        PeriodView,
        ComparedArea,
        Comparison,
        Problem,
        ImportPhase,
        ImportProgress,
        PlanSummary,
        PlanCellProperties,
        PlanEdgeProperties,
        PlanLaneProperties,
        PlanCell,
        PlanFindingView,
        FindingScope,
        PlanStand,
        LastEdit,
        PlanPerson,
        WorkloadWeightsView,
        PlanningSettings,
        EditBody,
        EditRequest,
        FindingsChange,
        EditResult,
        EditRefusal,
        PlanState,
        PlanStuck,
        EditView,
        PlanSnapshotView,
        PlanHistory,
        PlanAmounts,
        ImpactFlow,
        ImpactCell,
        ImpactView,
        ProposalMove,
        Proposals,
        PlanOwnerLine,
        PlanOwners,
        PlanOwnerRule,
        NewPlanRequest,
        PlanStepRequest,
        PlanGotoRequest,
        PlanSnapshotRequest,
        OverlayLineView,
        Can,
        DemoAccount,
        ScopeDivision,
        ScopeView,
        SessionView,
        SignedInView,
    );
    text.push_str(&vocabularies());
    text.push_str(&routes());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../ui/src/wire/wire.ts");
    if std::env::var_os("GRIDWALL_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(committed, text, "ui/src/wire/wire.ts is stale: run with GRIDWALL_BLESS=1");
}
