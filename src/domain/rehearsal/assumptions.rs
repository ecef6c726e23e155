//! What a rehearsal rests on, said to its reader in both languages with the very figures that were used.

use super::figures::{
    BOARDING_S, COARSE_START_68_M, COARSE_START_SHARE, DETOUR, DRIFT_S, DRIFT_SHARE, FIX_EVERY_S, LATE_MEDIAN_H,
    LATE_SHARE, OPEN_SKY_95_M, PATIENCE_S, PHONES, REFLECTION_SHARE, RESEND_SHARE, RIDE_M_S, RIVERSIDE_FACTOR,
    STATED_MAX_M, STATED_MIN_M, STATED_SPREAD, STEPPING_OUT_GAIN, STOP_WITHIN_M, TOWN_MEAN_M, WALK_LEG_MAX_M, WALK_M_S,
};
use super::{COURTYARD_M, Setting, WaypointOutcome};
use crate::domain::check_in::{ACCURACY_CAP_M, AGE_MAX_MS};
use crate::domain::route::{StudyRoute, Text};

/// All of it, the weightiest first.
#[must_use]
pub fn assumptions(outcomes: &[WaypointOutcome], route: &StudyRoute) -> Vec<Text> {
    let mut all = vec![coordinates(route), rule()];
    all.extend(errors());
    all.push(settings(outcomes));
    all.extend(behaviour());
    all.extend(ways());
    all
}

fn text(zh_cn: String, en: String) -> Text {
    Text { zh_cn, en }
}

fn coordinates(route: &StudyRoute) -> Text {
    let unsurveyed = route.waypoints.iter().filter(|waypoint| waypoint.body.zone.to_be_surveyed()).count();
    let stops = route.waypoints.len();
    text(
        format!(
            "坐标按准确处理：人真的站在写明的位置附近。全线{stops}站中有{unsurveyed}站尚待实地测量；测量之前，不要把范围缩得比坐标精度还小。"
        ),
        format!(
            "Coordinates are taken as right: people really stand where the route says. {unsurveyed} of {stops} stops still \
             wait for a survey; until then no zone should be narrower than its coordinate is exact."
        ),
    )
}

fn rule() -> Text {
    let days = AGE_MAX_MS / 86_400_000;
    text(
        format!(
            "打卡由服务的真实规则判定：定位点在范围内为“在内”；只有误差圈（最多{ACCURACY_CAP_M}米）触及范围为“存疑”，同样计数；{days}天内补传有效。手机时钟按准确处理。"
        ),
        format!(
            "The service's own rule judges: a fix in the zone is inside; if only its accuracy circle ({ACCURACY_CAP_M} m at most) \
             reaches in it is uncertain, which counts too; uploads are taken for {days} days. Phones' clocks are right."
        ),
    )
}

fn errors() -> [Text; 3] {
    let percent = |share: f64| (share * 100.0).round();
    let [(good, good_share), (_, ordinary_share), (old, old_share)] = PHONES;
    let (good_share, ordinary_share, old_share) = (percent(good_share), percent(ordinary_share), percent(old_share));
    let (drift, reflection, gain) = (percent(DRIFT_SHARE), percent(REFLECTION_SHARE), percent(STEPPING_OUT_GAIN));
    let coarse = percent(COARSE_START_SHARE);
    [
        text(
            format!(
                "误差：开阔地95%在{OPEN_SKY_95_M}米内（GPS.gov）；庭院平均{TOWN_MEAN_M}米（城区手机平均7至13米，Merry与Bettinger，PLOS ONE 2019）；水边为开阔地的{RIVERSIDE_FACTOR}倍（假定）。"
            ),
            format!(
                "Errors: under open sky 95 % within {OPEN_SKY_95_M} m (GPS.gov); in courtyards {TOWN_MEAN_M} m on average (phones in \
                 town 7 to 13 m, Merry & Bettinger, PLOS ONE 2019); at the riverside {RIVERSIDE_FACTOR} times open sky (assumed)."
            ),
        ),
        text(
            format!(
                "误差方差的{drift}%缓慢漂移（相关时间{DRIFT_S}秒，一阶高斯—马尔可夫），其余为白噪声；庭院方差的{reflection}%来自墙面反射，走开后误差减小{gain}%。均为假定。"
            ),
            format!(
                "{drift} % of the variance drifts slowly (first-order Gauss–Markov, {DRIFT_S} s), the rest is white noise; \
                 {reflection} % of a courtyard's variance is reflection, and stepping out takes {gain} % off the error. Assumed."
            ),
        ),
        text(
            format!(
                "手机：好{good_share}%（误差×{good}）、普通{ordinary_share}%、旧{old_share}%（×{old}）；{coarse}%的到访以粗略位置（68%半径{COARSE_START_68_M}米）开始；所报精度围绕真实68%半径按对数正态波动（σ={STATED_SPREAD}，{STATED_MIN_M}至{STATED_MAX_M}米）。比例为假定。"
            ),
            format!(
                "Phones: {good_share} % good (error × {good}), {ordinary_share} % ordinary, {old_share} % old (× {old}); {coarse} % \
                 of visits begin with a coarse position (68 % within {COARSE_START_68_M} m); the stated accuracy is log-normal round \
                 the true 68 % radius (σ {STATED_SPREAD}, {STATED_MIN_M} to {STATED_MAX_M} m). Shares are assumed."
            ),
        ),
    ]
}

