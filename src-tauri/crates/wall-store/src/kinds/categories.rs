//! Categories with their deadlines, by kind, code, standard and edition.

use crate::{
    ChangeKind, Store, StoreError,
    db::{Row, Value, sql},
    upserts::Listed,
};
use wall_core::{Absent, Category, CategoryId, CategoryRecord, DeadlineKind, Platform, Severity, UtcMs};

impl Listed for CategoryRecord {
    const KIND: ChangeKind = ChangeKind::Category;

    fn key(&self) -> Vec<(&'static str, &str)> {
        vec![("kind", &self.kind), ("code", &self.code), ("standard", &self.standard), ("edition", &self.edition)]
    }

    fn values(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("name", (&self.name).into()),
            ("platform", self.platform.map(Platform::code).into()),
            ("default_severity", self.default_severity.map(|s| i64::from(s.get())).into()),
            ("deadline_s", self.deadline_s.into()),
            ("deadline_kind", self.deadline_kind.code().into()),
            ("valid_from", self.valid_from.into()),
            ("valid_to", self.valid_to.into()),
            ("sensitive", self.sensitive.into()),
        ]
    }

    fn absent(&self) -> &Absent {
        &self.absent
    }
}

impl Store {
    /// All categories with their validity: `(category, valid_from, valid_to)`.
    pub async fn categories(&self) -> Result<Vec<(Category, Option<UtcMs>, Option<UtcMs>)>, StoreError> {
        let categories = sql("SELECT id, kind, code, name, platform, default_severity, deadline_s, deadline_kind, sensitive, \
             valid_from, valid_to FROM category ORDER BY id");
        let category = |r: &Row| {
            let severity: Option<i64> = r.get("default_severity")?;
            let category = Category {
                id: CategoryId(r.get("id")?),
                kind: r.get("kind")?,
                code: r.get("code")?,
                name: r.get("name")?,
                platform: r.get::<Option<&str>>("platform")?.and_then(Platform::from_code),
                default_severity: severity.and_then(|s| Severity::new(u8::try_from(s).ok()?)),
                deadline_s: r.get("deadline_s")?,
                deadline_kind: r.word("category", "deadline_kind", DeadlineKind::from_code)?,
                sensitive: r.get("sensitive")?,
            };
            Ok((category, r.get("valid_from")?, r.get("valid_to")?))
        };
        self.inner.read.rows(categories).await?.iter().map(category).collect()
    }
}
