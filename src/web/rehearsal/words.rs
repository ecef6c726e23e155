//! The sentences of the report, in both languages. Counts stay counts: "38 of 40" is what a teacher can picture.

use super::{length, say};
use crate::domain::rehearsal::{Rehearsal, WaypointOutcome};
use crate::domain::route::{Lang, StudyRoute};

pub fn title(route: &StudyRoute, lang: Lang) -> String {
    let name = route.title.shown(lang);
    match lang {
        Lang::ZhCn => format!("{name}：打卡预演"),
        Lang::En => format!("{name}: rehearsal of the check-ins"),
    }
}

pub fn at_once(rehearsal: &Rehearsal, lang: Lang) -> String {
    let (at_once, all) = (rehearsal.totals.everywhere_at_once, rehearsal.walkers);
    match lang {
        Lang::ZhCn => format!("{all}名模拟学生中，{at_once}名在每一站都一次打卡成功。"),
        Lang::En => format!("{at_once} of {all} simulated pupils check in at once at every stop."),
    }
}

pub fn everywhere(rehearsal: &Rehearsal, lang: Lang) -> String {
    let (everywhere, all) = (rehearsal.totals.everywhere, rehearsal.walkers);
    let narrow = rehearsal.waypoints.iter().filter(|outcome| !outcome.fails_rarely()).count();
    let stops = rehearsal.waypoints.len();
    match (lang, narrow) {
        (Lang::ZhCn, 0) => format!("稍等片刻后，{everywhere}名在每一站都打卡成功；没有一站的未成功者达到1%。"),
        (Lang::En, 0) => {
            format!(
                "After a wait at most, {everywhere} of {all} get in everywhere; at no stop do 1 % or more stay out."
            )
        }
        (Lang::ZhCn, _) => {
            format!("稍等片刻后，{everywhere}名在每一站都打卡成功；{stops}站中有{narrow}站未成功者达到1%：")
        }
        (Lang::En, _) => format!(
            "After a wait at most, {everywhere} of {all} get in everywhere; at {narrow} of {stops} stops 1 % or more stay out:"
        ),
    }
}

/// What to do about a stop where too many fail.
pub fn advice(outcome: &WaypointOutcome, lang: Lang) -> String {
    let (name, failed, all) = (outcome.title.shown(lang), outcome.failed, outcome.walkers);
    let what = match lang {
        Lang::ZhCn => format!("在第{}站{name}，{all}名中有{failed}名打不上卡", outcome.order),
        Lang::En => format!("at stop {}, {name}, {failed} of {all} would not get in", outcome.order),
    };
    let how = match (lang, outcome.advised_radius_m()) {
        (Lang::ZhCn, Some(radius_m)) => format!("把范围加宽到{}。", length(radius_m, lang)),
        (Lang::En, Some(radius_m)) => format!("widen the zone to {}.", length(radius_m, lang)),
        (_, None) if outcome.too_old > 0 => {
            let zh_cn = "主要因为补传超过14天，加宽范围没有用；请提醒大家回家后及时联网。";
            say(lang, zh_cn, "uploads came after 14 days, so a wider zone does not help; ask for uploads on the evening of the trip.").into()
        }
        (_, None) => say(lang, "请把范围画得更宽。", "draw the zone wider.").into(),
    };
    match lang {
        Lang::ZhCn => format!("{what}：{how}"),
        Lang::En => format!("{what}: {how}"),
    }
}

pub fn left_out(stops: usize, lang: Lang) -> String {
    match lang {
        Lang::ZhCn => format!("另有{stops}站，见下表。"),
        Lang::En => format!("and {stops} more, in the table."),
    }
}

pub fn below_the_table(lang: Lang) -> &'static str {
    say(
        lang,
        "“够用”指未成功者不到1%的最小半径（5米一档），存疑的打卡也算成功，不留余量。Windows与Android的围栏指南分别建议至少50米和100米。",
        "\"Enough\" is the smallest radius, in steps of 5 m, at which fewer than 1 % stay out. It counts uncertain check-ins and leaves no \
         margin: the geofencing guides of Windows and Android advise at least 50 and 100 m.",
    )
}

