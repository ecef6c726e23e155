//! The report of a rehearsal as one page: what a designer should do first in words, then a map, a table, and what it all rests
//! on. It stands alone (no script, nothing fetched, one style element) and prints. It computes nothing that the rehearsal has
//! not found.

mod layout;
mod map;
mod words;

use crate::domain::rehearsal::{Rehearsal, WaypointOutcome};
use crate::domain::route::{Lang, StudyRoute};
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The page's only style element, so that a `style-src` hash can name it.
pub const STYLE: &str = include_str!("../../web/rehearsal.css");

/// Most stops whose advice is written out; the table has them all.
const ADVICE_MAX: usize = 8;

/// How many fail at a stop, in four classes that differ in shape as well as in colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    None,
    Few,
    Some,
    Many,
}

impl Class {
    const ALL: [Class; 4] = [Self::None, Self::Few, Self::Some, Self::Many];

    fn of(outcome: &WaypointOutcome) -> Self {
        let failed = u64::from(outcome.failed) * 100;
        let walkers = u64::from(outcome.walkers);
        match failed {
            0 => Self::None,
            _ if failed < walkers => Self::Few,
            _ if failed < walkers * 5 => Self::Some,
            _ => Self::Many,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Few => "few",
            Self::Some => "some",
            Self::Many => "many",
        }
    }

    /// Round the origin, some 26 units wide.
    fn shape(self) -> Markup {
        html! {
            @match self {
                Self::None => { circle.shape r="12" {} }
                Self::Few => { rect.shape x="-11.5" y="-11.5" width="23" height="23" rx="3" {} }
                Self::Some => { path.shape d="M0-15.5L15.5 0L0 15.5L-15.5 0Z" {} }
                Self::Many => { path.shape d="M0-17L16.5 12H-16.5Z" {} }
            }
        }
    }

    fn icon(self) -> Markup {
        html! { svg.icon viewBox="-18 -18 36 36" data-class=(self.name()) aria-hidden="true" { (self.shape()) } }
    }

    fn meaning(self, lang: Lang) -> &'static str {
        match self {
            Self::None => say(lang, "全部打卡成功", "everybody gets in"),
            Self::Few => say(lang, "未成功不到1%", "fewer than 1 % do not get in"),
            Self::Some => say(lang, "未成功1%至5%", "1 to 5 % do not get in"),
            Self::Many => say(lang, "未成功5%及以上", "5 % or more do not get in"),
        }
    }
}

fn say<'a>(lang: Lang, zh_cn: &'a str, en: &'a str) -> &'a str {
    match lang {
        Lang::ZhCn => zh_cn,
        Lang::En => en,
    }
}

/// Metres, or kilometres where those are shorter to read.
fn length(metres: f64, lang: Lang) -> String {
    match metres {
        _ if metres < 1_000.0 => format!("{}{}", metres.round(), say(lang, "米", " m")),
        _ if metres < 100_000.0 => format!("{}{}", (metres / 100.0).round() / 10.0, say(lang, "公里", " km")),
        _ => format!("{}{}", (metres / 1_000.0).round(), say(lang, "公里", " km")),
    }
}

/// The report of a rehearsal of `route`, a whole HTML document.
#[must_use]
pub fn page(route: &StudyRoute, rehearsal: &Rehearsal, lang: Lang) -> String {
    let title = words::title(route, lang);
    let page = html! {
        (DOCTYPE)
        html lang=(lang.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                (headline(route, rehearsal, lang))
                (totals(rehearsal, lang))
                h2 { (say(lang, "地图", "Map")) }
                ul.legend { @for class in Class::ALL { li { (class.icon()) (class.meaning(lang)) } } }
                (map::map(route, rehearsal, lang))
                p.small { (say(lang, "圆圈是打卡范围，按比例；虚线的尚待实地测量。", "Circles are zones, to scale; those with broken lines wait for a survey.")) }
                h2 { (say(lang, "逐站结果", "Stop by stop")) }
                (table(rehearsal, lang))
                p.small { (words::below_the_table(lang)) }
                h2 { (say(lang, "这些数字的依据", "What this rests on")) }
                ol { @for assumption in &rehearsal.assumptions { li { (assumption.shown(lang)) } } }
                footer { (words::seed(rehearsal, lang)) }
            }
        }
    };
    page.into_string()
}

fn headline(route: &StudyRoute, rehearsal: &Rehearsal, lang: Lang) -> Markup {
    let mut failing: Vec<_> = rehearsal.waypoints.iter().filter(|outcome| !outcome.fails_rarely()).collect();
    failing.sort_by_key(|outcome| std::cmp::Reverse(outcome.failed));
    let left_out = failing.len().saturating_sub(ADVICE_MAX);
    html! {
        p.lead { (words::at_once(rehearsal, lang)) }
        p { (words::everywhere(rehearsal, lang)) }
        @if !failing.is_empty() {
            ul {
                @for outcome in failing.iter().take(ADVICE_MAX) { li { (words::advice(outcome, lang)) } }
                @if left_out > 0 { li { (words::left_out(left_out, lang)) } }
            }
        }
        @if let Some(survey) = words::survey(route, rehearsal, lang) { p { (survey) } }
    }
}

fn totals(rehearsal: &Rehearsal, lang: Lang) -> Markup {
    let totals = &rehearsal.totals;
    let times = totals.under_way_s;
    html! {
        dl {
            div { dt { (say(lang, "模拟人数", "Simulated pupils")) } dd { (rehearsal.walkers) " · " (words::class_size(rehearsal, lang)) } }
            div { dt { (say(lang, "站数", "Stops")) } dd { (rehearsal.waypoints.len()) } }
            div { dt { (say(lang, "路程（其中乘车）", "Way (of that by coach)")) } dd { (length(totals.way_m, lang)) " (" (length(totals.driven_m, lang)) ")" } }
            div { dt { (say(lang, "路上用时：中位 / 90%", "Under way: median / 90 %")) } dd { (words::duration(times.median, lang)) " / " (words::duration(times.p90, lang)) } }
            div { dt { (say(lang, "稍后补传", "Uploaded later")) } dd { (totals.uploaded_later) } }
        }
    }
}

fn table(rehearsal: &Rehearsal, lang: Lang) -> Markup {
    let heads = words::table_heads(lang);
    html! {
        table {
            thead { tr { @for (i, head) in heads.iter().enumerate() { th.text[i < 2] scope="col" { (head) } } } }
            tbody { @for outcome in &rehearsal.waypoints { (row(outcome, heads, lang)) } }
        }
    }
}

fn row(outcome: &WaypointOutcome, heads: [&str; 10], lang: Lang) -> Markup {
    let [_, surroundings, at_once, second, later, failed, uncertain, wait, now, enough] = heads;
    let class = Class::of(outcome);
    html! {
        tr {
            td.text { (class.icon()) " " (outcome.order) " " (outcome.title.shown(lang)) }
            td.text data-label=(surroundings) { (outcome.setting.name().shown(lang)) }
            td data-label=(at_once) { (outcome.at_once) }
            td data-label=(second) { (outcome.after_second_fix) }
            td data-label=(later) { (outcome.later) }
            td.wide.bad[!outcome.fails_rarely()] data-label=(failed) { span { (outcome.failed) small { (words::range(outcome)) } } }
            td data-label=(uncertain) { (outcome.uncertain) }
            td.wide data-label=(wait) { (words::wait(outcome)) }
            td data-label=(now) { (length(outcome.radius_m, lang)) }
            td data-label=(enough) { (words::enough(outcome, lang)) }
        }
    }
}
