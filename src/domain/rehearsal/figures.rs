//! Every figure the rehearsal rests on, with its source. Where the comment says "assumed", nobody has measured it for this
//! service; [`super::assumptions`] says so to the reader of a rehearsal too.

/// Circle round the truth that holds 95 % of the fixes of a good phone under open sky: 4.9 m (GPS.gov).
pub const OPEN_SKY_95_M: f64 = 4.9;
/// Mean error of phones in town is 7 to 13 m (Merry & Bettinger, PLOS ONE 2019); a courtyard takes the middle.
pub const TOWN_MEAN_M: f64 = 10.0;
/// By a river (one side open, trees and banks on the other) the error is so many times that under open sky. Assumed.
pub const RIVERSIDE_FACTOR: f64 = 2.0;

/// Radius that holds 95 % of a round Gaussian error, in sigmas of one axis: √(−2 ln 0.05).
pub const RADIUS_95_SIGMA: f64 = 2.447_746_830_680_816;
/// Radius that holds 68 % of it: √(−2 ln 0.32).
pub const RADIUS_68_SIGMA: f64 = 1.509_592_187_275_461;
/// Its mean distance: √(π/2).
pub const MEAN_SIGMA: f64 = 1.253_314_137_315_5;

/// Part of the error's variance that drifts slowly; the rest is new with every fix. Assumed.
pub const DRIFT_SHARE: f64 = 0.8;
/// The drift forgets itself (to 1/e) in this time. Assumed, from the usual 30 to 60 s.
pub const DRIFT_S: f64 = 45.0;
/// Part of a courtyard's variance that is reflection from walls: constant for one visit, unknown to the phone. Assumed.
pub const REFLECTION_SHARE: f64 = 0.25;
/// Who has to wait in a courtyard steps away from the walls, which takes so much off the error; towards the middle of the zone
/// nobody goes, because nobody sees where it is. Assumed.
pub const STEPPING_OUT_GAIN: f64 = 0.4;
/// … within this time. Assumed.
pub const STEPPING_OUT_S: f64 = 60.0;

/// Classes of phones: factor on the error, share of the walkers. The factors span the published 7 to 13 m round 10 m; the
/// shares are assumed.
pub const PHONES: [(f64, f64); 3] = [(0.7, 0.3), (1.0, 0.5), (1.3, 0.2)];
/// Share of the visits where the phone has just been taken out and begins with a coarse position. Assumed.
pub const COARSE_START_SHARE: f64 = 0.1;
/// Radius of 68 % of such a position: the largest stated accuracy that zones are checked against.
pub const COARSE_START_68_M: f64 = 40.0;
/// It fades (to 1/e) in this time. Assumed.
pub const COARSE_START_FADE_S: f64 = 15.0;
/// What the phone states is log-normal round the true 68 % radius with this sigma of the logarithm. Assumed.
pub const STATED_SPREAD: f64 = 0.3;
/// No phone states less. Assumed.
pub const STATED_MIN_M: f64 = 3.0;
/// No phone states more: a worse fix is not offered. Assumed.
pub const STATED_MAX_M: f64 = 100.0;

/// Walkers stop anywhere within this distance of a circle's middle, whatever its radius: nobody sees it. Assumed.
pub const STOP_WITHIN_M: f64 = 15.0;
/// The phone tries again with a new fix after this time. Assumed.
pub const FIX_EVERY_S: u32 = 5;
/// A walker gives up after this time. Assumed.
pub const PATIENCE_S: u32 = 120;

/// A class on foot. Assumed.
pub const WALK_M_S: f64 = 1.1;
/// Sigma of that speed from class to class. Assumed.
pub const WALK_SPREAD_M_S: f64 = 0.1;
/// Legs longer than this, as the crow flies, are driven. Assumed.
pub const WALK_LEG_MAX_M: f64 = 2_500.0;
/// Coach on country roads, 40 km/h. Assumed.
pub const RIDE_M_S: f64 = 40.0 / 3.6;
/// Getting on and off. Assumed.
pub const BOARDING_S: f64 = 300.0;
/// The way is longer than the straight line by this factor. Assumed.
pub const DETOUR: f64 = 1.3;

/// Share of walkers whose phone has no network on the way and uploads later. Assumed.
pub const LATE_SHARE: f64 = 0.1;
/// Half of the late uploads come within this time. Assumed.
pub const LATE_MEDIAN_H: f64 = 6.0;
/// Sigma of the logarithm of that time. Assumed.
pub const LATE_SPREAD: f64 = 1.5;
/// Share of requests that get lost and are sent again. Assumed.
pub const RESEND_SHARE: f64 = 0.03;
/// After this time. Assumed.
pub const RESEND_S: u32 = 5;
/// Most repeats of one request.
pub const RESENDS_MAX: u32 = 3;
/// Suggested radii are multiples of this.
pub const RADIUS_STEP_M: f64 = 5.0;
