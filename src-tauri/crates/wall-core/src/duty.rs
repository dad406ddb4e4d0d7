//! Shifts as staff lists write them, and who is on duty (在岗).
//!
//! `Mon-Fri 08:00-17:00; Sat 09:00-12:00`, `22:00-06:00` (every night, counted to the day it starts on),
//! `周一至周五 8:00-12:00，14:00-18:00；周六 全天`. Parts are separated by semicolons or line breaks; a part without days means
//! every day; full-width punctuation is fine.

use jiff::tz::TimeZone;

use crate::UtcMs;
use crate::calendar::local_weekday_time;
use crate::coded::coded;

coded! {
    /// Whether someone is on duty.
    Duty {
        /// 在岗
        OnDuty = "on_duty",
        /// 离岗
        OffDuty = "off_duty",
        /// The shifts are not known.
        Unknown = "unknown",
    }
}

const DAY_MIN: u16 = 24 * 60;

/// Weekly shifts in local time.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Shifts {
    /// Day (0 = Monday), first minute, minute after the last (past midnight: more than a day's minutes).
    spans: Vec<(u8, u16, u16)>,
}

impl Shifts {
    /// Reads shifts; `None` when the text is empty or not understood as a whole (then duty is unknown, never guessed).
    pub fn parse(text: &str) -> Option<Self> {
        let text = plain(text);
        let mut spans = Vec::new();
        for part in text.split([';', '\n']).map(str::trim).filter(|p| !p.is_empty()) {
            let (days, hours) = split_days(part)?;
            for (from, to) in parse_hours(hours)? {
                spans.extend((0..7u8).filter(|d| days & (1 << d) != 0).map(|d| (d, from, to)));
            }
        }
        (!spans.is_empty()).then_some(Self { spans })
    }

    /// On or off duty at `t` on the clocks of `zone`.
    pub fn duty_at(&self, t: UtcMs, zone: &TimeZone) -> Duty {
        let Some((weekday, time)) = local_weekday_time(t, zone) else { return Duty::Unknown };
        let today = weekday.to_monday_zero_offset() as u8;
        let yesterday = (today + 6) % 7;
        let minute = time.hour() as u16 * 60 + time.minute() as u16;
        let on = self.spans.iter().any(|&(day, from, to)| {
            (day == today && (from..to).contains(&minute)) || (day == yesterday && (from..to).contains(&(minute + DAY_MIN)))
        });
        if on { Duty::OnDuty } else { Duty::OffDuty }
    }
}

/// Duty by the text of a staff list: `unknown` when there is none or it is not understood.
pub fn duty_at(shifts: &str, t: UtcMs, zone: &TimeZone) -> Duty {
    Shifts::parse(shifts).map_or(Duty::Unknown, |s| s.duty_at(t, zone))
}

/// Lower case, with half-width punctuation and one kind of dash.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '；' | ';' => out.push(';'),
            '：' => out.push(':'),
            '，' | '、' | '／' | '/' | '及' | '和' => out.push(','),
            '－' | '–' | '—' | '―' | '~' | '～' | '〜' | '至' | '到' => out.push('-'),
            '\u{3000}' | '\t' => out.push(' '),
            '０'..='９' => out.push((b'0' + (c as u32 - '０' as u32) as u8) as char),
            _ => out.extend(c.to_lowercase()),
        }
    }
    out
}

/// Words for sets of days, longest first where one starts like another. Bit 0 = Monday.
const DAY_WORDS: &[(&str, u8)] = &[
    ("monday", 1),
    ("mon", 1),
    ("tuesday", 2),
    ("tues", 2),
    ("tue", 2),
    ("wednesday", 4),
    ("wed", 4),
    ("thursday", 8),
    ("thurs", 8),
    ("thu", 8),
    ("friday", 16),
    ("fri", 16),
    ("saturday", 32),
    ("sat", 32),
    ("sunday", 64),
    ("sun", 64),
    ("daily", 127),
    ("every day", 127),
    ("weekdays", 31),
    ("weekends", 96),
    ("weekend", 96),
    ("每天", 127),
    ("每日", 127),
    ("工作日", 31),
    ("周末", 96),
    ("双休日", 96),
];

/// One word for days at the start of `text`, and what follows. A bare Chinese digit counts after a first day (周一、三、五).
fn day_word(text: &str, bare_digits: bool) -> Option<(u8, &str)> {
    for (word, days) in DAY_WORDS {
        if let Some(rest) = text.strip_prefix(word) {
            return Some((*days, rest.strip_prefix('.').unwrap_or(rest)));
        }
    }
    let named = ["星期", "礼拜", "周"].iter().find_map(|p| text.strip_prefix(p));
    let mut chars = match named {
        Some(rest) => rest.chars(),
        None if bare_digits => text.chars(),
        None => return None,
    };
    let day = match chars.next()? {
        '一' => 0,
        '二' => 1,
        '三' => 2,
        '四' => 3,
        '五' => 4,
        '六' => 5,
        '日' | '天' => 6,
        _ => return None,
    };
    Some((1 << day, chars.as_str()))
}

