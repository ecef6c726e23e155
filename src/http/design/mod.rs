//! `/v1/design/…`: what designers and admins ask for, one file per resource; and `/v1/session`, so that who signs in in vain is noted
//! too. Every refused attempt at a change, and every use of a key where it does not fit, is noted in the audit log here; what is done
//! is noted by the store, with the change.

mod answers;
mod assets;
mod audit;
mod drafts;
mod exports;
mod imports;
mod keys;
mod precondition;
mod refusals;
mod rehearsals;
mod releases;
mod uploads;
mod waypoints;
mod wire;

pub use imports::Jobs;
pub use refusals::Refusals;
pub use uploads::{TUS_HEADERS, announce, is_upload};

use super::session;
use super::state::Shell;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The endpoints for people with keys.
pub fn endpoints() -> OpenApiRouter<Arc<Shell>> {
    OpenApiRouter::new()
        .routes(routes!(session::get, session::open, session::close))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::rotate))
        .routes(routes!(keys::revoke))
        .routes(routes!(drafts::list))
        .routes(routes!(drafts::get, drafts::put, drafts::patch, drafts::drop))
        .routes(routes!(waypoints::list, waypoints::add))
        .routes(routes!(waypoints::get, waypoints::put, waypoints::patch, waypoints::remove))
        .routes(routes!(waypoints::order))
        .routes(routes!(releases::diff))
        .routes(routes!(releases::lint))
        .routes(routes!(rehearsals::create))
        .routes(routes!(releases::publish))
        .routes(routes!(releases::schedule, releases::unschedule))
        .routes(routes!(releases::unpublish))
        .routes(routes!(releases::restore))
        .routes(routes!(releases::revisions))
        .routes(routes!(imports::create))
        .routes(routes!(imports::get))
        .routes(routes!(exports::export))
        .routes(routes!(exports::template))
        .routes(routes!(assets::list, assets::create))
        .routes(routes!(assets::one, assets::remove))
        .routes(routes!(uploads::create))
        .routes(routes!(uploads::state, uploads::part, uploads::cancel))
        .routes(routes!(audit::list))
        .routes(routes!(audit::csv))
        // The front has taken the body in whole, each within its own bound.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn(refusals::note))
}