/// What a survey would change.
pub fn survey(route: &StudyRoute, rehearsal: &Rehearsal, lang: Lang) -> Option<String> {
    let stops = route.waypoints.iter().zip(&rehearsal.waypoints);
    let vague: Vec<&WaypointOutcome> =
        stops.filter(|(waypoint, _)| waypoint.body.zone.to_be_surveyed()).map(|(_, outcome)| outcome).collect();
    let enough_m = vague.iter().filter_map(|outcome| outcome.radius_for_1_percent_m).fold(0.0, f64::max);
    let now_m = vague.iter().map(|outcome| outcome.radius_m).fold(0.0, f64::max);
    if vague.is_empty() || enough_m <= 0.0 {
        return None;
    }
    let (vague, stops, enough, now) =
        (vague.len(), rehearsal.waypoints.len(), length(enough_m, lang), length(now_m, lang));
    Some(match lang {
        Lang::ZhCn => format!(
            "{stops}站中有{vague}站尚待实地测量，范围的半径因此大到{now}。如果坐标准确、大家都在近旁停下，半径{enough}就够；先测量，再缩小。"
        ),
        Lang::En => format!(
            "{vague} of {stops} stops wait for a survey; for that reason their zones reach up to {now}. With exact coordinates, and \
             people stopping close by, a radius of {enough} would do. Survey first, then narrow."
        ),
    })
}

pub fn class_size(rehearsal: &Rehearsal, lang: Lang) -> String {
    match lang {
        Lang::ZhCn => format!("每班{}人", rehearsal.group_size),
        Lang::En => format!("classes of {}", rehearsal.group_size),
    }
}

pub fn duration(s: u32, lang: Lang) -> String {
    let minutes = s.saturating_add(30) / 60;
    let (hours, minutes) = (minutes / 60, minutes % 60);
    match (lang, hours) {
        (Lang::ZhCn, 0) => format!("{minutes}分"),
        (Lang::ZhCn, _) => format!("{hours}小时{minutes}分"),
        (Lang::En, 0) => format!("{minutes} min"),
        (Lang::En, _) => format!("{hours} h {minutes} min"),
    }
}

pub fn table_heads(lang: Lang) -> [&'static str; 10] {
    match lang {
        Lang::ZhCn => [
            "站点",
            "环境",
            "一次成功",
            "第二次定位",
            "更晚",
            "未成功（95%区间）",
            "其中存疑",
            "等待秒数 中位/90%/最长",
            "现半径",
            "坐标准确时够用",
        ],
        Lang::En => [
            "Stop",
            "Surroundings",
            "At once",
            "Second fix",
            "Later",
            "Not in (95 % range)",
            "Uncertain",
            "Wait, s: median / 90 % / longest",
            "Radius now",
            "Enough if exact",
        ],
    }
}

pub fn range(outcome: &WaypointOutcome) -> String {
    let percent = |share: f64| (share * 1_000.0).round() / 10.0;
    format!("{}–{} %", percent(outcome.failed_95.low), percent(outcome.failed_95.high))
}

pub fn wait(outcome: &WaypointOutcome) -> String {
    outcome.wait_s.map_or_else(|| "–".into(), |wait| format!("{} / {} / {}", wait.median, wait.p90, wait.max))
}

pub fn enough(outcome: &WaypointOutcome, lang: Lang) -> String {
    outcome.radius_for_1_percent_m.map_or_else(|| "–".into(), |radius_m| length(radius_m, lang))
}

pub fn seed(rehearsal: &Rehearsal, lang: Lang) -> String {
    let seed = rehearsal.seed;
    match lang {
        Lang::ZhCn => format!("种子{seed}。同一路线、同一计划、同一种子，得到同一份报告。这是模拟，不是实测。"),
        Lang::En => {
            format!(
                "Seed {seed}. The same route, plan and seed give the same report. This is a simulation, not a measurement."
            )
        }
    }
}