fn settings(outcomes: &[WaypointOutcome]) -> Text {
    let count = |setting| outcomes.iter().filter(|outcome| outcome.setting == setting).count();
    let [open, courtyard, riverside] = Setting::ALL.map(count);
    text(
        format!(
            "环境：主题含水利的算水边（{riverside}站），{COURTYARD_M}米内另有一站的算庭院（{courtyard}站），其余算开阔地（{open}站）；设计者可逐站指定。"
        ),
        format!(
            "Surroundings: a stop with the theme hydraulics is riverside ({riverside}), one with another within {COURTYARD_M} m is a \
             courtyard ({courtyard}), the rest is open sky ({open}); the designer can say otherwise stop by stop."
        ),
    )
}

fn behaviour() -> [Text; 2] {
    let (late, resent) = ((LATE_SHARE * 100.0).round(), (RESEND_SHARE * 100.0).round());
    [
        text(
            format!(
                "行为：在圆形范围中心{STOP_WITHIN_M}米内（多边形则在其内任意处）停下并打卡；未成功时每{FIX_EVERY_S}秒再试，庭院中往开阔处走几步，但不会特意走向范围中心；{PATIENCE_S}秒后放弃。均为假定。"
            ),
            format!(
                "Behaviour: people stop within {STOP_WITHIN_M} m of a circle's middle (in a polygon anywhere), tap, try again every \
                 {FIX_EVERY_S} s, in a courtyard after stepping away from the walls, and give up after {PATIENCE_S} s; nobody goes \
                 to the middle on purpose. Assumed."
            ),
        ),
        text(
            format!(
                "网络：{late}%的人途中无网络，稍后补传（中位{LATE_MEDIAN_H}小时），其手机按已下载的范围自行判断是否重试；{resent}%的请求丢失后重发。班级同时到达不会排队。均为假定。"
            ),
            format!(
                "Network: {late} % have none on the way and upload later (median {LATE_MEDIAN_H} h), their phones knowing the zones; \
                 {resent} % of requests are lost and sent again. A class that arrives together does not queue. Assumed."
            ),
        ),
    ]
}

fn ways() -> [Text; 1] {
    let (ride_km_h, leg_km, boarding_min) = ((RIDE_M_S * 3.6).round(), WALK_LEG_MAX_M / 1_000.0, BOARDING_S / 60.0);
    [text(
        format!(
            "路程：站间直线×{DETOUR}；步行每秒{WALK_M_S}米，超过{leg_km}公里乘车（每小时{ride_km_h}公里，上下车{boarding_min}分钟）；全班等最慢的人。不含参观时间。均为假定。"
        ),
        format!(
            "Ways: straight lines × {DETOUR}; on foot {WALK_M_S} m/s, legs over {leg_km} km by coach ({ride_km_h} km/h, {boarding_min} min \
             for boarding); a class waits for its slowest. Time to look at things is not included. Assumed."
        ),
    )]
}
