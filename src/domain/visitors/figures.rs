//! Every figure that a planned day rests on beside those of the rehearsal. Where nothing else stands, it is assumed: nobody has
//! measured it for this service.

/// Children of one class, who come by one bus and share an address: from, to.
pub const CLASS_SIZE: (u32, u32) = (30, 45);
/// Heads of a family.
pub const FAMILY_SIZE: (u32, u32) = (2, 4);
/// Share of the visitors who come with a class, from Monday to Friday.
pub const CLASS_SHARE_SCHOOL_DAY: f64 = 0.7;
/// The same on Saturday and Sunday.
pub const CLASS_SHARE_WEEKEND: f64 = 0.3;
/// Of the others, the share who come as a family.
pub const FAMILY_SHARE: f64 = 0.75;

/// The gates open, hours since midnight.
pub const OPENS_H: f64 = 8.0;
/// The gates close: whoever is still there leaves.
pub const CLOSES_H: f64 = 17.5;
/// Nobody arrives later.
pub const LAST_ARRIVAL_H: f64 = 15.5;
/// Classes arrive round this hour, with this sigma.
pub const CLASS_ARRIVES_H: (f64, f64) = (9.5, 0.75);
/// Others arrive round this hour, with this sigma.
pub const OTHERS_ARRIVE_H: (f64, f64) = (11.0, 2.0);
/// How long a class stays, hours, with this sigma.
pub const CLASS_STAYS_H: (f64, f64) = (3.5, 0.5);
/// How long others stay.
pub const OTHERS_STAY_H: (f64, f64) = (2.5, 0.75);
/// Nobody stays for less or for more, hours.
pub const STAY_RANGE_H: (f64, f64) = (0.75, 7.0);

/// A class listens at a stop for so many minutes, with this sigma.
pub const CLASS_PAUSE_MIN: (f64, f64) = (10.0, 3.0);
/// Others look at a stop for so many minutes.
pub const OTHERS_PAUSE_MIN: (f64, f64) = (6.0, 2.5);
/// No pause is shorter or longer, minutes.
pub const PAUSE_RANGE_MIN: (f64, f64) = (3.0, 30.0);
/// A class is told to check in and does so within this time.
pub const CLASS_TAPS_WITHIN_S: f64 = 60.0;
/// How often people ask how far they have come: after every so many check-ins, and at the end.
pub const PROGRESS_EVERY: usize = 4;
/// How often the page is opened anew on the way: at every so many stops.
pub const REOPEN_EVERY: usize = 5;

/// Stops between walls where a phone has no network while it is there.
pub const DEAF_SHARE: f64 = 0.3;
/// Phones with a bad network all day.
pub const WEAK_SHARE: f64 = 0.3;
/// Half of the one-way delays are shorter, milliseconds: good phones, weak phones.
pub const DELAY_MEDIAN_MS: (f64, f64) = (40.0, 250.0);
/// Sigma of the logarithm of the delay.
pub const DELAY_SPREAD: f64 = 0.6;
/// Share of exchanges that get lost on a good network; on a weak one it is the rehearsal's `RESEND_SHARE`.
pub const GOOD_LOSS_SHARE: f64 = 0.003;
/// Phones notice within this time that the network is back.
pub const RECONNECT_S: f64 = 60.0;
/// Phones without network on the way find one at home by this hour.
pub const HOME_BY_H: f64 = 21.0;
