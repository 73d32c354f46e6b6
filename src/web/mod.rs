//! Pages: HTML for people, complete without JavaScript and live with it.
//!
//! A page is a struct with a template, filled by a short handler and returned. It holds domain
//! values; how they are written is the business of [`filters`] and of the templates. Reads go to
//! the store, whatever has a consequence is a function of `app`.

mod account;
mod agents;
mod announcements;
pub mod assets;
mod audit;
mod badge;
mod bot;
mod channel_route;
mod channel_secret;
mod channel_words;
mod channels;
pub mod chart;
mod claims;
mod csv;
mod delete;
#[cfg(debug_assertions)]
mod design;
mod error;
mod explore;
mod face;
pub mod filters;
mod first_channel;
mod form;
mod frame;
mod front;
mod headers;
mod heard;
mod incidents;
pub mod latency_chart;
mod live;
pub(crate) mod maintenance;
mod marked;
pub mod monitors;
mod ops;
mod origin;
mod past;
mod path;
mod public;
mod reports;
mod session;
mod settings;
mod sign_up;
pub mod spec_link;
mod status_pages;
mod subscribe;
mod subscribers;
mod system;
mod team;
pub(crate) mod try_out;
mod upload;
pub mod validity;
pub mod waterfall;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use tokio_util::sync::CancellationToken;
use tower_http::compression::CompressionLayer;

use crate::app::App;

pub use front::before;

/// What handlers share.
#[derive(Clone)]
pub(crate) struct Shared {
    /// The application.
    pub(crate) app: Arc<App>,
    /// The places for live viewers.
    pub(crate) viewers: live::Viewers,
    /// What was made of status pages for all who ask.
    pub(crate) faces: public::seen::Faces,
    /// Ends what would go on for ever.
    pub(crate) stop: CancellationToken,
}

/// Every page. `stop` ends the streams of open pages.
pub fn router(app: Arc<App>, stop: CancellationToken) -> Router {
    let pages = Router::new()
        .merge(monitor_pages())
        .merge(pages())
        .merge(telling_pages())
        .merge(directory_pages())
        .merge(team_pages())
        .merge(public_pages())
        .merge(for_operators());
    served(pages, app, stop)
}

/// What a node that serves no pages tells operators and their machines.
pub fn operations(app: Arc<App>, stop: CancellationToken) -> Router {
    served(for_operators(), app, stop)
}

fn served(routes: Router<Shared>, app: Arc<App>, stop: CancellationToken) -> Router {
    let shared = Shared {
        app,
        viewers: live::Viewers::new(),
        faces: public::seen::Faces::default(),
        stop,
    };
    routes
        .fallback(error::not_found)
        .layer(from_fn_with_state(shared.clone(), origin::check))
        .layer(CompressionLayer::new())
        .layer(from_fn(headers::add))
        .with_state(shared)
}

/// What is watched, for people who have logged in.
fn monitor_pages() -> Router<Shared> {
    Router::new()
        .route("/", get(monitors::list))
        .route("/live", get(live::stream))
        .route("/try", post(try_out::try_out))
        .route("/monitors", post(try_out::keep))
        .route("/monitors/new", get(try_out::new))
        .route(
            "/monitors/import",
            get(monitors::ask_import).post(monitors::read_import),
        )
        .route("/monitors/import/watch", post(monitors::watch_import))
        .route("/monitors/bulk", post(monitors::bulk))
        .route("/monitors/bulk/delete", post(monitors::delete_chosen))
        .route("/monitors/rows", get(monitors::rows))
        .route("/monitors/summary", get(monitors::summary))
        .route("/monitors/{id}", get(monitors::show))
        .route("/monitors/{id}/row", get(monitors::row))
        .route("/monitors/{id}/head", get(monitors::head))
        .route("/monitors/{id}/recent", get(monitors::recent))
        .route("/monitors/{id}/checks", get(monitors::checks))
        .route("/monitors/{id}/checks.csv", get(monitors::checks_csv))
        .route("/monitors/{id}/checks.json", get(monitors::checks_json))
        .route(
            "/monitors/{id}/edit",
            get(monitors::edit).post(monitors::change),
        )
        .route("/monitors/{id}/test", post(monitors::test_change))
        .route("/monitors/{id}/check", post(monitors::check))
        .route("/monitors/{id}/pause", post(monitors::pause))
        .route("/monitors/{id}/resume", post(monitors::resume))
        .route("/monitors/{id}/tools/accept", post(monitors::accept_tools))
        .route(
            "/monitors/{id}/delete",
            get(monitors::ask_delete).post(monitors::delete),
        )
}

