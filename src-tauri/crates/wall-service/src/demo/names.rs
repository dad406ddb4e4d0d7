//! Invented names: streets, lanes, estates, people. Nothing here is taken from a real register.

use super::dice::Dice;
use super::layout::Theme;
use std::collections::{BTreeMap, BTreeSet};

const FIRST: [&str; 28] = [
    "芷", "杏", "枫", "桐", "柳", "荷", "菱", "苇", "竹", "梅", "桂", "槐", "棠", "莲", "鹤", "鸥", "雁", "燕", "砚", "墨", "书",
    "琴", "云", "霞", "晴", "锦", "绣", "玉",
];
const SECOND: [&str; 20] =
    ["溪", "塘", "浦", "桥", "井", "园", "门", "坊", "湾", "堤", "汀", "滩", "岭", "台", "亭", "楼", "庄", "渡", "泾", "圩"];
const ESTATE: [&str; 30] = [
    "锦澜",
    "望江",
    "春晖",
    "梧桐",
    "听雨",
    "和悦",
    "翠屏",
    "明月",
    "安澜",
    "朝阳里",
    "柳岸",
    "荷风",
    "兰庭",
    "映水",
    "枕河",
    "云栖里",
    "桂语",
    "竹韵",
    "晴川",
    "丽景",
    "金穗",
    "幸福里",
    "澄心",
    "海棠",
    "白鹭",
    "星汀",
    "文澜",
    "碧波",
    "南苑里",
    "临溪",
];
const SURNAMES: [&str; 40] = [
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭", "何", "林", "高", "罗", "郑",
    "梁", "谢", "宋", "唐", "许", "韩", "冯", "邓", "曹", "彭", "曾", "肖", "田", "董", "潘", "袁", "蔡", "蒋", "余",
];
const GIVEN: [&str; 44] = [
    "建国", "晓梅", "海燕", "志强", "丽华", "国平", "雪芳", "永明", "秀英", "文斌", "佳怡", "俊杰", "思远", "雨桐", "子涵",
    "春兰", "卫东", "红霞", "立新", "慧敏", "振华", "玉兰", "小军", "亚萍", "宏伟", "静", "磊", "敏", "涛", "娟", "鹏", "莉",
    "刚", "倩", "超", "燕", "勇", "艳", "杰", "芳", "明远", "若溪", "一帆", "书瑶",
];

/// Gives names and never the same one twice (lanes are numbered along their street).
#[derive(Clone, Debug)]
pub(super) struct Namer {
    streets: Vec<String>,
    estates: Vec<&'static str>,
    used: BTreeSet<String>,
    lanes: BTreeMap<String, u32>,
}

impl Namer {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed, 2);
        let mut streets: Vec<String> = FIRST.iter().flat_map(|a| SECOND.iter().map(move |b| format!("{a}{b}"))).collect();
        dice.shuffle(&mut streets);
        let mut estates = ESTATE.to_vec();
        dice.shuffle(&mut estates);
        Self { streets, estates, used: BTreeSet::new(), lanes: BTreeMap::new() }
    }

    /// A street: 芷溪街, 枫桥路.
    pub(super) fn street(&mut self, dice: &mut Dice) -> String {
        let stem = self.streets.pop().unwrap_or_else(|| "澄".to_owned());
        format!("{stem}{}", *dice.pick(&["街", "街", "路"]))
    }

    /// A lane: 文澜路36弄, or a name of its own with 巷.
    pub(super) fn lane(&mut self, near: Option<&str>, dice: &mut Dice) -> String {
        match near {
            Some(street) if dice.chance(0.72) && !street.ends_with('弄') && !street.ends_with('巷') => {
                let n = self.lanes.entry(street.to_owned()).or_insert(0);
                *n += 1 + dice.below(3) as u32;
                format!("{street}{}弄", *n * 12)
            }
            _ => format!("{}巷", self.streets.pop().unwrap_or_else(|| "澄".to_owned())),
        }
    }

    /// A residential estate.
    pub(super) fn estate(&mut self, theme: Theme, dice: &mut Dice) -> String {
        let endings: &[&str] = match theme {
            Theme::OldTown => &["里", "新村", "坊"],
            Theme::Slabs => &["新村", "小区", "家园"],
            _ => &["花园", "苑", "府", "名邸"],
        };
        for _ in 0..200 {
            let stem = self.estates[dice.below(self.estates.len())];
            let name = match stem.strip_suffix('里') {
                Some(_) => stem.to_owned(),
                None => format!("{stem}{}", *dice.pick(endings)),
            };
            if self.used.insert(name.clone()) {
                return name;
            }
        }
        let name = format!("澄湾{}村", self.used.len());
        self.used.insert(name.clone());
        name
    }
}

/// People's names, each once.
#[derive(Clone, Debug)]
pub(super) struct People(Vec<String>);

impl People {
    pub(super) fn new(seed: u64) -> Self {
        let mut all: Vec<String> = SURNAMES.iter().flat_map(|s| GIVEN.iter().map(move |g| format!("{s}{g}"))).collect();
        Dice::new(seed, 3).shuffle(&mut all);
        Self(all)
    }

    /// The next name.
    pub(super) fn next(&mut self) -> String {
        self.0.pop().unwrap_or_else(|| "王小明".to_owned())
    }
}
