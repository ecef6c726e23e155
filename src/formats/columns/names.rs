//! The names that designers give to columns and properties, Chinese and English, and the fields they mean. A name that could mean
//! two things is not guessed at: its column is left out and said to be.

use super::shape::{self, Path, Shape, Step};
use crate::domain::crs::Crs;
use crate::formats::angle::PairOrder;
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// Longest heading that is looked at, in bytes.
const HEADING_MAX_BYTES: usize = 256;
/// Most words round a name: `latitude (WGS84) (degrees) (required)` has three.
const AFFIXES_MAX: usize = 3;

/// What a column or property fills.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// The waypoint's id.
    Id,
    /// Latitude.
    Lat,
    /// Longitude.
    Lon,
    /// Both in one cell.
    Pair(PairOrder),
    /// Height above the ellipsoid.
    HeightM,
    /// The reference system of the row.
    Crs,
    /// A property of the waypoint.
    Body(Path, &'static Shape),
}

/// A field with what its heading says beside.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// What it fills.
    pub target: Target,
    /// The reference system that the heading names, as `lng_gcj02` does.
    pub crs: Option<Crs>,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Id => f.write_str("id"),
            Target::Lat => f.write_str("lat"),
            Target::Lon => f.write_str("lon"),
            Target::Pair(PairOrder::LonLat) => f.write_str("lon,lat"),
            Target::Pair(_) => f.write_str("lat,lon"),
            Target::HeightM => f.write_str("height_m"),
            Target::Crs => f.write_str("crs"),
            Target::Body(path, _) => path.fmt(f),
        }
    }
}

/// Everyday names of fields beside the properties, without case, spaces and punctuation.
static BESIDE: [(Target, &[&str]); 8] = [
    (Target::Id, &["id", "slug", "waypointid", "编号", "代码", "标识", "点位编号", "站点编号", "打卡点编号"]),
    (Target::Lat, &["lat", "latitude", "latdd", "y", "纬度", "北纬"]),
    (Target::Lon, &["lon", "lng", "long", "longitude", "londd", "x", "经度", "东经"]),
    (
        Target::Pair(PairOrder::Unsaid),
        &[
            "coordinates",
            "coordinate",
            "coords",
            "position",
            "location",
            "gps",
            "gpscoordinates",
            "坐标",
            "经纬度",
            "位置",
            "点位坐标",
        ],
    ),
    (
        Target::Pair(PairOrder::LatLon),
        &["latlon", "latlng", "latlong", "latitudelongitude", "纬度经度", "坐标latlon", "坐标纬度经度"],
    ),
    (
        Target::Pair(PairOrder::LonLat),
        &["lonlat", "lnglat", "longitudelatitude", "经度纬度", "坐标lonlat", "坐标lnglat", "坐标经度纬度"],
    ),
    (Target::HeightM, &["height", "ellipsoidalheight", "椭球高", "大地高"]),
    (Target::Crs, &["crs", "srs", "datum", "coordinatesystem", "coordsys", "坐标系", "坐标系统", "坐标类型", "参考系"]),
];

/// Everyday names of properties; the paths' own names are known without standing here.
const PROPERTIES: [(&str, &[&str]); 20] = [
    ("order", &["序号", "次序", "顺序", "order", "seq", "sequence", "no", "站序", "顺序号", "排序"]),
    (
        "title",
        &[
            "name",
            "title",
            "waypoint",
            "waypointname",
            "stop",
            "stopname",
            "placename",
            "名称",
            "名字",
            "名",
            "标题",
            "站名",
            "站点",
            "站点名称",
            "点位名称",
            "地点名称",
            "景点",
            "景点名称",
            "打卡点",
            "打卡点名称",
        ],
    ),
    (
        "summary",
        &[
            "简介",
            "介绍",
            "说明",
            "描述",
            "概述",
            "summary",
            "description",
            "desc",
            "intro",
            "introduction",
            "abstract",
        ],
    ),
    ("zone.radius_m", &["半径", "radius", "打卡半径", "范围半径", "zoneradius"]),
    ("zone.kind", &["范围类型", "区域类型"]),
    ("zone.coordinates", &["多边形", "polygon", "范围坐标"]),
    ("zone.to_be_surveyed", &["待测量", "待实测", "tobesurveyed"]),
    ("themes", &["主题", "themes", "theme", "tags", "标签"]),
    ("county", &["县区", "区县", "县", "county", "district", "所在县区", "行政区"]),
    ("period", &["年代", "时代", "period", "era"]),
    ("heritage.status", &["保护级别", "保护等级", "文保级别", "heritage", "heritagestatus", "protection"]),
    ("heritage.unesco_whc", &["世界遗产", "世界遗产编号", "unesco", "unescowhc", "whc", "worldheritage"]),
    ("altitude.metres", &["海拔", "海拔高度", "高程", "elevation", "ele", "altitude"]),
    ("altitude.source", &["海拔来源", "高程来源", "altitudesource", "elevationsource"]),
    ("coordinate.source", &["来源", "坐标来源", "数据来源", "source", "coordinatesource"]),
    ("coordinate.precision_m", &["精度", "坐标精度", "precision", "accuracy"]),
    ("coordinate.confidence", &["可信度", "confidence"]),
    ("coordinate.source_datum", &["原坐标系", "来源坐标系", "sourcedatum"]),
    ("opening_hours.text", &["开放时间", "营业时间", "openinghours", "hours"]),
    ("opening_hours.source", &["开放时间来源", "openinghourssource"]),
];

