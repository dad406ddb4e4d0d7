//! Every query and command of the wall, one line each: method, path, who may ask, whether about another time than now, the
//! handler, and what goes in and out.
//!
//! From this list come the router, the types of the paths in `ui/src/wire/wire.ts`, and what the gate lets through; a line
//! without a right does not compile, and tests ask every line in every role and look for it in `docs/API.md`. A handler whose answer
//! is another type than its line says does not compile either.

use super::{App, events, health, intake, lists, open311, plans, queries, refusal::Refusal, session, stills, upload};
use crate::{wall::allowed, wire::*};
use axum::{
    Json, Router,
    http::{Method, Uri},
    routing::{MethodFilter, MethodRouter, on},
};
use std::future::Future;
use ts_rs::{Config, TS};
use wall_core::Right;
use wall_store::Actor;

/// Who is let through to a handler.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Guard {
    /// Everybody, also who shows no pass.
    Everybody,
    /// Who has the right.
    Needs(Right),
    /// The same, but the pass may stand inside the request (`api_key` of Open311): then the handler looks.
    NeedsInside(Right),
}

/// Of which time the answer is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum About {
    /// Now, or the time that the question names itself; `as_of` and `known_at` are refused rather than passed over.
    Now,
    /// Now, or as of a time, or by what was known at a time.
    AnyTime,
}

/// A query or command.
pub struct Route {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: &'static str,
    /// Path below the root, parameters in braces.
    pub path: &'static str,
    /// Who may ask.
    pub guard: Guard,
    /// Of which time.
    pub about: About,
    /// TypeScript type of the body that is sent; `None` where there is none, or no JSON.
    pub takes: Option<fn(&Config) -> String>,
    /// TypeScript type of the JSON that is answered; `None` where it is no JSON, or the standard's.
    pub answers: Option<fn(&Config) -> String>,
}

impl Route {
    /// The route that takes this request.
    pub(crate) fn of(method: &Method, path: &str) -> Option<&'static Self> {
        let method = if method == Method::HEAD { "GET" } else { method.as_str() };
        ROUTES.iter().find(|route| route.path == path && route.method == method)
    }

    /// Whether somebody who shows no pass gets as far as the handlers of a path.
    pub(crate) fn takes_strangers(path: &str) -> bool {
        ROUTES.iter().any(|route| route.path == path && !matches!(route.guard, Guard::Needs(_)))
    }

    /// Refuses who has no right to ask, in this role and with this scope, and a question about another time where the answer is always about now.
    pub(crate) fn admit(&self, actor: &Actor, uri: &Uri) -> Result<(), Refusal> {
        if let Guard::Needs(right) | Guard::NeedsInside(right) = self.guard {
            allowed(actor, right)?;
        }
        match (self.about, self.guard) {
            // Others' clients send what they like along; the standard says to pass over it.
            (About::AnyTime, _) | (_, Guard::NeedsInside(_) | Guard::Everybody) => Ok(()),
            (About::Now, Guard::Needs(_)) => super::params::only_now(uri),
        }
    }
}

/// A handler that answers JSON of the type `T`: what a line says is what it does.
trait Answers<Args, T> {}

macro_rules! answers {
    ($($arg:ident)*) => {
        impl<F, Fut, T, E, $($arg),*> Answers<($($arg,)*), T> for F
        where
            F: Fn($($arg),*) -> Fut,
            Fut: Future<Output = Result<Json<T>, E>>,
        {
        }
    };
}
answers!();
answers!(A);
answers!(A B);
answers!(A B C);
answers!(A B C D);

fn checked<Args, T, F: Answers<Args, T>>(handler: F) -> F {
    handler
}

/// The handler of a line, and the type of its answer.
macro_rules! answer {
    (handler $handler:path, json $type:ty) => {
        checked::<_, $type, _>($handler)
    };
    (handler $handler:path, typescript $text:literal) => {
        $handler
    };
    (handler $handler:path, other) => {
        $handler
    };
    (type json $type:ty) => {
        Some(|config: &Config| <$type as TS>::name(config))
    };
    (type typescript $text:literal) => {
        Some(|_: &Config| $text.to_owned())
    };
    (type other) => {
        None
    };
}

