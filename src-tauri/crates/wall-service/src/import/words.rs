//! The product's own words for code words: what Chinese rooms and Open311 write, understood without a profile.

use super::fields::ascii_numbers;
use wall_core::{CameraState, Channel, DeadlineKind, OwnerRole, PartyKind, Platform, Severity, TicketStatus};

/// Words for a status.
pub const STATUS: &[(&str, TicketStatus)] = &[
    ("open", TicketStatus::Received),
    ("new", TicketStatus::Received),
    ("受理", TicketStatus::Received),
    ("已受理", TicketStatus::Received),
    ("待受理", TicketStatus::Received),
    ("立案", TicketStatus::Filed),
    ("已立案", TicketStatus::Filed),
    ("派遣", TicketStatus::Dispatched),
    ("已派遣", TicketStatus::Dispatched),
    ("已派单", TicketStatus::Dispatched),
    ("分流", TicketStatus::Dispatched),
    ("处置", TicketStatus::InProgress),
    ("处置中", TicketStatus::InProgress),
    ("处理中", TicketStatus::InProgress),
    ("办理中", TicketStatus::InProgress),
    ("in progress", TicketStatus::InProgress),
    ("反馈", TicketStatus::Done),
    ("已反馈", TicketStatus::Done),
    ("已处置", TicketStatus::Done),
    ("核查", TicketStatus::Verified),
    ("已核查", TicketStatus::Verified),
    ("结案", TicketStatus::Closed),
    ("已结案", TicketStatus::Closed),
    ("办结", TicketStatus::Closed),
    ("已办结", TicketStatus::Closed),
    ("已完成", TicketStatus::Closed),
    ("评价", TicketStatus::Rated),
    ("已评价", TicketStatus::Rated),
    ("退回", TicketStatus::Returned),
    ("已退回", TicketStatus::Returned),
    ("返工", TicketStatus::Returned),
    ("缓办", TicketStatus::Suspended),
    ("挂起", TicketStatus::Suspended),
    ("延期", TicketStatus::Extended),
    ("已延期", TicketStatus::Extended),
    ("上报", TicketStatus::Escalated),
    ("已上报", TicketStatus::Escalated),
    ("作废", TicketStatus::Cancelled),
    ("已作废", TicketStatus::Cancelled),
    ("canceled", TicketStatus::Cancelled),
];

/// A word as words are compared: small letters, and those of full width as the others (`Ｃｌｏｓｅｄ` is `closed`).
pub fn folded(word: &str) -> String {
    ascii_numbers(word).trim().to_lowercase()
}

/// The stage that an unknown word speaks of; [`TicketStatus::Received`] when it speaks of none. A word that denies or
/// awaits something is never taken for the end of a ticket.
pub fn nearest_status(word: &str) -> TicketStatus {
    use TicketStatus as S;
    let word = folded(word);
    let says = |parts: &[&str]| parts.iter().any(|part| word.contains(part));
    // What is awaited has not happened: the stage before it.
    if says(&["待", "pending", "awaiting"]) {
        return match () {
            () if says(&["待派", "待分", "待转"]) => S::Filed,
            () if says(&["待处", "待办"]) => S::Dispatched,
            () if says(&["待反馈"]) => S::InProgress,
            () if says(&["待核查", "待复核", "待验"]) => S::Done,
            () if says(&["待结"]) => S::Verified,
            () => S::Received,
        };
    }
    if says(&["退回", "返工", "驳回", "重新", "重开", "reopen", "re-open", "return"]) {
        return S::Returned;
    }
    let stages: &[(&[&str], TicketStatus)] = &[
        (&["处置完", "处理完", "处理好", "已处理", "已解决", "已整改", "反馈", "resolv", "fixed"], S::Done),
        (&["作废", "撤销", "取消", "无效", "cancel", "void"], S::Cancelled),
        (&["结案", "办结", "完结", "归档", "销号", "销案", "关闭", "完成", "closed", "complet", "finish", "archiv"], S::Closed),
        (&["评价", "rated"], S::Rated),
        (&["核查", "验收", "verif"], S::Verified),
        (&["挂起", "暂缓", "缓办", "搁置", "on hold", "suspend", "defer"], S::Suspended),
        (&["延期", "extend"], S::Extended),
        (&["上报", "升级", "escalat"], S::Escalated),
        (&["转办", "派", "交办", "分流", "assign", "dispatch", "refer", "transfer"], S::Dispatched),
        (&["处置", "处理", "办理", "整改", "process", "progress", "working", "investigat"], S::InProgress),
        (&["立案", "登记", "filed"], S::Filed),
    ];
    if says(&["未", "不", "非", "尚", "not ", "non-", "incomplete", "unresolved"]) {
        return S::Received;
    }
    let over = |s: TicketStatus| s.is_final() || matches!(s, S::Done | S::Verified);
    let open = says(&["open"]);
    stages.iter().find(|(parts, stage)| says(parts) && !(open && over(*stage))).map_or(S::Received, |(_, stage)| *stage)
}

