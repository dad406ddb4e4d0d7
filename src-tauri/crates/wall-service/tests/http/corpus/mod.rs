//! The recorded corpus of answers: every GET route of [`ROUTES`], asked by several roles, about now and five other times, over
//! a demonstration week and (where the data are) a sample of Boston's year. Whoever rebuilds what lies below sees what changed.
//!
//! `GRIDWALL_BLESS=1 cargo test --workspace --test http corpus` records anew what is committed in `tests/expected/corpus`;
//! each difference that was meant gets its line in `tests/expected/corpus/README.md`.

mod canonical;
mod questions;
mod record;
mod scope;
mod stage;

use crate::{Answer, get, with};
use axum::{Router, body::Body, http::Request};
use canonical::Canon;
use futures::StreamExt;
use questions::Question;
use record::{Asked, Record};
use stage::Stage;
use std::{collections::BTreeSet, sync::Arc};
use tower::ServiceExt;
use wall_service::http::ROUTES;

/// The GET routes on which nobody is answered here: the progress of an import, because none is under way, and pictures, because
/// nobody draws (the program does).
const NOT_ANSWERED_HERE: [&str; 2] = ["/api/v1/plans/import", "/api/v1/still.png"];
/// Questions at once: answers do not depend on each other, but for who has a plan before them (`stand`).
const AT_ONCE: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn demo_week_answers_as_recorded() {
    let stage = Stage::demo().await;
    let questions = questions::demo(&stage.facts);
    let answers = ask_all(&stage, &questions).await;
    every_route_is_answered(&answers);
    Record::of("demo", answers, record::Bodies::Small).compare_with_committed();
}

#[tokio::test(flavor = "multi_thread")]
async fn boston_year_answers_as_recorded() {
    let Some(stage) = Stage::boston().await else { return };
    let questions = questions::boston(&stage.facts);
    let answers = ask_all(&stage, &questions).await;
    Record::of("boston", answers, record::Bodies::None).compare_with_committed();
}

/// Each question by each asker, in a form that can be compared.
async fn ask_all(stage: &Stage, questions: &[Question]) -> Vec<Asked> {
    let newest = stage.room.wall.store().revision().await.unwrap();
    let canon = Arc::new(Canon::new(stage.began, stage.store.clone()));
    let asked = |question: &Question| {
        let router = stage.room.router.clone();
        let (Question { path, by }, canon, askers) = (question.clone(), canon.clone(), stage.askers.clone());
        async move {
            let mut answers = Vec::new();
            for (asker, token) in askers.iter().filter(|(asker, _)| by.has(asker)) {
                let answer = ask(&router, token.as_deref(), &path, newest).await;
                answers.push(Asked::new(&path, asker, answer.status.as_u16(), canon.answer(&answer)));
            }
            answers
        }
    };
    // Who stands at a plan is told to whoever asks next, and what became of it is known as long as it is open: those questions
    // come first, one after the other.
    let in_turn = |q: &&Question| q.path.contains("/stand") || (q.path.contains("/plans/") && q.path.contains("/changes"));
    let (first, rest): (Vec<&Question>, Vec<&Question>) = questions.iter().partition(in_turn);
    let mut answers = Vec::new();
    for question in first {
        answers.extend(asked(question).await);
    }
    let rest = futures::stream::iter(rest.into_iter().map(|q| tokio::spawn(asked(q)))).buffered(AT_ONCE);
    let rest: Vec<_> = rest.map(Result::unwrap).collect().await;
    answers.extend(rest.into_iter().flatten());
    answers
}

async fn ask(router: &Router, token: Option<&str>, path: &str, newest: i64) -> Answer {
    let request: Request<Body> = match token {
        Some(token) => with(get(path), "authorization", &format!("Bearer {token}")),
        None => get(path),
    };
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let streams = parts.headers.get("content-type").is_some_and(|t| t.as_bytes().starts_with(b"text/event-stream"));
    let read = async {
        let mut chunks = body.into_data_stream();
        let mut bytes = Vec::new();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.unwrap();
            bytes.extend_from_slice(&chunk);
            // A stream has no end: it is read until it has told what is in the store.
            if streams && told_all(path, &chunk, newest) {
                break;
            }
        }
        bytes
    };
    let body = tokio::time::timeout(crate::PATIENCE, read).await.unwrap_or_else(|_| panic!("{path}: no end of the answer"));
    Answer { status: parts.status, headers: parts.headers, body }
}

/// Whether an event of a stream asked for from a revision on comes to the newest one.
fn told_all(path: &str, event: &[u8], newest: i64) -> bool {
    let since = path.split_once("since=").and_then(|(_, s)| s.split('&').next()?.parse::<i64>().ok()).unwrap_or(newest);
    let text = String::from_utf8_lossy(event);
    let told = |end: char| text.contains(&format!("\"to_revision\":{newest}{end}"));
    since >= newest || told(',') || told('}')
}

/// The route of a path: of those that fit the one with the most words of its own.
fn route_of(path: &str) -> Option<&'static str> {
    let path = path.split('?').next().unwrap();
    let fits = |route: &str| {
        let (mut a, mut b) = (route.split('/'), path.split('/'));
        loop {
            match (a.next(), b.next()) {
                (None, None) => return true,
                (Some(a), Some(b)) if a == b || a.starts_with('{') => {}
                _ => return false,
            }
        }
    };
    let gets = ROUTES.iter().filter(|route| route.method == "GET").map(|route| route.path);
    gets.filter(|route| fits(route)).min_by_key(|route| route.matches('{').count())
}

/// No GET route without a question that somebody is answered.
fn every_route_is_answered(answers: &[Asked]) {
    let asked: BTreeSet<&str> = answers.iter().filter_map(|a| route_of(&a.question)).collect();
    let told = answers.iter().filter(|a| (200..300).contains(&a.status));
    let answered: BTreeSet<&str> = told.filter_map(|a| route_of(&a.question)).collect();
    for route in ROUTES.iter().filter(|route| route.method == "GET").map(|route| route.path) {
        let needed = if NOT_ANSWERED_HERE.contains(&route) { &asked } else { &answered };
        assert!(needed.contains(route), "no question of the corpus is answered by GET {route}: add one to corpus/questions.rs");
    }
    assert!(answers.iter().any(|a| a.asker == "nobody" && a.status == 401), "somebody without a right is refused");
}
