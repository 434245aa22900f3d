//! Sources, as programs see them.

use app::sources::api::SourcesPort;
use axum::{Extension, extract::Path, response::Response};
use domain::access::Permission as P;
use http::HeaderMap;

use super::{
    Operation, Problem, Route, extract, reply,
    shapes::{Source, Sources},
};
use crate::caller::Caller;

pub(super) fn routes() -> Vec<Route> {
    const READ: &[P] = &[P::ReadSources];
    let listed = Operation::answering::<Sources>("listSources", "Every protected database", READ);
    let one = Operation::answering::<Source>("getSource", "One protected database", READ).marked();
    vec![Route::get("/api/v1/sources", listed, list), Route::get("/api/v1/sources/{id}", one, get)]
}

async fn list(Extension(caller): Extension<Caller>) -> Result<Response, Problem> {
    let rows = caller.list_sources().await?;
    reply::found(&Sources { rows: rows.into_iter().map(Source::from).collect() })
}

async fn get(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    reply::one(&headers, &Source::from(caller.get_source(extract::id(&id)?).await?.row))
}
