//! Plans as files: any plan taken out in any format, a draft begun from a file.

use super::PlanError;
use crate::{
    export::{CellRow, CellsBytes, CellsFormat, cells_bytes},
    import::{CellsOptions, CellsReport, ReadProgress},
    wall::{Wall, WallError},
};
use serde_json::json;
use std::path::Path;
use wall_core::{PlanId, Right, Whole};
use wall_store::Actor;

impl Wall {
    /// The cells of a plan as it stands, as a file. Also the plan's name, for the file's.
    pub async fn plan_file(&self, actor: &Actor, plan: PlanId, format: CellsFormat) -> Result<(String, CellsBytes), PlanError> {
        let names = self.community_names().await?;
        let mut taken = self.take(actor, plan).await?;
        let name = taken.record.plan.name.clone();
        let at = self.now();
        let cells = self.cells_as_they_are(&mut taken).await?;
        drop(taken);
        let rows: Vec<CellRow<'_>> = cells
            .iter()
            .map(|c| CellRow {
                code: &c.code,
                name: &c.name,
                kind: c.kind,
                community_code: &c.community_code,
                community_name: names.get(&c.community_code).map_or("", String::as_str),
                households: c.households,
                geometry: &c.geometry,
            })
            .collect();
        let file = tokio::task::block_in_place(|| cells_bytes(&rows, format, &name, at));
        Ok((name, file.map_err(|e| WallError::Invalid(e.to_string()))?))
    }

    /// A draft from a file of cells, with the report of its import. Dropping the future ends the reading.
    pub(super) async fn draft_from_file(
        &self,
        actor: &Actor,
        network: &str,
        name: &str,
        path: &Path,
        options: &CellsOptions,
        told: impl Fn(ReadProgress),
    ) -> Result<(PlanId, CellsReport), PlanError> {
        self.may(actor, Right::ImportCells)?;
        let file = self.read_cells_file(path, options, told).await?;
        if file.issues.iter().any(|i| i.code == "too_many_overlaps") {
            return Err(WallError::Invalid("more cells of this file lie over each other than can be drawn with".into()).into());
        }
        if file.records.is_empty() {
            let why = file.issues.first().map_or("it holds no feature", |i| &i.message);
            return Err(WallError::Invalid(format!("no cell of this file could be taken: {why}")).into());
        }
        let key = super::life::network_key(network)?;
        let name = super::life::plan_name(name)?;
        let mut tx = self.write(actor, Whole::ImportCells).await?;
        let id = tx.network(key, key).await?;
        let plan = tx.new_draft(id, name, None, &file.records).await?;
        tx.doubt_plan(plan, &file.blocking()).await?;
        tx.commit("plan.import", &json!({ "plan": plan.0, "cells": file.records.len(), "doubts": file.blocking() })).await?;
        let mut report = CellsReport::from(&file);
        report.imported = file.records.len();
        (report.network, report.plan, report.status) = (key.to_owned(), name.to_owned(), "draft".into());
        Ok((plan, report))
    }
}
