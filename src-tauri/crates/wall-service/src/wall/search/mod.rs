//! Search by a few typed characters: codes, names, and pinyin initials or syllables.

pub(super) mod index;
mod tickets;

use super::{Wall, WallError, ground::Ground, shown::Sight};
use pinyin::ToPinyin;
use wall_core::{Needle, Place, folded};
use wall_store::Actor;

/// How well a name answers a folded needle; smaller is better.
fn rank(needle: &str, name: &str) -> Option<u8> {
    let lower = folded(name);
    if lower == needle {
        return Some(0);
    }
    if lower.starts_with(needle) {
        return Some(1);
    }
    if lower.contains(needle) {
        return Some(2);
    }
    // Pinyin is letters; whatever else the needle has must stand in the name as it is.
    if name.is_ascii() || !needle.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii() && lower.contains(c)) {
        return None;
    }
    let (mut initials, mut syllables) = (String::new(), String::new());
    for c in lower.chars() {
        match c.to_pinyin() {
            Some(p) => {
                initials.push_str(p.first_letter());
                syllables.push_str(p.plain());
            }
            None => {
                initials.push(c);
                syllables.push(c);
            }
        }
    }
    if initials.starts_with(needle) {
        Some(3)
    } else if initials.contains(needle) || syllables.starts_with(needle) {
        Some(4)
    } else if syllables.contains(needle) {
        Some(5)
    } else {
        None
    }
}

/// Something found.
pub(super) struct Hit {
    /// area, ticket, camera, staff, site, address.
    pub kind: &'static str,
    /// Level and key of an area, an address itself, else the identity inside its kind.
    pub key: String,
    pub title: String,
    /// Second line; may be empty.
    pub subtitle: String,
    /// `None` = nowhere, or not to be told.
    pub place: Option<Place>,
}

impl Wall {
    /// Finds areas, tickets, cameras, staff, sites and addresses; best first. O(names), and what
    /// the index of tickets takes.
    pub(super) async fn find(&self, actor: &Actor, text: &str, limit: u32) -> Result<Vec<Hit>, WallError> {
        let limit = limit.clamp(1, 100) as usize;
        let Some(needle) = Needle::new(text).filter(|n| n.text().chars().count() <= 100) else { return Ok(vec![]) };
        let mut hits: Vec<(u8, u8, Hit)> = Vec::new();
        let (ground, now, base) = {
            let world = self.world();
            let mut add = |rank: Option<u8>, order: u8, hit: &dyn Fn() -> Hit| {
                if let Some(r) = rank {
                    hits.push((r, order, hit()));
                }
            };
            let best = |names: &[&str]| names.iter().filter_map(|n| rank(needle.text(), n)).min();
            for a in &world.ground.areas {
                let p = &a.facts;
                add(best(&[&p.code, &p.name, &p.owner]), 0, &|| Hit {
                    kind: "area",
                    key: format!("{}:{}", a.level.code(), p.key),
                    title: if p.name.is_empty() { p.code.clone() } else { p.name.clone() },
                    subtitle: [p.code.as_str(), &p.parent_name, &p.owner]
                        .into_iter()
                        .filter(|s| !s.is_empty())
                        .collect::<Vec<_>>()
                        .join(" · "),
                    place: Some(p.label),
                });
            }
            for markers in world.markers.kinds() {
                for s in markers.views() {
                    let found = if s.by_id { best(&[s.name, s.external_id]) } else { best(&[s.name]) };
                    add(found, markers.order(), &|| hit(markers.kind(), s.id, s.name, s.subtitle, Some(s.place)));
                }
            }
            for w in world.staff.values() {
                let s = &w.staff;
                add(best(&[&s.name, &s.external_id]), 2, &|| hit("staff", s.id.0, &s.name, &s.unit, w.position.map(|p| p.place)));
            }
            (world.ground.clone(), world.now, world.base)
        };
        let ids = self.tickets_showing(actor, &needle, (now, base), limit).await?;
        for t in self.ticket_lines(actor, &ids, &ground, now, None).await? {
            let exact = folded(&t.external_id) == needle.text();
            let subtitle = [t.external_id.as_str(), &t.category_name, &t.cell_name]
                .into_iter()
                .filter(|s| !s.is_empty())
                .collect::<Vec<_>>()
                .join(" · ");
            let hit = Hit {
                kind: "ticket",
                key: t.id.to_string(),
                title: t.title,
                subtitle,
                place: t.lon.zip(t.lat).map(|(lon, lat)| Place { lon, lat }),
            };
            hits.push((if exact { 0 } else { 2 }, 4, hit));
        }
        for (address, place) in self.addresses_shown(&Sight::of(actor), text.trim(), limit, &ground).await? {
            let hit = Hit { kind: "address", key: address.clone(), title: address, subtitle: String::new(), place: Some(place) };
            hits.push((3, 5, hit));
        }
        hits.sort_by(|a, b| (a.0, a.1, &a.2.title, &a.2.key).cmp(&(b.0, b.1, &b.2.title, &b.2.key)));
        Ok(hits.into_iter().take(limit).map(|(.., h)| h).collect())
    }

    /// Addresses that are shown: to whom sees places, and of those the ones within the scope.
    async fn addresses_shown(
        &self,
        sight: &Sight,
        text: &str,
        limit: usize,
        ground: &Ground,
    ) -> Result<Vec<(String, Place)>, WallError> {
        let scope = match sight {
            Sight::Coarse => return Ok(Vec::new()),
            Sight::Exact => return Ok(self.store().find_addresses(text, limit as u32).await?),
            Sight::Within(scope) => scope,
        };
        let mut asked = limit as u32;
        loop {
            let mut found = self.store().find_addresses(text, asked).await?;
            let whole = (found.len() as u32) < asked;
            found.retain(|(_, place)| scope.holds_division(ground.division_at(*place)));
            if whole || found.len() >= limit {
                found.truncate(limit);
                return Ok(found);
            }
            asked = asked.saturating_mul(8);
        }
    }
}

fn hit(kind: &'static str, id: i64, title: &str, subtitle: &str, place: Option<Place>) -> Hit {
    Hit { kind, key: id.to_string(), title: title.into(), subtitle: subtitle.into(), place }
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn finds_by_code_name_initials_and_syllables() {
        for (needle, name, found) in [
            ("330108", "330108001", Some(1)),
            ("菜场", "东门菜场网格", Some(2)),
            ("dmcc", "东门菜场网格", Some(3)),
            ("ccwg", "东门菜场网格", Some(4)),
            ("caichang", "东门菜场网格", Some(5)),
            ("xyz", "东门菜场网格", None),
            ("hall", "City Hall", Some(2)),
            ("ch", "City Hall", None),
        ] {
            assert_eq!(rank(needle, name), found, "{needle} in {name}");
        }
    }
}
