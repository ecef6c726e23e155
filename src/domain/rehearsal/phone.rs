//! What a phone measures where it stands: a slowly drifting error, white noise, reflections, and an accuracy it states itself.
//! Chance comes from a numbered stream, so that one walker's luck at one stop depends on nothing else.

use super::Setting;
use super::figures::{
    COARSE_START_68_M, COARSE_START_FADE_S, COARSE_START_SHARE, DRIFT_S, DRIFT_SHARE, FIX_EVERY_S, MEAN_SIGMA,
    OPEN_SKY_95_M, RADIUS_68_SIGMA, RADIUS_95_SIGMA, REFLECTION_SHARE, RIVERSIDE_FACTOR, STATED_MAX_M, STATED_MIN_M,
    STATED_SPREAD, STEPPING_OUT_GAIN, STEPPING_OUT_S, TOWN_MEAN_M,
};
use rand::RngExt;
use rand_distr::StandardNormal;
use rand_pcg::Pcg64Dxsm;

/// The source of chance. Its numbers are the same on every machine.
pub type Chance = Pcg64Dxsm;

/// The stream of one walker at one stop. Neighbouring numbers give unrelated streams: state and increment are both mixed.
#[must_use]
pub fn stream(seed: u64, walker: u32, stop: u32) -> Chance {
    let number = (u64::from(walker) << 32) | u64::from(stop);
    let mut state = mixed(seed) ^ mixed(number.wrapping_add(0x5851_F42D_4C95_7F2D));
    let mut word = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        u128::from(mixed(state))
    };
    let (a, b, c, d) = (word(), word(), word(), word());
    Chance::new((a << 64) | b, (c << 64) | d)
}

/// The finaliser of `SplitMix64` (Steele, Lea, Flood 2014).
fn mixed(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// How a phone errs at a place; sigmas are of one axis.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    /// Slow drift.
    pub drift_sigma_m: f64,
    /// New with every fix.
    pub white_sigma_m: f64,
    /// Reflections: constant for one visit, and the phone does not know of them.
    pub reflection_sigma_m: f64,
    /// What stepping out takes off all three.
    pub stepping_out_gain: f64,
    /// How often a visit begins with a coarse position.
    pub coarse_share: f64,
    /// Spread of the stated accuracy.
    pub stated_spread: f64,
}

impl Noise {
    /// A phone whose error is `factor` times the ordinary one.
    #[must_use]
    pub fn of(setting: Setting, factor: f64) -> Self {
        let open_sky = OPEN_SKY_95_M / RADIUS_95_SIGMA;
        let (sigma, reflection_share, stepping_out_gain) = match setting {
            Setting::OpenSky => (open_sky, 0.0, 0.0),
            Setting::Riverside => (open_sky * RIVERSIDE_FACTOR, 0.0, 0.0),
            Setting::Courtyard => (TOWN_MEAN_M / MEAN_SIGMA, REFLECTION_SHARE, STEPPING_OUT_GAIN),
        };
        let part = |share: f64| sigma * factor * share.sqrt();
        Self {
            drift_sigma_m: part((1.0 - reflection_share) * DRIFT_SHARE),
            white_sigma_m: part((1.0 - reflection_share) * (1.0 - DRIFT_SHARE)),
            reflection_sigma_m: part(reflection_share),
            stepping_out_gain,
            coarse_share: COARSE_START_SHARE,
            stated_spread: STATED_SPREAD,
        }
    }
}

/// One fix: how far off the phone is, and what it says of that.
#[derive(Clone, Copy, Debug)]
pub struct Fix {
    /// East and north of the true place, metres.
    pub error_m: [f64; 2],
    /// Stated accuracy, metres.
    pub accuracy_m: f64,
}

/// The fixes of one visit, one every [`FIX_EVERY_S`].
#[derive(Debug)]
pub struct Phone {
    noise: Noise,
    chance: Chance,
    /// In sigmas of their kind.
    drift: [f64; 2],
    reflection: [f64; 2],
    coarse: [f64; 2],
    coarse_sigma_m: f64,
    elapsed_s: f64,
}

impl Phone {
    /// A phone at the start of a visit.
    #[must_use]
    pub fn start(noise: Noise, mut chance: Chance) -> Self {
        let (drift, reflection, coarse) = (pair(&mut chance), pair(&mut chance), pair(&mut chance));
        let is_coarse = chance.random::<f64>() < noise.coarse_share;
        let coarse_sigma_m = if is_coarse { COARSE_START_68_M / RADIUS_68_SIGMA } else { 0.0 };
        Self { noise, chance, drift, reflection, coarse, coarse_sigma_m, elapsed_s: 0.0 }
    }

    /// The next fix.
    pub fn fix(&mut self) -> Fix {
        let Noise { drift_sigma_m, white_sigma_m, reflection_sigma_m, stepping_out_gain, stated_spread, .. } =
            self.noise;
        let easing = 1.0 - stepping_out_gain * (self.elapsed_s / STEPPING_OUT_S).min(1.0);
        let white = pair(&mut self.chance);
        let axis = |i: usize| {
            easing
                * (drift_sigma_m * self.drift[i] + white_sigma_m * white[i] + reflection_sigma_m * self.reflection[i])
                + self.coarse_sigma_m * self.coarse[i]
        };
        let error_m = [axis(0), axis(1)];
        let known_sigma_m = (easing * drift_sigma_m.hypot(white_sigma_m)).hypot(self.coarse_sigma_m);
        let mistaken: f64 = self.chance.sample(StandardNormal);
        let stated_m = RADIUS_68_SIGMA * known_sigma_m * (stated_spread * mistaken).exp();
        let accuracy_m = stated_m.clamp(STATED_MIN_M, STATED_MAX_M);
        self.wait();
        Fix { error_m, accuracy_m }
    }

    /// First-order Gauss–Markov: part of the drift is kept, the rest drawn anew, so that its variance stays.
    fn wait(&mut self) {
        let step_s = f64::from(FIX_EVERY_S);
        let kept = (-step_s / DRIFT_S).exp();
        let new = pair(&mut self.chance);
        let fresh = (1.0 - kept * kept).sqrt();
        self.drift = [kept * self.drift[0] + fresh * new[0], kept * self.drift[1] + fresh * new[1]];
        self.coarse_sigma_m *= (-step_s / COARSE_START_FADE_S).exp();
        self.elapsed_s += step_s;
    }
}

/// Two independent standard normal numbers.
fn pair(chance: &mut Chance) -> [f64; 2] {
    [chance.sample(StandardNormal), chance.sample(StandardNormal)]
}