/// What may stand before or after a name.
#[derive(Clone, Copy, PartialEq)]
enum Affix {
    Language(&'static str),
    System(Crs),
    Metres,
    Degrees,
    Nothing,
}

/// Longer ones first, where one ends another.
const AFFIXES: [(Affix, &[&str]); 8] = [
    (
        Affix::Language("zh-CN"),
        &["simplifiedchinese", "简体中文", "chinese", "中文", "汉语", "zhcn", "zhhans", "zh", "cn", "中"],
    ),
    (Affix::Language("en"), &["english", "英文", "英语", "eng", "en", "英"]),
    (Affix::System(Crs::Wgs84), &["wgs1984", "wgs84", "epsg4326", "wgs", "gps"]),
    (
        Affix::System(Crs::Gcj02),
        &["火星坐标系", "gcj02", "gcj", "火星", "高德地图", "高德", "腾讯地图", "腾讯", "amap"],
    ),
    (Affix::System(Crs::Bd09), &["bd09ll", "bd09", "百度地图", "百度", "baidu"]),
    (Affix::Metres, &["inmetres", "inmeters", "metres", "meters", "metre", "meter", "米", "m"]),
    (Affix::Degrees, &["indegrees", "decimaldegrees", "degrees", "deg", "度", "°"]),
    (Affix::Nothing, &["必填", "选填", "可选", "required", "optional"]),
];

/// Names of reference systems in a cell.
const SYSTEMS: [(Crs, &[&str]); 3] = [
    (Crs::Wgs84, &["wgs84", "wgs1984", "wgs", "gps", "epsg4326", "4326", "世界大地坐标系", "地球坐标", "地球坐标系"]),
    (
        Crs::Gcj02,
        &[
            "gcj02",
            "gcj",
            "火星",
            "火星坐标",
            "火星坐标系",
            "国测局",
            "高德",
            "高德地图",
            "腾讯",
            "腾讯地图",
            "amap",
            "tencent",
        ],
    ),
    (Crs::Bd09, &["bd09", "bd09ll", "百度", "百度地图", "百度坐标", "百度坐标系", "baidu"]),
];

/// A name without what people vary: full-width forms, case, spaces, hyphens, brackets and other punctuation.
pub fn bare(written: &str) -> String {
    written.nfkc().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric() || *c == '°').collect()
}

/// The reference system that a cell names, in English or Chinese.
#[must_use]
pub fn crs_of(written: &str) -> Option<Crs> {
    let name = bare(written);
    SYSTEMS.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(crs, _)| *crs)
}

/// The field that a heading or a property's name means.
#[must_use]
pub fn field_of(heading: &str) -> Option<Field> {
    field_counted(heading, 1)
}

/// The same when `facts.1` is counted from `dot_base`.
pub fn field_counted(heading: &str, dot_base: usize) -> Option<Field> {
    if heading.len() > HEADING_MAX_BYTES {
        return None;
    }
    let heading: String = heading.nfkc().collect();
    let exact = |text: &str| {
        shape::path_of(text, dot_base).map(|(path, shape)| Field { target: Target::Body(path, shape), crs: None })
    };
    let parts = || heading.split(['/', ',', '、', '|', '\n']).filter(|part| !part.trim().is_empty());
    everyday(&bare(&heading), AFFIXES_MAX)
        .or_else(|| exact(&heading))
        // Our own headings end in the path.
        .or_else(|| parts().next_back().filter(|path| path.contains(['.', '['])).and_then(exact))
        .or_else(|| same_field(parts().map(|part| everyday(&bare(part), AFFIXES_MAX).or_else(|| exact(part)))))
}

/// `名称/name` means one field; `海拔/半径` does not.
fn same_field(mut fields: impl Iterator<Item = Option<Field>>) -> Option<Field> {
    let first = fields.next()??;
    fields.all(|field| field.as_ref() == Some(&first)).then_some(first)
}

fn everyday(name: &str, affixes_left: usize) -> Option<Field> {
    if let Some((target, _)) = BESIDE.iter().find(|(_, names)| names.contains(&name)) {
        return Some(Field { target: target.clone(), crs: None });
    }
    if let Some((path, _)) = PROPERTIES.iter().find(|(_, names)| names.contains(&name)) {
        let (path, shape) = shape::path_of(path, 0)?;
        return Some(Field { target: Target::Body(path, shape), crs: None });
    }
    if affixes_left == 0 {
        return None;
    }
    let affixes = AFFIXES.iter().flat_map(|(affix, names)| names.iter().map(move |text| (*affix, *text)));
    affixes
        .flat_map(|(affix, text)| {
            let rests = [name.strip_suffix(text), name.strip_prefix(text)];
            rests.into_iter().flatten().map(move |rest| (affix, rest))
        })
        .filter(|(_, rest)| !rest.is_empty())
        .find_map(|(affix, rest)| with_affix(everyday(rest, affixes_left - 1)?, affix))
}

/// The field narrowed by what stands beside its name; `None` where that makes no sense, as with the English of a radius.
fn with_affix(mut field: Field, affix: Affix) -> Option<Field> {
    let degrees = matches!(field.target, Target::Lat | Target::Lon | Target::Pair(_));
    match (affix, &mut field.target) {
        (Affix::Nothing, _) | (Affix::Metres, Target::HeightM | Target::Body(_, Shape::Metres)) => Some(field),
        (Affix::Degrees, _) if degrees => Some(field),
        (Affix::System(crs), _) if degrees && field.crs.is_none_or(|said| said == crs) => {
            field.crs = Some(crs);
            Some(field)
        }
        (Affix::Language(language), Target::Body(path, shape @ Shape::Bilingual)) => {
            path.0.push(Step::Member(language));
            *shape = &Shape::Text;
            Some(field)
        }
        _ => None,
    }
}
