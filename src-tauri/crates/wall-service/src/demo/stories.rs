//! Tickets as stories: what was reported, and every move until it is closed, known from the start.
//!
//! The stories of an hour depend on the seed and on that hour alone. So the past week, the live feed and a restart
//! tomorrow all tell the same stories, whatever the moment they are asked.

use super::dice::Dice;
use super::incidents::{DRAIN, Ground, KINDS, Kind, SPOTS};
use super::spots::{Spot, Spots};
use wall_core::{Channel, Severity, TicketRecord, TicketStatus, UtcMs};

/// Milliseconds in an hour.
pub(super) const HOUR_MS: i64 = 3_600_000;
/// The district lives in one zone without summer time, UTC+8.
pub(super) const ZONE_MS: i64 = 8 * HOUR_MS;
/// Tickets on an ordinary day, apart from those of the live feed.
const PER_DAY: f64 = 455.0;
/// Tickets an hour of the live feed at the busiest hour (one in about thirty seconds).
const LIVE_PEAK: f64 = 118.0;

/// A move of a ticket.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Stage {
    pub(super) at: UtcMs,
    pub(super) to: TicketStatus,
    pub(super) actor: String,
    pub(super) reason: String,
}

/// A ticket from its report to its end.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Story {
    /// As reported: status received, not closed.
    pub(super) ticket: TicketRecord,
    pub(super) reported_at: UtcMs,
    /// Moves after `received`, in order of time, each legal after the one before.
    pub(super) stages: Vec<Stage>,
    /// Told only while the feed is live.
    pub(super) live_only: bool,
}

impl Story {
    /// The ticket as it stands at `now`.
    pub(super) fn as_of(&self, now: UtcMs) -> TicketRecord {
        let mut t = self.ticket.clone();
        for s in self.stages.iter().take_while(|s| s.at <= now) {
            (t.status, t.status_at) = (Some(s.to), Some(s.at));
            if s.to == TicketStatus::Closed || s.to == TicketStatus::Cancelled {
                t.closed_at = Some(s.at);
            }
        }
        t
    }
}

/// Local hour of the day and weekday (0 = Monday) of an hour since 1970.
pub(super) fn local(hour: i64) -> (usize, usize) {
    let h = hour + ZONE_MS / HOUR_MS;
    (h.rem_euclid(24) as usize, (h.div_euclid(24) + 3).rem_euclid(7) as usize)
}

/// Tells the stories of a district.
#[derive(Clone, Debug)]
pub(super) struct Teller {
    seed: u64,
    spots: Spots,
    /// Per local hour, the weights of the kinds.
    by_hour: Vec<Vec<f64>>,
    /// Names of those who act: per community the grid staff, then the room's operators.
    staff: Vec<Vec<String>>,
    communities: Vec<String>,
}

const OPERATORS: [&str; 4] = ["值班员 陈静", "值班员 吴涛", "值班员 周敏", "值班员 何杰"];

impl Teller {
    pub(super) fn new(seed: u64, spots: Spots, staff: Vec<Vec<String>>, communities: Vec<String>) -> Self {
        let by_hour = (0..24)
            .map(|h| {
                KINDS
                    .iter()
                    .map(|k| {
                        let w = k.hours.weights();
                        k.weight * w[h] / w.iter().sum::<f64>()
                    })
                    .collect()
            })
            .collect();
        Self { seed, spots, by_hour, staff, communities }
    }

    /// All stories that begin in an hour since 1970, in order of time.
    pub(super) fn hour(&self, hour: i64) -> Vec<Story> {
        let mut dice = Dice::new(self.seed, 1 << 40 | hour as u64);
        let (of_day, weekday) = local(hour);
        let day = (hour + ZONE_MS / HOUR_MS).div_euclid(24);
        let weekend = if weekday >= 5 { 0.86 } else { 1.0 };
        let mut weights = self.by_hour[of_day].clone();
        // It rains hard on one afternoon in five days, so every week has a rainy one.
        let rain = if day.rem_euclid(5) == 2 {
            [0.0, 30.0, 42.0, 24.0, 9.0].get(of_day.wrapping_sub(14)).copied().unwrap_or(0.0)
        } else {
            0.0
        };
        let share: f64 = weights.iter().sum::<f64>() / self.by_hour.iter().flatten().sum::<f64>();
        if rain > 0.0 {
            weights[DRAIN] *= rain / 2.0;
        }
        let base = round_by_chance(PER_DAY * share * weekend + rain, &mut dice);
        let peak = self.by_hour.iter().map(|w| w.iter().sum::<f64>()).fold(0.0, f64::max);
        let now: f64 = self.by_hour[of_day].iter().sum();
        let live = round_by_chance((LIVE_PEAK * (now / peak).max(0.16) * weekend - base as f64).max(10.0), &mut dice);
        let mut starts: Vec<(i64, bool, Option<usize>, Option<usize>)> = Vec::new();
        for i in 0..base + live {
            starts.push((dice.int(0, HOUR_MS - 1), i >= base, None, None));
        }
        if (7..22).contains(&of_day) && dice.chance(0.3) {
            let (kind, hot) = (dice.weighted(&weights), dice.below(self.spots.hot_count()));
            let from = dice.int(0, HOUR_MS - 600_000);
            for _ in 0..dice.int(7, 12) {
                starts.push((from + dice.int(0, 480_000), true, Some(kind), Some(hot)));
            }
        }
        starts.sort_unstable();
        let stamp = jiff::Timestamp::from_millisecond(hour.saturating_mul(HOUR_MS).saturating_add(ZONE_MS))
            .map_or_else(|_| hour.to_string(), |t| t.strftime("%Y%m%d%H").to_string());
        let mut out = Vec::with_capacity(starts.len());
        for (n, (offset, live_only, kind, hot)) in starts.into_iter().enumerate() {
            let kind = &KINDS[kind.unwrap_or_else(|| dice.weighted(&weights))];
            let at = UtcMs(hour * HOUR_MS + offset / 1000 * 1000);
            let spot = match hot {
                Some(h) => self.spots.near_hot(h, &mut dice),
                None => self.spots.draw(kind.ground, &mut dice),
            };
            out.push(self.story(kind, &spot, at, live_only, format!("CW{stamp}-{:03}", n + 1), &mut dice));
        }
        out
    }

