use super::*;
use crate::UtcMs;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn stands(status: PlanStatus, approved: bool) -> PlanStanding {
    PlanStanding { status, approved, ..PlanStanding::BEGINNING }
}

fn step(kind: PlanStepKind, actor: &str, note: &str) -> PlanStep {
    let (edit, station) = (None, "browser".to_owned());
    let deed = PlanDeed::Known(kind);
    PlanStep { deed, note: note.into(), edit, actor: actor.into(), station, recorded_at: UtcMs(0), revision: 1 }
}

/// What is refused, and with which word, for each step in each status; "" = it is taken.
#[test]
fn every_step_in_every_status() {
    let mine = PlanRelation { own: true, ..PlanRelation::default() };
    let columns = [
        stands(PlanStatus::Draft, false),
        stands(PlanStatus::InReview, false),
        stands(PlanStatus::InReview, true),
        stands(PlanStatus::Published, true),
        stands(PlanStatus::Retired, false),
    ];
    let (status, approved) = ("wrong_status", "not_approved");
    let table = [
        (PlanStepKind::Submit, ["", status, status, status, status]),
        (PlanStepKind::Withdraw, [status, "", "", status, status]),
        (PlanStepKind::Approve, [status, "", "", status, status]),
        (PlanStepKind::Return, [status, "", "", status, status]),
        (PlanStepKind::Publish, [approved, approved, "", approved, approved]),
        (PlanStepKind::Unpublish, [status, status, status, "", status]),
        (PlanStepKind::Retire, ["", "", "", status, status]),
        (PlanStepKind::TakeEffect, ["", status, status, status, status]),
    ];
    assert_eq!(table.map(|(step, _)| step).as_slice(), PlanStepKind::ALL);
    for (step, row) in table {
        for (standing, expected) in columns.iter().zip(row) {
            let found = decide_step(standing, step, mine).err().map_or("", |why| why.code());
            assert_eq!(found, expected, "{step:?} of {standing:?}");
        }
    }
}

#[test]
fn who_stands_how_to_it() {
    let (review, published) = (stands(PlanStatus::InReview, false), stands(PlanStatus::Published, true));
    let refused = |standing: &PlanStanding, step, by| decide_step(standing, step, by).unwrap_err();
    let stranger = PlanRelation::default();
    assert_eq!(refused(&review, PlanStepKind::Withdraw, stranger), PlanRefusal::NotYours);
    let hand = PlanRelation { hand: true, ..stranger };
    for step in [PlanStepKind::Approve, PlanStepKind::Return] {
        assert_eq!(refused(&review, step, hand), PlanRefusal::OwnPlan);
    }
    let begun = PlanRelation { begun: true, followed: true, ..stranger };
    assert_eq!(refused(&published, PlanStepKind::Unpublish, begun), PlanRefusal::Begun);
    let followed = PlanRelation { followed: true, ..stranger };
    assert_eq!(refused(&published, PlanStepKind::Unpublish, followed), PlanRefusal::Followed);
}

#[test]
fn a_step_of_a_newer_edition_is_kept_and_stops_all_others() {
    for (kind, version) in [("delegate", 1), ("submit", 2)] {
        let deed = PlanDeed::read(kind, version);
        assert_eq!((deed.kind(), deed.version()), (kind, version));
        let steps = [step(PlanStepKind::Submit, "li", ""), PlanStep { deed, ..step(PlanStepKind::Submit, "wang", "") }];
        let standing = PlanStanding::of(&steps);
        assert_eq!((standing.status, standing.submitted_by.as_str()), (PlanStatus::InReview, "li"));
        for step in PlanStepKind::ALL {
            let why = decide_step(&standing, *step, PlanRelation::default()).unwrap_err();
            assert_eq!(why.code(), "newer_step");
            assert!(why.to_string().contains(kind), "{why}");
        }
    }
    for kind in PlanStepKind::ALL {
        let deed = PlanDeed::Known(*kind);
        assert_eq!(PlanDeed::read(deed.kind(), deed.version()), deed);
    }
}

proptest! {
    /// Whatever people try: only what somebody without a hand in it agreed to is published, what is agreed to is what was sent
    /// last, and nothing but an agreement of a second person changes that.
    #[test]
    fn nothing_is_published_that_no_second_person_agreed_to(
        wished in proptest::collection::vec((0..PlanStepKind::ALL.len(), 0..3usize), 0..40),
    ) {
        const PEOPLE: [&str; 3] = ["li", "wang", "zhao"];
        let mut hands = BTreeSet::from([PEOPLE[0]]);
        let mut steps: Vec<PlanStep> = Vec::new();
        for (kind, who) in wished {
            let (kind, who) = (PlanStepKind::ALL[kind], PEOPLE[who]);
            let standing = PlanStanding::of(&steps);
            let own = who == PEOPLE[0] || who == standing.submitted_by;
            let relation = PlanRelation { own, hand: hands.contains(who), ..PlanRelation::default() };
            if decide_step(&standing, kind, relation).is_err() {
                continue;
            }
            if kind == PlanStepKind::Publish {
                let since = steps.iter().rposition(|s| s.deed == PlanDeed::Known(PlanStepKind::Submit)).unwrap();
                let agreed = steps[since..].iter().rev().find(|s| s.deed == PlanDeed::Known(PlanStepKind::Approve)).unwrap();
                prop_assert_eq!(&agreed.actor, &standing.reviewed_by);
                prop_assert!(agreed.actor != steps[since].actor);
            }
            if kind == PlanStepKind::Submit {
                hands.insert(who);
            }
            let said = format!("{kind:?} by {who}");
            steps.push(step(kind, who, &said));
            prop_assert_eq!(PlanStanding::of(&steps), standing.after(kind, who, &said));
        }
    }
}
