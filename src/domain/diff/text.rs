//! A diff in words, as one would write it to a colleague.

use super::{Diff, FieldChange, LineChange, Stop, WaypointChange};
use crate::domain::route::{Lang, Text};
use serde_json::Value;

/// Longest piece of a value that is shown.
const SHOWN_CHARS: usize = 60;
/// Of what two long texts have in common before they differ, so much is shown.
const LEAD_CHARS: usize = 12;

impl Diff {
    /// The differences line by line: the route, its drawn line, then its waypoints. Field names stay as they are in files.
    #[must_use]
    pub fn to_text(&self, lang: Lang) -> String {
        let words = Words::of(lang);
        if self.is_empty() {
            return format!("{}\n", words.nothing);
        }
        let mut lines = Vec::new();
        if !self.fields.is_empty() {
            let fields: Vec<String> = self.fields.iter().map(|field| words.field(field)).collect();
            lines.push(format!("{}{}{}", words.route, words.colon, fields.join(words.semicolon)));
        }
        lines.extend(self.line.iter().map(|line| words.line(line)));
        lines.extend(self.added.iter().map(|stop| words.stop(words.added, stop)));
        lines.extend(self.removed.iter().map(|stop| words.stop(words.removed, stop)));
        lines.extend(self.changed.iter().map(|change| words.change(change)));
        lines.join("\n") + "\n"
    }
}

/// What the two languages say differently.
struct Words {
    lang: Lang,
    nothing: &'static str,
    route: &'static str,
    drawn: &'static str,
    added: &'static str,
    removed: &'static str,
    none: &'static str,
    colon: &'static str,
    semicolon: &'static str,
}

impl Words {
    fn of(lang: Lang) -> Self {
        match lang {
            Lang::ZhCn => Self {
                lang,
                nothing: "没有不同。",
                route: "路线",
                drawn: "画线",
                added: "新增",
                removed: "删除",
                none: "无",
                colon: "：",
                semicolon: "；",
            },
            Lang::En => Self {
                lang,
                nothing: "Nothing differs.",
                route: "Route",
                drawn: "Line",
                added: "Added",
                removed: "Removed",
                none: "none",
                colon: ": ",
                semicolon: "; ",
            },
        }
    }

    fn name(&self, title: &Text, id: &str) -> String {
        let other = Lang::ALL.into_iter().map(|lang| title.get(lang)).find(|title| !title.is_empty());
        match Some(title.get(self.lang)).filter(|title| !title.is_empty()).or(other) {
            Some(title) => format!("{} {id}", cut(title, 0)),
            None => id.into(),
        }
    }

    fn stop(&self, verb: &str, stop: &Stop) -> String {
        let name = self.name(&stop.title, &stop.id);
        let order = stop.order;
        match self.lang {
            Lang::ZhCn => format!("{verb}：{name}（第{order}站）"),
            Lang::En => format!("{verb}: {name} (stop {order})"),
        }
    }

    fn line(&self, line: &LineChange) -> String {
        let side = |positions: usize, length_m: f64| match self.lang {
            Lang::ZhCn => format!("{positions}个点、{}", self.metres(length_m)),
            Lang::En => format!("{positions} positions, {}", self.metres(length_m)),
        };
        let before = side(line.positions_before, line.length_before_m);
        let after = side(line.positions_after, line.length_after_m);
        format!("{}{}{before} → {after}", self.drawn, self.colon)
    }

    fn change(&self, change: &WaypointChange) -> String {
        let moved = change.moved_m.map(|metres| match self.lang {
            Lang::ZhCn => format!("移动了{}", self.metres(metres)),
            Lang::En => format!("moved {}", self.metres(metres)),
        });
        let order = change.order.map(|order| match self.lang {
            Lang::ZhCn => format!("第{}站 → 第{}站", order.from, order.to),
            Lang::En => format!("stop {} → stop {}", order.from, order.to),
        });
        let fields = change.fields.iter().map(|field| self.field(field));
        let parts: Vec<String> = moved.into_iter().chain(order).chain(fields).collect();
        format!("{}{}{}", self.name(&change.title, &change.id), self.colon, parts.join(self.semicolon))
    }

    fn metres(&self, metres: f64) -> String {
        let (m, km) = match self.lang {
            Lang::ZhCn => ("米", "千米"),
            Lang::En => (" m", " km"),
        };
        match metres {
            // A position that is other by a hair did move.
            metres if metres < 0.1 => match self.lang {
                Lang::ZhCn => "不到0.1米".into(),
                Lang::En => "less than 0.1 m".into(),
            },
            metres if metres < 1_000.0 => format!("{metres:.1}{m}"),
            metres => format!("{:.2}{km}", metres / 1_000.0),
        }
    }

    fn field(&self, field: &FieldChange) -> String {
        let (from, to) = (plain(&field.from), plain(&field.to));
        let alike = from.chars().zip(to.chars()).take_while(|(a, b)| a == b).count();
        let skip = if from.chars().count().max(to.chars().count()) > SHOWN_CHARS {
            alike.saturating_sub(LEAD_CHARS)
        } else {
            0
        };
        let show = |value: &Value, text: &str| match value {
            Value::Null => self.none.to_string(),
            Value::String(_) => format!("“{}”", cut(text, skip)),
            _ => cut(text, skip),
        };
        format!("{}{}{} → {}", field.path, self.colon, show(&field.from, &from), show(&field.to, &to))
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A piece of a text on one line, with an ellipsis where something was left out.
fn cut(text: &str, skip: usize) -> String {
    let mut rest = text.chars().skip(skip).map(|c| if c.is_control() { ' ' } else { c });
    let piece: String = rest.by_ref().take(SHOWN_CHARS).collect();
    let (before, behind) = (if skip > 0 { "…" } else { "" }, if rest.next().is_some() { "…" } else { "" });
    format!("{before}{piece}{behind}")
}