/// Days (bits) and the hours that follow them; every day when none are named.
fn split_days(part: &str) -> Option<(u8, &str)> {
    let Some((mut last, mut rest)) = day_word(part, false) else { return Some((127, part)) };
    let mut days = last;
    loop {
        let next = rest.trim_start();
        if let Some((to, after)) = next.strip_prefix('-').and_then(|r| day_word(r.trim_start(), true)) {
            if last.count_ones() != 1 || to.count_ones() != 1 {
                return None;
            }
            let (mut day, end) = (last.trailing_zeros(), to.trailing_zeros());
            while day != end {
                day = (day + 1) % 7;
                days |= 1 << day;
            }
            (last, rest) = (to, after);
        } else if let Some((to, after)) = day_word(next.strip_prefix(',').unwrap_or(next).trim_start(), next.starts_with(',')) {
            days |= to;
            (last, rest) = (to, after);
        } else {
            return Some((days, next.trim_start_matches([':', ',']).trim_start()));
        }
    }
}

/// `08:00-12:00, 14:00-18:00` as minutes.
fn parse_hours(text: &str) -> Option<Vec<(u16, u16)>> {
    let mut hours = Vec::new();
    for span in text.split(',').map(str::trim).filter(|s| !s.is_empty()) {
        if ["全天", "24小时", "24h", "all day", "24 h", "24 hours"].contains(&span) {
            hours.push((0, DAY_MIN));
            continue;
        }
        let (from, to) = span.split_once('-')?;
        let (from, to) = (minute_of(from)?, minute_of(to)?);
        if from >= DAY_MIN || from == to {
            return None;
        }
        hours.push((from, if to < from { to + DAY_MIN } else { to }));
    }
    (!hours.is_empty()).then_some(hours)
}

/// `8`, `8:00`, `08:00`, `24:00`.
fn minute_of(text: &str) -> Option<u16> {
    let text = text.trim();
    let (hour, minute) = text.split_once(':').unwrap_or((text, "0"));
    let number =
        |s: &str| (!s.is_empty() && s.len() <= 2 && s.bytes().all(|b| b.is_ascii_digit())).then(|| s.parse::<u16>().ok());
    let (hour, minute) = (number(hour)??, number(minute)??);
    (minute < 60 && hour * 60 + minute <= DAY_MIN).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shifts_at_times() {
        // 2026-11-16 is a Monday.
        let check = |shifts: &str, local: &str, wanted: Duty| {
            let t = UtcMs::from_rfc3339(&format!("2026-11-{local}:00+08:00")).unwrap();
            assert_eq!(duty_at(shifts, t, &TimeZone::get("Asia/Shanghai").unwrap()), wanted, "{shifts} at {local}");
        };
        use Duty::{OffDuty, OnDuty, Unknown};
        let office = "Mon-Fri 08:00-17:00; Sat 09:00-12:00";
        check(office, "16T08:00", OnDuty);
        check(office, "16T07:59", OffDuty);
        check(office, "20T17:00", OffDuty);
        check(office, "21T09:30", OnDuty);
        check(office, "22T09:30", OffDuty);
        let nights = "22:00-06:00";
        check(nights, "18T23:00", OnDuty);
        check(nights, "18T05:59", OnDuty);
        check(nights, "18T06:00", OffDuty);
        // The night that starts on Friday ends on Saturday.
        check("Fri 22:00-06:00", "21T05:00", OnDuty);
        check("Fri 22:00-06:00", "20T05:00", OffDuty);
        check("Sun 22:00-06:00", "16T05:00", OnDuty);
        let chinese = "周一至周五 8:00-12:00，14:00-18:00；周六 全天";
        check(chinese, "17T13:00", OffDuty);
        check(chinese, "17T14:00", OnDuty);
        check(chinese, "21T23:59", OnDuty);
        check(chinese, "22T08:00", OffDuty);
        check("周一、三、五：08:00-17:00", "18T09:00", OnDuty);
        check("周一、三、五：08:00-17:00", "17T09:00", OffDuty);
        check("星期六到星期日 ００：００～２４：００", "22T23:59", OnDuty);
        check("Fri-Mon 09:00-17:00", "22T12:00", OnDuty);
        check("Fri-Mon 09:00-17:00", "18T12:00", OffDuty);
        check("Mon, Wed 9-17", "18T12:00", OnDuty);
        check("工作日 9:00-17:00; 周末 10:00-16:00", "22T10:00", OnDuty);
        check("每天24小时", "22T03:00", OnDuty);
        for odd in
            ["", "  ", "whenever", "Mon-Fri", "Mon 25:00-26:00", "Mon 08:00", "08:00-08:00", "weekdays-Sun 8-9", "Mon 8-9 or so"]
        {
            check(odd, "16T09:00", Unknown);
        }
    }

    proptest! {
        #[test]
        fn any_text_has_an_answer(text in ".{0,60}", minutes in any::<i32>()) {
            duty_at(&text, UtcMs(i64::from(minutes) * 60_000), &TimeZone::UTC);
        }
    }
}