    fn story(&self, kind: &Kind, spot: &Spot, at: UtcMs, live_only: bool, id: String, dice: &mut Dice) -> Story {
        let words = Words {
            spot,
            kind,
            number: dice.int(2, 9),
            room: dice.int(1, 6) * 100 + dice.int(1, 4),
            at: dice.word(&SPOTS),
            thing: dice.word(kind.things),
        };
        let severity = match dice.below(20) {
            0 if kind.severity > 2 => kind.severity - 1,
            1 | 2 if kind.severity < 4 && kind.severity > 1 => kind.severity + 1,
            _ => kind.severity,
        };
        let (title, details) = *dice.pick(kind.scenes);
        let (title, description) = (words.fill(title), words.fill(dice.word(details)));
        let channel = [
            Channel::GridStaff,
            Channel::Hotline,
            Channel::Resident,
            Channel::Camera,
            Channel::Sensor,
            Channel::Superior,
            Channel::Patrol,
        ][dice.weighted(match kind.ground {
            Ground::Home => &[34.0, 34.0, 20.0, 1.0, 3.0, 2.0, 6.0],
            Ground::Busy => &[30.0, 22.0, 14.0, 16.0, 0.0, 3.0, 15.0],
            Ground::Street | Ground::Low => &[42.0, 20.0, 12.0, 7.0, 5.0, 3.0, 11.0],
        })];
        let deadline_ms = i64::from(kind.deadline_h) * HOUR_MS;
        let ticket = TicketRecord {
            source: "demo".to_owned(),
            external_id: id,
            category: kind.code.to_owned(),
            title,
            description,
            place: Some(spot.at.place()),
            accuracy_m: None,
            address: spot.address.clone(),
            channel: Some(channel),
            platform: Some(kind.platform),
            severity: Severity::new(severity),
            community_code: self.communities[spot.community].clone(),
            reported_at: Some(at),
            due_at: Some(at.plus_ms(deadline_ms)),
            status: Some(TicketStatus::Received),
            status_word: String::new(),
            status_at: None,
            closed_at: None,
            reporter: None,
            attachments: Vec::new(),
            sensitive: Some(kind.sensitive),
            inverted_times: false,
        };
        let part = match dice.below(100) {
            0..=7 => dice.range(1.09, 1.5),
            8..=12 => dice.range(0.8, 0.99),
            _ => 0.03 + 0.5 * dice.unit() * dice.unit(),
        };
        let mut life_ms = (deadline_ms as f64 * part) as i64;
        // Those of the live feed end soon, or they would pile up: only short deadlines are missed among them.
        if live_only && !(part > 1.0 && kind.deadline_h <= 6) {
            life_ms = life_ms.min((dice.range(18.0, 95.0) * 60_000.0) as i64);
        }
        let stages = self.stages(kind, spot, at, life_ms.max(9 * 60_000), dice);
        Story { ticket, reported_at: at, stages, live_only }
    }

