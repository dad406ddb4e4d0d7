//! The life of plans: their rows are what follows from their steps.

use super::*;

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 24, ..Default::default() })]

    /// The row of a plan is the fold of its steps, whatever steps are tried by whom; a refused one leaves nothing.
    #[test]
    fn the_row_of_a_plan_is_the_fold_of_its_steps(
        wished in proptest::collection::vec((0..PlanStepKind::ALL.len(), 0..3usize), 1..30),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let (_folder, store) = open().await;
            let people = ["li", "wang", "zhao"].map(|who| Actor::new(who, Role::Planner, "browser"));
            let mut tx = store.write(&people[0], T0).await.unwrap();
            let network = tx.network("general", "general").await.unwrap();
            let plan = tx.new_draft(network, "walk", None, &[square("a", 0)]).await.unwrap();
            tx.commit().await.unwrap();
            let mut before = row_and_fold(&store, plan).await.0;
            let mut taken = 0;
            for (i, (kind, who)) in wished.into_iter().enumerate() {
                let (kind, actor, at) = (PlanStepKind::ALL[kind], &people[who], T0.plus_ms(1000 * (i as i64 + 1)));
                let mut tx = store.write(actor, at).await.unwrap();
                let note = format!("{} {i}", kind.code());
                // Far ahead, so that it can be taken back.
                let later = Some(at.plus_ms(1_000_000_000));
                let done = match kind {
                    PlanStepKind::Publish => {
                        let seen = PublishSeen { head: None, before: None };
                        tx.publish_reviewed(plan, seen, later, false, &note, &[]).await.map(drop)
                    }
                    PlanStepKind::TakeEffect => tx.publish_plan(plan, later).await.map(drop),
                    PlanStepKind::Unpublish => tx.unpublish_plan(plan, &note, at).await,
                    _ => tx.step_plan(plan, None, kind, &note).await,
                };
                match done {
                    Ok(()) => {
                        taken += 1;
                        tx.commit().await.unwrap();
                    }
                    Err(StoreError::Refused(_)) => drop(tx),
                    Err(other) => panic!("{other}"),
                }
                let refused = store.plan_steps(plan).await.unwrap().len() != taken;
                assert!(!refused, "a step that was refused left something, or one that was taken nothing");
                let (row, fold) = row_and_fold(&store, plan).await;
                assert_eq!(row, fold);
                let last = store.plan_steps(plan).await.unwrap().pop();
                if last.as_ref().is_some_and(|s| s.recorded_at == at) {
                    let last = last.unwrap();
                    assert_eq!((last.actor.as_str(), last.station.as_str()), (actor.who.as_str(), "browser"));
                    assert!(last.revision > 0 && last.revision <= store.revision().await.unwrap());
                } else {
                    assert_eq!(row, before, "nothing was taken");
                }
                before = row;
            }
            store.close().await;
        });
    }
}

/// Where a plan stands by its row, and by its steps.
async fn row_and_fold(store: &Store, plan: PlanId) -> (PlanStanding, PlanStanding) {
    let row = store.plan_record(plan).await.unwrap().unwrap();
    (row.standing(), PlanStanding::of(&store.plan_steps(plan).await.unwrap()))
}

/// A step of a newer edition stays in the store as it is, nothing is done over it, and that is said.
#[tokio::test]
async fn a_step_of_a_newer_edition_is_kept_and_said() {
    let (folder, store) = open().await;
    let path = folder.path().join("data");
    let mut tx = store.write(&admin(), T0).await.unwrap();
    let network = tx.network("general", "general").await.unwrap();
    let plan = tx.new_draft(network, "newer", None, &[square("a", 0)]).await.unwrap();
    tx.step_plan(plan, None, PlanStepKind::Submit, "").await.unwrap();
    tx.commit().await.unwrap();
    store.close().await;
    wall_tests::behind(&path, "UPDATE plan_step SET step = 'delegate', version = 3").await;
    let store = store_at(&path).await.unwrap();
    let mut tx = store.write(&admin(), T0.plus_ms(1)).await.unwrap();
    let refused = tx.step_plan(plan, None, PlanStepKind::Withdraw, "").await.unwrap_err().to_string();
    assert!(refused.contains("delegate") && refused.contains("newer edition"), "{refused}");
    drop(tx);
    let steps = store.plan_steps(plan).await.unwrap();
    assert_eq!(steps[0].deed, PlanDeed::Unknown { kind: "delegate".into(), version: 3 });
    store.close().await;
}
