//! The rules: what each is called, what it says to people, and how much weight it has. Their names are stable; a designer
//! acknowledges a warning by its rule's name.

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// How much weight a finding has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing is published before it is mended.
    Error,
    /// Mend it, or acknowledge it by name.
    Warning,
}

/// What a rule is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Weight {
    /// Wrong: blocks every publication.
    Wrong,
    /// Something promised to visitors is lacking: blocks a route file, may be acknowledged in a draft.
    Content,
    /// It works, but could be better.
    Advice,
}

macro_rules! rules {
    ($($rule:ident = $name:literal, $weight:ident, $title:literal;)+) => {
        /// What a finding is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "the title says it")]
        pub enum Rule { $($rule),+ }

        impl Rule {
            /// All rules, what is wrong first.
            pub const ALL: &[Rule] = &[$(Rule::$rule),+];

            /// The stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Rule::$rule => $name),+ }
            }

            /// The rule in one sentence.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Rule::$rule => $title),+ }
            }

            pub(super) const fn weight(self) -> Weight {
                match self { $(Rule::$rule => Weight::$weight),+ }
            }
        }
    };
}

rules! {
    Unreadable = "unreadable", Wrong, "The file can be read.";
    BadId = "bad-id", Wrong, "Names are lower-case letters, digits and single hyphens.";
    DuplicateId = "duplicate-id", Wrong, "Every name stands once.";
    NoWaypoint = "no-waypoint", Wrong, "A route has at least one waypoint.";
    NoTitle = "no-title", Wrong, "Routes and waypoints have a title.";
    WrongOrder = "wrong-order", Wrong, "Stops are numbered 1, 2, 3 … in the order of the file.";
    BadLine = "bad-line", Wrong, "A drawn line has at least two positions, all on the earth.";
    LegTooLong = "leg-too-long", Wrong, "Stops that follow each other lie at most 100 km apart.";
    BadZone = "bad-zone", Wrong, "A zone is a circle or a closed polygon.";
    ZoneBelowPrecision = "zone-below-precision", Wrong, "No zone is smaller than the doubt about its coordinate.";
    BadPrecision = "bad-precision", Wrong, "The precision of a coordinate is a number of metres above 0.";
    CoordinateWithoutSource = "coordinate-without-source", Wrong, "A coordinate says where it comes from.";
    NoDerivation = "no-derivation", Wrong, "A derived coordinate says how it was derived.";
    FactWithoutSource = "fact-without-source", Wrong, "A fact says where it comes from.";
    QuestionOptions = "question-options", Wrong, "A question has three or four options, each with its own id.";
    QuestionKey = "question-key", Wrong, "The key of a question is one of its options.";
    QuestionWithoutSource = "question-without-source", Wrong, "A question says where its answer comes from.";
    BadPose = "bad-pose", Wrong, "An exhibit stands somewhere and is turned by a unit quaternion.";
    BadScale = "bad-scale", Wrong, "The scale of an exhibit is above 0.";
    BadTrigger = "bad-trigger", Wrong, "The trigger distance of an exhibit is above 0 and at most 100 km.";
    ExhibitTooFar = "exhibit-too-far", Wrong, "An exhibit stands within 2 km of its waypoint.";
    MissingAsset = "missing-asset", Wrong, "The files of an exhibit are kept here.";

    NoLine = "no-line", Content, "A route has a drawn line.";
    MissingLanguage = "missing-language", Content, "Every text is written in Chinese and in English.";
    MissingText = "missing-text", Content, "No text is left empty.";
    NoSummary = "no-summary", Content, "Routes and waypoints have a summary.";
    NoCounty = "no-county", Content, "A waypoint names its county.";
    NoPeriod = "no-period", Content, "A waypoint says from when it is.";
    NoHeritage = "no-heritage", Content, "A waypoint says whether it is protected.";
    FewFacts = "few-facts", Content, "A waypoint tells at least three facts.";
    NoTheme = "no-theme", Content, "A waypoint has at least one theme.";
    MissingAlt = "missing-alt", Content, "An exhibit is described for who cannot see it.";
    MissingExplanation = "missing-explanation", Content, "A question explains its answer.";
    HoursWithoutSource = "hours-without-source", Content, "Opening hours say where they come from.";
    AltitudeWithoutSource = "altitude-without-source", Content, "An altitude says where it comes from.";

    ZonesOverlap = "zones-overlap", Advice, "A visitor stands in one zone at a time.";
    ZoneBelowPhoneError = "zone-below-phone-error", Advice, "A zone is wider than the ordinary error of a phone.";
    ToBeSurveyed = "to-be-surveyed", Advice, "Places are measured on the spot.";
    CoarseCoordinate = "coarse-coordinate", Advice, "A coordinate is written as finely as it claims to be known.";
    SamePosition = "same-position", Advice, "Two waypoints do not stand on the same spot.";
    LegNeedsVehicle = "leg-needs-vehicle", Advice, "Stops that follow each other can be walked.";
    LegLongRide = "leg-long-ride", Advice, "No ride between two stops is longer than 30 km.";
    Detour = "detour", Advice, "The visiting order makes no large detour.";
    ClosedAtPlannedHour = "closed-at-planned-hour", Advice, "A place is open at the planned hour.";
    SameKey = "same-key", Advice, "Right answers do not always have the same letter.";
    ExhibitOutOfReach = "exhibit-out-of-reach", Advice, "An exhibit appears to who stands in the zone.";
    ExhibitWithoutAsset = "exhibit-without-asset", Advice, "An exhibit that is no text has a file.";
    HeavyAsset = "heavy-asset", Advice, "Files are small enough for a phone on the road.";
    MissingVariant = "missing-variant", Advice, "A model has variants for slow networks, for lists and for iPhones.";
    AssetDiffers = "asset-differs", Advice, "What an asset says of its file is true.";
    AssetWithoutSource = "asset-without-source", Advice, "A file says who made it.";
    AssetWithoutLicence = "asset-without-licence", Advice, "A file says under which licence it is shown.";
    TextTooLong = "text-too-long", Advice, "Texts fit on a phone.";
    HiddenCharacters = "hidden-characters", Advice, "Texts hold no invisible characters.";
    MixedScript = "mixed-script", Advice, "No word mixes letters of two scripts that look alike.";
}

impl Rule {
    /// Whether it blocks every publication, or may be acknowledged.
    #[must_use]
    pub fn level(self) -> Level {
        if self.weight() == Weight::Wrong { Level::Error } else { Level::Warning }
    }

    /// Whether it is about what visitors were promised: texts in both languages, facts, sources.
    #[must_use]
    pub fn is_content(self) -> bool {
        self.weight() == Weight::Content
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
