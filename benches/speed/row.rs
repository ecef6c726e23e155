//! One row of the table: a figure, what it stands against, its goal, and whether that is met.

use crate::figures::{Figures, Spread};
use serde_json::{Value, json};

/// What a figure should be.
#[derive(Clone, Copy)]
pub enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

/// One row.
pub struct Row {
    /// Names it in the baseline and in the notes: short, without blanks.
    pub key: String,
    /// What is done.
    pub work: String,
    /// What stands beside it.
    pub against: String,
    pub unit: &'static str,
    pub goal: Option<Goal>,
    /// The median of the pairs, and their spread; none where nothing was measured.
    pub spread: Option<Spread>,
    pub pairs: usize,
    /// What else was seen, or why nothing was.
    pub more: String,
    /// What the figure came from, for programs that read the table.
    pub parts: Figures,
}

impl Row {
    /// A measured row; `values` are one per pair.
    pub fn new(key: impl Into<String>, work: impl Into<String>, against: impl Into<String>, values: Vec<f64>) -> Self {
        let pairs = values.len();
        Self {
            key: key.into(),
            work: work.into(),
            against: against.into(),
            unit: "×",
            goal: None,
            spread: Some(Spread::of(values)),
            pairs,
            more: String::new(),
            parts: Figures::new(),
        }
    }

    /// A row that could not be measured here.
    pub fn missing(key: impl Into<String>, work: impl Into<String>, why: impl Into<String>) -> Self {
        let (key, work, more) = (key.into(), work.into(), why.into());
        let (against, parts) = (String::new(), Figures::new());
        Self { key, work, against, unit: "×", goal: None, spread: None, pairs: 0, more, parts }
    }

    pub fn at_least(mut self, least: f64) -> Self {
        self.goal = Some(Goal::AtLeast(least));
        self
    }

    pub fn at_most(mut self, most: f64) -> Self {
        self.goal = Some(Goal::AtMost(most));
        self
    }

    pub fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    pub fn more(mut self, more: impl Into<String>) -> Self {
        self.more = more.into();
        self
    }

    pub fn part(mut self, name: &str, value: f64) -> Self {
        self.parts.insert(name.into(), value);
        self
    }

    /// The figure, with its spread where there were several.
    pub fn figure(&self) -> String {
        let Some(Spread { least, median, largest }) = self.spread else { return "not measured".into() };
        let unit = self.unit;
        if self.pairs < 2 {
            return format!("{} {unit}", short(median));
        }
        format!("{} {unit} ({}–{}, {})", short(median), short(least), short(largest), self.pairs)
    }

    /// What it should be.
    pub fn goal(&self) -> String {
        match self.goal {
            Some(Goal::AtLeast(least)) => format!("≥ {} {}", short(least), self.unit),
            Some(Goal::AtMost(most)) => format!("≤ {} {}", short(most), self.unit),
            None => String::new(),
        }
    }

    /// Whether the goal is met, where there is one and something was measured.
    pub fn is_met(&self) -> Option<bool> {
        let median = self.spread.as_ref()?.median;
        match self.goal? {
            Goal::AtLeast(least) => Some(median >= least),
            Goal::AtMost(most) => Some(median <= most),
        }
    }

    /// Yes, or by how much not.
    pub fn verdict(&self) -> String {
        let missed = |median: f64, goal: f64| format!("no, by {:.0} %", ((median - goal) / goal * 100.0).abs());
        match (self.is_met(), &self.spread, self.goal) {
            (Some(true), ..) => "yes".into(),
            (Some(false), Some(spread), Some(Goal::AtLeast(goal) | Goal::AtMost(goal))) => missed(spread.median, goal),
            (_, None, Some(_)) => "not measured".into(),
            _ => String::new(),
        }
    }

    pub fn json(&self) -> Value {
        let goal = match self.goal {
            Some(Goal::AtLeast(least)) => json!({"at_least": least}),
            Some(Goal::AtMost(most)) => json!({"at_most": most}),
            None => Value::Null,
        };
        let spread = self.spread.as_ref().map(|s| json!({"median": s.median, "least": s.least, "largest": s.largest}));
        json!({
            "key": self.key, "work": self.work, "against": self.against, "unit": self.unit, "figure": spread,
            "pairs": self.pairs, "goal": goal, "met": self.is_met(), "more": self.more,
            "parts": self.parts,
        })
    }
}

/// Three digits, which is all that such a figure is worth.
pub fn short(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
