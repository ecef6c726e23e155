//! A source of map tiles that an operator has chosen. Maps show the routes' own data alone unless there is one; where there is,
//! every map says whose it is, and by which approval it may be shown.

use serde::Serialize;
use utoipa::ToSchema;

/// What an address of tiles has to name.
const PLACES: [&str; 3] = ["{z}", "{x}", "{y}"];
/// Deeper than any source goes.
const ZOOM_MOST: u8 = 24;

/// Where map tiles come from: Web Mercator, 256 pixels, numbered from the north-west as most sources do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MapTiles {
    /// Addresses with `{z}`, `{x}` and `{y}`, the lowest layer first.
    pub layers: Vec<String>,
    /// Whose tiles they are and under which licence.
    pub credit: String,
    /// The approval number of the map (审图号).
    pub approval_number: Option<String>,
    /// The deepest level that there is.
    pub zoom_max: u8,
}

impl MapTiles {
    /// A source, or none when there is no address.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn new(layers: &str, credit: &str, approval_number: &str, zoom_max: u8) -> Result<Option<Self>, String> {
        let layers: Vec<String> = layers.split_whitespace().map(String::from).collect();
        let (credit, approval_number) = (credit.trim().to_string(), approval_number.trim());
        if layers.is_empty() {
            return Ok(None);
        }
        layers.iter().try_for_each(|layer| check(layer))?;
        if credit.is_empty() {
            return Err("map tiles need a line that says whose they are and under which licence".into());
        }
        if !(1..=ZOOM_MOST).contains(&zoom_max) {
            return Err(format!("the deepest level of map tiles is from 1 to {ZOOM_MOST}"));
        }
        let approval_number = (!approval_number.is_empty()).then(|| approval_number.to_string());
        Ok(Some(Self { layers, credit, approval_number, zoom_max }))
    }

    /// The origins that pages have to ask.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.layers.iter().filter_map(|layer| origin(layer))
    }
}

/// Scheme, host and port; none for an address on the service's own origin.
fn origin(layer: &str) -> Option<&str> {
    let host = layer.find("://")? + 3;
    Some(layer[host..].find('/').map_or(layer, |path| &layer[..host + path]))
}

fn check(layer: &str) -> Result<(), String> {
    let is_own = layer.starts_with('/') && !layer.starts_with("//");
    let host = layer.strip_prefix("https://").or_else(|| layer.strip_prefix("http://"));
    let host = host.and_then(|rest| rest.split_once('/')).map(|(host, _)| host);
    // What stands there becomes a word of the pages' policy.
    let is_host = |host: &str| {
        !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']'))
    };
    if !is_own && !host.is_some_and(is_host) {
        return Err(format!("\"{layer}\" is no address of tiles such as https://HOST/{{z}}/{{x}}/{{y}}.png"));
    }
    match PLACES.iter().find(|place| layer.matches(**place).count() != 1) {
        Some(place) => Err(format!("\"{layer}\" has to name {place} once")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(layers: &str) -> Result<Option<MapTiles>, String> {
        MapTiles::new(layers, "© 某某测绘院", "GS(2024)0000号", 18)
    }

    #[test]
    fn layers_are_separated_by_spaces_and_tell_their_origins() {
        let tiles =
            of(" https://t0.example:8443/a/{z}/{x}/{y}?k=1  /own/{z}/{y}/{x}.png ").expect("fine").expect("some");
        assert_eq!(tiles.layers.len(), 2);
        assert_eq!(tiles.origins().collect::<Vec<_>>(), ["https://t0.example:8443"]);
        assert_eq!(of("  "), Ok(None));
    }

    #[test]
    fn what_is_no_address_or_nobodys_is_refused() {
        for wrong in [
            "https://t.example/{z}/{x}.png",
            "https://t.example/{z}/{x}/{x}/{y}.png",
            "https://t.example{z}{x}{y}",
            "https://t.example;script-src/{z}/{x}/{y}",
            "https:///{z}/{x}/{y}",
            "//t.example/{z}/{x}/{y}",
            "ftp://t.example/{z}/{x}/{y}",
            "data:{z}{x}{y}",
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
        assert!(MapTiles::new("/{z}/{x}/{y}", " ", "", 18).is_err(), "without a licence");
        assert!(
            MapTiles::new("/{z}/{x}/{y}", "©", "", 0).is_err() && MapTiles::new("/{z}/{x}/{y}", "©", "", 25).is_err()
        );
    }
}