macro_rules! taken {
    () => {
        None
    };
    ($type:ty) => {
        Some(|config: &Config| <$type as TS>::name(config))
    };
}

macro_rules! routes {
    ($($method:ident $path:literal $guard:ident $(($right:ident))? $about:ident $handler:path $([$takes:ty])? => $kind:ident $($type:ty)? $(, $text:literal)?;)+) => {
        /// All of them, as they are printed in tests and documents.
        pub const ROUTES: &[Route] = &[$(Route {
            method: stringify!($method),
            path: $path,
            guard: Guard::$guard $((Right::$right))?,
            about: About::$about,
            takes: taken!($($takes)?),
            answers: answer!(type $kind $($type)? $($text)?),
        }),+];

        /// The handlers, in the order of [`ROUTES`].
        pub(super) fn handlers() -> Vec<(&'static str, MethodRouter<App>)> {
            vec![$(($path, on(MethodFilter::$method, answer!(handler $handler, $kind $($type)? $($text)?)))),+]
        }
    };
}

routes! {
    GET "/api/v1/session" Needs(SignIn) Now session::who => json SessionView;
    POST "/api/v1/session" Everybody Now session::sign_in => typescript, "SignedInView";
    DELETE "/api/v1/session" Needs(SignIn) Now session::sign_out => typescript, "undefined";

    GET "/api/v1/wall" Needs(See) AnyTime queries::wall => json WallInfo;
    GET "/api/v1/snapshot" Needs(See) AnyTime queries::snapshot => json Snapshot;
    GET "/api/v1/areas" Needs(See) AnyTime queries::areas => typescript, "FeatureCollection<Polygon | MultiPolygon, AreaProperties>";
    GET "/api/v1/heat" Needs(See) AnyTime queries::heat => other;
    GET "/api/v1/still.png" Needs(See) AnyTime stills::still => other;
    GET "/api/v1/points" Needs(See) AnyTime queries::points => typescript, "FeatureCollection<Point, PointProperties>";
    GET "/api/v1/area-card" Needs(See) AnyTime queries::area_card => json AreaCard;
    GET "/api/v1/ticket-card" Needs(See) AnyTime queries::ticket_card => json TicketCard;
    GET "/api/v1/search" Needs(See) Now queries::search => json Vec<SearchHit>;
    GET "/api/v1/histogram" Needs(See) Now queries::histogram => json Histogram;
    GET "/api/v1/ticket-list" Needs(See) AnyTime lists::ticket_list => json TicketList;
    GET "/api/v1/late-points" Needs(See) AnyTime lists::late_points => typescript, "FeatureCollection<Point, { kind: 'ticket'; id: number; severity: number; late_s: number }> & { total: number; at_ms: number }";
    GET "/api/v1/whose" Needs(See) AnyTime lists::whose => json Whose;
    GET "/api/v1/staff-card" Needs(See) AnyTime lists::staff_card => json StaffCard;
    GET "/api/v1/compare" Needs(See) AnyTime lists::compare => json Comparison;
    GET "/api/v1/frames" Needs(See) Now events::frames => other;

    GET "/api/v1/changes" Needs(See) Now events::changes => other;
    GET "/api/v1/cells" Needs(See) AnyTime queries::cells => typescript, "FeatureCollection<Polygon | MultiPolygon, AreaProperties>";
    GET "/api/v1/tickets" Needs(See) Now queries::tickets => typescript, "{ tickets: TicketView[]; cursor: string | null }";
    POST "/api/v1/tickets" Needs(PushTickets) Now intake::tickets => other;
    POST "/api/v1/positions" Needs(PushPositions) Now intake::positions => other;
    GET "/api/v1/near" Needs(See) Now queries::near => typescript, "PlaceView[]";
    GET "/api/v1/stats" Needs(See) AnyTime queries::stats => typescript, "{ by: string; lines: Record<string, unknown>[]; late_events: number | null }";
    POST "/api/v1/clock" Needs(EndReplay) Now intake::clock => typescript, "{ ended: true } | { wall_at_ms: number; real_at_ms: number; speed: number }";

    GET "/api/v1/plans" Needs(See) Now plans::list => json Vec<PlanSummary>;
    POST "/api/v1/plans" Needs(DrawPlans) Now plans::new [NewPlanRequest] => json PlanSummary;
    GET "/api/v1/plans/import" Needs(ImportCells) Now upload::progress => json ImportProgress;
    POST "/api/v1/plans/import" Needs(ImportCells) Now upload::import => typescript, "{ plan: PlanSummary; report: Record<string, unknown> }";
    GET "/api/v1/plans/{id}" Needs(SeeDrafts) Now plans::state => json PlanState;
    GET "/api/v1/plans/{id}/stand" Needs(SeeDrafts) Now plans::stand => json PlanStand;
    GET "/api/v1/plans/{id}/changes" Needs(SeeDrafts) Now plans::changes => json EditResult;
    GET "/api/v1/plans/{id}/cells" Needs(SeeDrafts) Now plans::cells => typescript, "FeatureCollection<Polygon | MultiPolygon, PlanCellProperties>";
    GET "/api/v1/plans/{id}/edges" Needs(SeeDrafts) Now plans::edges => typescript, "FeatureCollection<LineString, PlanEdgeProperties>";
    GET "/api/v1/plans/{id}/lanes" Needs(SeeDrafts) Now plans::lanes => typescript, "FeatureCollection<Polygon, PlanLaneProperties>";
    POST "/api/v1/plans/{id}/preview" Needs(TryEdits) Now plans::preview [EditRequest] => json EditResult;
    POST "/api/v1/plans/{id}/edits" Needs(EditPlans) Now plans::edit [EditRequest] => json EditResult;
    POST "/api/v1/plans/{id}/undo" Needs(EditPlans) Now plans::undo [PlanGotoRequest] => json EditResult;
    POST "/api/v1/plans/{id}/redo" Needs(EditPlans) Now plans::redo [PlanGotoRequest] => json EditResult;
    POST "/api/v1/plans/{id}/goto" Needs(EditPlans) Now plans::go_to [PlanGotoRequest] => json EditResult;
    GET "/api/v1/plans/{id}/history" Needs(SeeDrafts) Now plans::history => json PlanHistory;
    POST "/api/v1/plans/{id}/snapshots" Needs(EditPlans) Now plans::snapshot [PlanSnapshotRequest] => json PlanHistory;
    GET "/api/v1/plans/{id}/owners" Needs(SeeDrafts) Now plans::owners => json Vec<PlanOwners>;
    GET "/api/v1/plans/{id}/impact" Needs(SeeDrafts) Now plans::impact => typescript, "ImpactView";
    GET "/api/v1/plans/{id}/export" Needs(SeeDrafts) Now plans::export => other;
    GET "/api/v1/plans/{id}/proposals" Needs(AskProposals) Now plans::proposals => json Proposals;
    GET "/api/v1/plans/{id}/overlay" Needs(SeeDrafts) Now plans::overlay => json Vec<OverlayLineView>;
    POST "/api/v1/plans/{id}/step" Needs(StepPlans) Now plans::step [PlanStepRequest] => json PlanSummary;
    GET "/api/v1/planning/settings" Needs(See) Now plans::settings => json PlanningSettings;
    PUT "/api/v1/planning/settings" Needs(SetPlanning) Now plans::put_settings [PlanningSettings] => json PlanningSettings;
    GET "/api/v1/planning/streets" Needs(See) Now plans::streets => typescript, "FeatureCollection";
    GET "/api/v1/planning/buildings" Needs(SeeHouseholds) Now plans::buildings => typescript, "FeatureCollection";

    GET "/basemap/{z}/{x}/{y}" Needs(See) Now queries::tile => other;

    GET "/open311/{file}" Everybody Now open311::discovery => other;
    GET "/open311/v2/{file}" NeedsInside(See) Now open311::list => other;
    POST "/open311/v2/{file}" NeedsInside(PushTickets) Now open311::create => other;
    GET "/open311/v2/services/{file}" NeedsInside(See) Now open311::service => other;
    GET "/open311/v2/requests/{file}" NeedsInside(See) Now open311::request => other;

    GET "/healthz" Everybody Now health::healthz => other;
    GET "/readyz" Everybody Now health::readyz => other;
    GET "/metrics" Needs(See) Now health::metrics => other;
}

/// The routes as a router without a layer.
pub(super) fn router() -> Router<App> {
    handlers().into_iter().fold(Router::new(), |router, (path, handler)| router.route(path, handler))
}