/// Words for a channel.
pub const CHANNEL: &[(&str, Channel)] = &[
    ("网格员", Channel::GridStaff),
    ("网格员上报", Channel::GridStaff),
    ("热线", Channel::Hotline),
    ("12345", Channel::Hotline),
    ("12345热线", Channel::Hotline),
    ("市民热线", Channel::Hotline),
    ("居民", Channel::Resident),
    ("群众", Channel::Resident),
    ("群众上报", Channel::Resident),
    ("居民上报", Channel::Resident),
    ("小程序", Channel::Resident),
    ("视频", Channel::Camera),
    ("视频监控", Channel::Camera),
    ("视频巡查", Channel::Camera),
    ("物联", Channel::Sensor),
    ("物联感知", Channel::Sensor),
    ("传感器", Channel::Sensor),
    ("上级交办", Channel::Superior),
    ("上级", Channel::Superior),
    ("领导交办", Channel::Superior),
    ("巡查", Channel::Patrol),
    ("巡查发现", Channel::Patrol),
    ("巡防", Channel::Patrol),
];

/// Words for a platform.
pub const PLATFORM: &[(&str, Platform)] = &[
    ("综治工作", Platform::PublicSecurity),
    ("综治", Platform::PublicSecurity),
    ("市场监管", Platform::MarketSupervision),
    ("综合执法", Platform::LawEnforcement),
    ("便民服务", Platform::CitizenServices),
    ("公共服务", Platform::CitizenServices),
];

/// Words for a role.
pub const ROLE: &[(&str, OwnerRole)] = &[
    ("网格长", OwnerRole::Leader),
    ("专职网格员", OwnerRole::FullTime),
    ("专职", OwnerRole::FullTime),
    ("网格员", OwnerRole::FullTime),
    ("兼职网格员", OwnerRole::PartTime),
    ("兼职", OwnerRole::PartTime),
    ("社区民警", OwnerRole::Police),
    ("民警", OwnerRole::Police),
    ("责任单位", OwnerRole::Unit),
    ("单位", OwnerRole::Unit),
];

/// Words for a kind of party.
pub const PARTY_KIND: &[(&str, PartyKind)] =
    &[("个人", PartyKind::Person), ("人员", PartyKind::Person), ("单位", PartyKind::Unit), ("部门", PartyKind::Unit)];

/// Words for the state of a camera.
pub const CAMERA_STATE: &[(&str, CameraState)] = &[
    ("在线", CameraState::Online),
    ("on", CameraState::Online),
    ("正常", CameraState::Online),
    ("离线", CameraState::Offline),
    ("off", CameraState::Offline),
    ("故障", CameraState::Offline),
    ("未知", CameraState::Unknown),
];

/// Words for the kind of a deadline.
pub const DEADLINE_KIND: &[(&str, DeadlineKind)] = &[
    ("自然时间", DeadlineKind::Calendar),
    ("自然日", DeadlineKind::Calendar),
    ("工作时间", DeadlineKind::Working),
    ("工作日", DeadlineKind::Working),
];

/// A severity from its number, or one of the statutory colours.
pub fn severity(word: &str) -> Option<Severity> {
    let value = match word {
        "red" | "红" | "红色" => 1,
        "orange" | "橙" | "橙色" => 2,
        "yellow" | "黄" | "黄色" => 3,
        "blue" | "蓝" | "蓝色" => 4,
        number => super::fields::number(number).filter(|v| v.fract() == 0.0 && (1.0..=4.0).contains(v))? as u8,
    };
    Severity::new(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_words_are_taken_for_the_nearest_stage() {
        use TicketStatus as S;
        for (word, expected) in [
            ("Duplicate (Closed)", S::Closed),
            ("Completed", S::Closed),
            ("Ｃｏｍｐｌｅｔｅｄ", S::Closed),
            ("已归档", S::Closed),
            ("已销号", S::Closed),
            ("处置完成", S::Done),
            ("Resolved", S::Done),
            ("Unresolved", S::Received),
            ("未办结", S::Received),
            ("未处理", S::Received),
            ("Open - in progress", S::InProgress),
            ("Not closed", S::Received),
            ("Reopened (was closed)", S::Returned),
            ("Pending", S::Received),
            ("Pending closure", S::Received),
            ("Open - Dup", S::Received),
            ("On Hold", S::Suspended),
            ("Assigned", S::Dispatched),
            ("转办", S::Dispatched),
            ("待派单", S::Filed),
            ("待核实", S::Received),
            ("待结案", S::Verified),
            ("In Process", S::InProgress),
            ("重复", S::Received),
            ("天知道", S::Received),
            ("", S::Received),
        ] {
            assert_eq!(nearest_status(word), expected, "{word}");
        }
    }
}