/// Everything else for people who have logged in.
fn pages() -> Router<Shared> {
    Router::new()
        .route("/incidents", get(incidents::list))
        .route("/incidents/{id}", get(incidents::show))
        .route("/incidents/{id}/acknowledge", post(incidents::acknowledge))
        .route("/incidents/{id}/resolve", post(incidents::resolve))
        .route("/incidents/{id}/mute", post(incidents::mute))
        .route("/incidents/{id}/unmute", post(incidents::unmute))
        .route("/incidents/{id}/severity", post(incidents::rate))
        .route("/incidents/{id}/notes", post(incidents::note))
        .route("/incidents/{id}/postmortem", post(incidents::learn))
        .route("/channels", get(channels::list).post(channels::create))
        .route("/channels/new", get(channels::new))
        .route(
            "/channels/first",
            get(first_channel::ask).post(first_channel::tell),
        )
        .route("/channels/preview", post(channel_words::preview_new))
        .route("/channels/{id}", get(channels::show))
        .route("/channels/{id}/test", post(channels::test))
        .route("/channels/{id}/secret", post(channel_secret::renew))
        .route("/channels/{id}/preview", post(channel_words::preview_known))
        .route("/channels/{id}/enable", post(channels::enable))
        .route(
            "/channels/{id}/deliveries/{notification}/replay",
            post(channels::replay),
        )
        .route(
            "/channels/{id}/edit",
            get(channels::edit).post(channels::change),
        )
        .route(
            "/channels/{id}/delete",
            get(channels::ask_delete).post(channels::delete),
        )
        .route(
            "/maintenance",
            get(maintenance::list).post(maintenance::create),
        )
        .route("/maintenance/new", get(maintenance::new))
        .route(
            "/maintenance/{id}/edit",
            get(maintenance::edit).post(maintenance::change),
        )
        .route("/maintenance/{id}/end", post(maintenance::end))
        .route(
            "/maintenance/{id}/delete",
            get(maintenance::ask_delete).post(maintenance::delete),
        )
        .route(
            "/status-pages",
            get(status_pages::list).post(status_pages::create),
        )
        .route("/status-pages/new", get(status_pages::new))
        .route(
            "/status-pages/{id}/edit",
            get(status_pages::edit).post(status_pages::change),
        )
        .route("/status-pages/{id}/logo", post(status_pages::set_logo))
        .route(
            "/status-pages/{id}/delete",
            get(status_pages::ask_delete).post(status_pages::delete),
        )
        .route("/reports", get(reports::latest))
        .route("/reports/{month}", get(reports::show))
        .route("/settings", get(settings::show))
        .route("/settings/team", post(settings::rename))
        .route("/settings/password", post(settings::password))
        .route("/settings/tokens", post(settings::add_token))
        .route("/settings/tokens/{id}/revoke", post(settings::revoke_token))
        .route("/agents", get(agents::list).post(agents::create))
        .route(
            "/agents/{id}/delete",
            get(agents::ask_delete).post(agents::delete),
        )
        .route("/system", get(system::show))
        .route("/logout", post(account::log_out))
}

