//! What of a published study route is not its waypoints.

use super::route::Text;

/// One revision of a study route without its waypoints.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteHead {
    /// The store's number of the study route.
    pub key: i64,
    /// Kebab-case name in addresses.
    pub slug: String,
    /// Counts up from 1 with every publication of this route.
    pub revision: i64,
    /// When, milliseconds since 1970.
    pub published_ms: i64,
    /// Title.
    pub title: Text,
    /// What one learns on it.
    pub summary: Text,
    /// The drawn line, `[longitude, latitude]`.
    pub line: Vec<[f64; 2]>,
}
