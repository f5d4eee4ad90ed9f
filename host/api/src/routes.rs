//! The routes, one file per resource. Handlers translate and do nothing else.

mod archives;
mod artifacts;
mod audit;
mod calls;
mod compare;
mod documents;
mod events;
mod images;
mod inputs;
mod isolation;
mod links;
mod logs;
mod me;
mod metrics;
mod news;
mod pipelines;
mod plots;
mod plugins;
mod points;
mod probes;
mod provider;
mod run_lists;
mod runs;
mod session;
mod shipped;
mod sweeps;
mod system;
mod usage;
mod visibility;

use axum::middleware::from_fn_with_state;
use simulay_model::Role;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authorization::{Gatekeeper, needs, open_to_all};
use crate::state::Api;
use crate::{ApiSettings, accept, deadline};

type Routes = OpenApiRouter<Api>;

/// Every route with its documentation, each behind the role that it needs.
pub(crate) fn all(settings: &ApiSettings, keeper: &Gatekeeper) -> Routes {
    let groups = Groups { settings, keeper };
    let quick = from_fn_with_state(settings.request_timeout, deadline::bounded);
    OpenApiRouter::new()
        .merge(groups.quick().route_layer(quick))
        .merge(groups.waiting())
        .merge(groups.uploads())
        .merge(groups.streams())
}

/// Routes by how long they may take.
struct Groups<'a> {
    settings: &'a ApiSettings,
    keeper: &'a Gatekeeper,
}

impl Groups<'_> {
    /// Routes that answer with JSON. Whoever may not use them is told so before anything else.
    fn json(&self, role: Role, routes: Routes) -> Routes {
        needs(role, self.keeper, answering_with_json(routes))
    }

    fn quick(&self) -> Routes {
        let documents = OpenApiRouter::new()
            .routes(routes!(documents::openapi))
            .routes(routes!(documents::page))
            .routes(routes!(documents::script))
            .routes(routes!(documents::style));
        let probes = OpenApiRouter::new().routes(routes!(probes::health)).routes(routes!(probes::readiness));
        let author = OpenApiRouter::new()
            .routes(routes!(plugins::retire))
            .routes(routes!(shipped::list))
            .routes(routes!(pipelines::roll_back))
            .routes(routes!(visibility::set));
        let operator = OpenApiRouter::new().routes(routes!(isolation::set));
        let audit = OpenApiRouter::new().routes(routes!(audit::list));
        let probe = OpenApiRouter::new().routes(routes!(inputs::probe));
        let metrics = OpenApiRouter::new().routes(routes!(metrics::show));
        OpenApiRouter::new()
            .merge(self.json(Role::Viewer, looks()))
            .merge(self.json(Role::Runner, asks()))
            .merge(self.json(Role::Author, author))
            .merge(self.json(Role::Operator, operator))
            .merge(self.json(Role::Admin, audit))
            .merge(needs(Role::Runner, self.keeper, probe))
            .merge(needs(Role::Operator, self.keeper, metrics))
            .merge(open_to_all(answering_with_json(probes)))
            .merge(open_to_all(answering_with_json(session())))
            .merge(open_to_all(at_provider()))
            .merge(open_to_all(documents))
    }

    /// Bounded by how long the client would wait.
    fn waiting(&self) -> Routes {
        let waiting = from_fn_with_state(self.settings.request_timeout, deadline::waiting);
        let runner = OpenApiRouter::new().routes(routes!(runs::create)).routes(routes!(runs::create_as));
        let author = OpenApiRouter::new().routes(routes!(plugins::activate));
        let operator = OpenApiRouter::new().routes(routes!(plugins::approve));
        OpenApiRouter::new()
            .merge(self.json(Role::Runner, runner))
            .merge(self.json(Role::Author, author))
            .merge(self.json(Role::Operator, operator))
            .route_layer(waiting)
    }

    /// Bounded by the pace of their bodies.
    fn uploads(&self) -> Routes {
        let runner = OpenApiRouter::new().routes(routes!(inputs::upload)).routes(routes!(archives::upload));
        let author = OpenApiRouter::new().routes(routes!(plugins::upload)).routes(routes!(shipped::upload));
        self.json(Role::Runner, runner).merge(self.json(Role::Author, author))
    }

    /// Bounded by the pace of their readers.
    fn streams(&self) -> Routes {
        let events = from_fn_with_state("text/event-stream", accept::check);
        let text = from_fn_with_state("text/plain", accept::check);
        let viewer = OpenApiRouter::new()
            .merge(
                OpenApiRouter::new()
                    .routes(routes!(events::follow))
                    .routes(routes!(news::follow))
                    .route_layer(events),
            )
            .merge(OpenApiRouter::new().routes(routes!(logs::follow)).route_layer(text))
            .routes(routes!(plots::show))
            .routes(routes!(points::list))
            .routes(routes!(artifacts::download));
        needs(Role::Viewer, self.keeper, viewer)
    }
}

/// Looks at what there is.
fn looks() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(plugins::list))
        .routes(routes!(plugins::versions))
        .routes(routes!(plugins::show))
        .routes(routes!(pipelines::list))
        .routes(routes!(pipelines::show))
        .routes(routes!(run_lists::list))
        .routes(routes!(run_lists::counts))
        .routes(routes!(run_lists::estimate))
        .routes(routes!(runs::show))
        .routes(routes!(sweeps::list))
        .routes(routes!(sweeps::show))
        .routes(routes!(calls::list))
        .routes(routes!(calls::reuse))
        .routes(routes!(artifacts::list))
        .routes(routes!(plots::list))
        .routes(routes!(compare::show))
        .routes(routes!(images::list))
        .routes(routes!(system::show))
        .routes(routes!(me::show))
        .routes(routes!(usage::show))
}

/// Signing in and out.
fn session() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(session::ways))
        .routes(routes!(session::sign_in))
        .routes(routes!(session::sign_out))
}

fn at_provider() -> Routes {
    OpenApiRouter::new().routes(routes!(provider::depart)).routes(routes!(provider::arrive))
}

/// Asks for what a run needs, or for its end.
fn asks() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(pipelines::preview))
        .routes(routes!(runs::cancel))
        .routes(routes!(runs::describe))
        .routes(routes!(sweeps::preview))
        .routes(routes!(sweeps::create))
        .routes(routes!(sweeps::cancel))
        .routes(routes!(sweeps::retry))
        .routes(routes!(sweeps::extend))
        .routes(routes!(inputs::missing))
        .routes(routes!(links::create, links::list))
        .routes(routes!(links::revoke))
}

fn answering_with_json(routes: Routes) -> Routes {
    routes.route_layer(from_fn_with_state("application/json", accept::check))
}