/// What the makers of a status page tell the public, and whom.
fn telling_pages() -> Router<Shared> {
    Router::new()
        .route("/status-pages/{id}/subscribers", get(subscribers::list))
        .route(
            "/status-pages/{id}/subscribers/{subscriber}/delete",
            get(subscribers::ask_delete).post(subscribers::delete),
        )
        .route(
            "/status-pages/{id}/announcements",
            get(announcements::list).post(announcements::create),
        )
        .route(
            "/status-pages/{id}/announcements/{announcement}/edit",
            get(announcements::edit).post(announcements::change),
        )
        .route(
            "/status-pages/{id}/announcements/{announcement}/end",
            post(announcements::end),
        )
        .route(
            "/status-pages/{id}/announcements/{announcement}/delete",
            get(announcements::ask_delete).post(announcements::delete),
        )
}

/// Who belongs to the team, and what they did.
fn team_pages() -> Router<Shared> {
    Router::new()
        .route("/team", get(team::show))
        .route("/team/invitations", post(team::invite))
        .route("/team/invitations/withdraw", post(team::withdraw))
        .route("/team/members/{id}/role", post(team::change_role))
        .route(
            "/team/members/{id}/delete",
            get(team::ask_remove).post(team::remove),
        )
        .route("/team/leave", get(team::ask_leave).post(team::leave))
        .route("/team/switch", post(team::switch))
        .route("/audit-log", get(audit::list))
}

/// The public directory, and claims of the hosts in it.
fn directory_pages() -> Router<Shared> {
    Router::new()
        .route("/explore", get(explore::list))
        .route("/explore/{id}", get(explore::show))
        .route("/explore/{id}/badge.svg", get(explore::badge))
        .route("/monitors/{id}/list", post(monitors::publish))
        .route("/monitors/{id}/unlist", post(monitors::withdraw))
        .route("/claims", get(claims::list).post(claims::create))
        .route("/claims/{id}", get(claims::show))
        .route("/claims/{id}/check", post(claims::check))
        .route("/claims/{id}/words", post(claims::say))
        .route("/claims/{id}/take-off", post(claims::take_off))
        .route("/claims/{id}/let-again", post(claims::let_again))
        .route(
            "/claims/{id}/delete",
            get(claims::ask_delete).post(claims::delete),
        )
}

/// What anybody may see.
fn public_pages() -> Router<Shared> {
    let router = Router::new();
    #[cfg(debug_assertions)]
    let router = router.route("/design", get(design::show));
    router
        .route("/login", get(account::ask).post(account::log_in))
        .route("/signup", get(sign_up::ask).post(sign_up::sign_up))
        .route(
            "/setup/{token}",
            get(account::ask_set_up).post(account::set_up),
        )
        .route(
            "/acknowledge/{id}",
            get(incidents::linked).post(incidents::acknowledge_linked),
        )
        .route("/bot", get(bot::show))
        .route("/static/{name}", get(assets::file))
        .route("/status/{slug}", get(public::page))
        .route("/status/{slug}/history", get(public::history))
        .route("/status/{slug}/feed.atom", get(public::feed))
        .route(
            "/status/{slug}/subscribe",
            get(subscribe::ask).post(subscribe::subscribe),
        )
        .route(
            "/subscribers/{id}",
            get(subscribe::show).post(subscribe::change),
        )
        .route(
            "/subscribers/{id}/confirm",
            get(subscribe::ask_confirm).post(subscribe::confirm),
        )
        .route(
            "/subscribers/{id}/unsubscribe",
            get(subscribe::ask_leave).post(subscribe::leave),
        )
        .route("/status/{slug}/calendar.ics", get(public::calendar))
        .route("/status/{slug}/theme.css", get(public::theme))
        .route("/status/{slug}/logo", get(public::logo))
        .route("/status/{slug}/og.png", get(public::picture))
        .route("/status/{slug}/widget.js", get(public::widget))
        .route("/status/{slug}/unlock", post(public::unlock))
        .route("/badge/{slug}", get(public::badge))
        .route("/badge/{slug}/{component}", get(public::component_badge))
        .route("/internal/domain", get(ops::domain))
}

/// Whether the process is alive, whether it can work, and what it does.
fn for_operators() -> Router<Shared> {
    Router::new()
        .route("/healthz", get(ops::healthz))
        .route("/readyz", get(ops::readyz))
        .route("/metrics", get(ops::metrics))
}