    /// Moves from filing to the end, spread over the life of the ticket.
    fn stages(&self, kind: &Kind, spot: &Spot, at: UtcMs, life_ms: i64, dice: &mut Dice) -> Vec<Stage> {
        use TicketStatus::{
            Cancelled, Closed, Dispatched, Done, Escalated, Extended, Filed, InProgress, Rated, Returned, Suspended, Verified,
        };
        let operator = dice.word(&OPERATORS);
        let hand = pick_name(&self.staff[spot.community], dice);
        let path: &[(TicketStatus, f64)] = match dice.below(100) {
            0..=1 => &[(Cancelled, 0.3)],
            2..=4 => &[
                (Filed, 0.03),
                (Dispatched, 0.08),
                (Returned, 0.2),
                (Dispatched, 0.26),
                (InProgress, 0.4),
                (Done, 0.85),
                (Verified, 0.94),
                (Closed, 1.0),
            ],
            5..=7 => &[
                (Filed, 0.03),
                (Dispatched, 0.08),
                (InProgress, 0.16),
                (Done, 0.5),
                (Returned, 0.6),
                (Dispatched, 0.64),
                (InProgress, 0.7),
                (Done, 0.9),
                (Verified, 0.95),
                (Closed, 1.0),
            ],
            8..=9 => &[
                (Filed, 0.03),
                (Dispatched, 0.08),
                (InProgress, 0.16),
                (Suspended, 0.3),
                (InProgress, 0.72),
                (Done, 0.9),
                (Verified, 0.96),
                (Closed, 1.0),
            ],
            10..=11 => &[
                (Filed, 0.03),
                (Dispatched, 0.08),
                (InProgress, 0.2),
                (Extended, 0.5),
                (Done, 0.9),
                (Verified, 0.96),
                (Closed, 1.0),
            ],
            12..=14 if kind.severity <= 3 => &[
                (Filed, 0.02),
                (Dispatched, 0.06),
                (InProgress, 0.14),
                (Escalated, 0.3),
                (InProgress, 0.42),
                (Done, 0.88),
                (Verified, 0.95),
                (Closed, 1.0),
            ],
            _ => &[(Filed, 0.03), (Dispatched, 0.09), (InProgress, 0.24), (Done, 0.86), (Verified, 0.95), (Closed, 1.0)],
        };
        let mut out: Vec<Stage> = Vec::with_capacity(path.len() + 1);
        let mut last = at.0;
        for (to, part) in path {
            // The first steps happen at the desk within minutes, however long the work takes.
            let desk = matches!(to, Filed | Dispatched) && out.len() < 2;
            let planned = if desk {
                last + dice.int(40_000, 420_000).min(life_ms / 12)
            } else {
                at.0 + (life_ms as f64 * part * dice.range(0.93, 1.0)) as i64
            };
            last = planned.max(last + 20_000) / 1000 * 1000;
            let actor = match to {
                InProgress | Done | Extended | Suspended => hand.clone(),
                _ => operator.to_owned(),
            };
            out.push(Stage { at: UtcMs(last), to: *to, actor, reason: dice.word(reasons(*to)).to_owned() });
        }
        if out.last().is_some_and(|s| s.to == Closed) && dice.chance(0.3) {
            out.push(Stage {
                at: UtcMs(last + dice.int(20, 400) * 60_000),
                to: Rated,
                actor: "回访".to_owned(),
                reason: dice.word(&["满意", "满意", "基本满意", "不满意"]).to_owned(),
            });
        }
        out
    }
}

fn reasons(to: TicketStatus) -> &'static [&'static str] {
    match to {
        TicketStatus::Filed => &["要素齐全,予以立案", "核对位置后立案"],
        TicketStatus::Dispatched => &["派就近网格员先行处置", "派责任单位处理", "按职责派遣"],
        TicketStatus::InProgress => &["已到现场", "正在处置", "联系当事人,着手处理"],
        TicketStatus::Done => &["处置完毕,已上传现场照片", "问题已解决", "清理完成,恢复原状"],
        TicketStatus::Verified => &["现场核查通过", "照片核查通过", "电话核实属实"],
        TicketStatus::Closed => &["按期办结", "核查无误,结案"],
        TicketStatus::Returned => &["不属本单位职责,退回", "现场复核未达标,返工"],
        TicketStatus::Suspended => &["等待配件到货", "需协调施工窗口,暂缓"],
        TicketStatus::Extended => &["工程量较大,申请延期", "需多部门会商,延期"],
        TicketStatus::Escalated => &["本级难以解决,吹哨上报", "需联合执法,吹哨"],
        TicketStatus::Cancelled => &["重复上报,并案", "经核实不成立"],
        TicketStatus::Rated | TicketStatus::Received => &[""],
    }
}

/// A whole number whose mean is `x`.
fn round_by_chance(x: f64, dice: &mut Dice) -> usize {
    let spread = x + dice.bell() * x.sqrt() * 0.6;
    (spread.max(0.0) + dice.unit()).floor() as usize
}

fn pick_name(items: &[String], dice: &mut Dice) -> String {
    items.get(dice.below(items.len())).cloned().unwrap_or_else(|| "网格员".to_owned())
}

struct Words<'a> {
    spot: &'a Spot,
    kind: &'a Kind,
    number: i64,
    room: i64,
    at: &'static str,
    thing: &'static str,
}

impl Words<'_> {
    fn fill(&self, text: &str) -> String {
        let mut out = text
            .replace("{路}", &self.spot.street)
            .replace("{址}", &self.spot.address)
            .replace("{苑}", &self.spot.estate)
            .replace("{幢}", &self.spot.building)
            .replace("{室}", &format!("{}室", self.room))
            .replace("{点}", self.at)
            .replace("{物}", self.thing);
        let number = match self.kind.ground {
            Ground::Low => self.number * 3,
            _ => self.number,
        };
        out = out.replace("{数}", &number.to_string());
        out
    }
}
