//! `GET /backups/{id}/export`: a backup as `.sql.gz`. `GET /runs/{id}/file`: the file of a tenant's export.
//! `GET /audit/export`: the audit trail with its proofs.

use app::{access::security_api::confirm_path, audit::api::instant};
use axum::{
    Extension,
    body::Body,
    extract::{Path, Query},
    response::{IntoResponse, Response},
};
use domain::{BackupId, Fault, RunId};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio_util::io::ReaderStream;

use super::answer;
use crate::{
    audit::export::{self as trail, Range},
    backups::export::{self, Download},
    caller::Caller,
    tenancy,
};

const GZIP: &str = "application/gzip";
/// A line of JSON each.
pub const LINES: &str = "application/x-ndjson";

/// Streams a backup.
pub async fn export(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Some(refusal) = refused(&headers) {
        return refusal;
    }
    let Ok(id) = id.parse::<BackupId>() else { return answer::fault(&Fault::NotFound) };
    let begun = async { export::begin(&caller, caller.allow().await?, id).await };
    let begun = caller.answer("export a backup", begun.await);
    led_to_proof(&begun, &format!("/backups/{id}")).unwrap_or_else(|| stream(GZIP, begun))
}

/// Streams the file that a run has left.
pub async fn file(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Some(refusal) = refused(&headers) {
        return refusal;
    }
    let Ok(id) = id.parse::<RunId>() else { return answer::fault(&Fault::NotFound) };
    let begun = async { tenancy::file::begin(&caller, caller.allow().await?, id).await };
    let begun = caller.answer("take a file away", begun.await);
    led_to_proof(&begun, &format!("/runs/{id}")).unwrap_or_else(|| stream(GZIP, begun))
}

/// Which part of the trail: days, as the explorer's form sends them, or instants.
#[derive(Debug, Default, serde::Deserialize)]
pub struct AskedRange {
    /// From which day or instant on.
    pub from: Option<String>,
    /// Until when.
    pub until: Option<String>,
}

impl AskedRange {
    /// What was asked for. A part that cannot be read is refused: more than was asked for must not leave.
    pub fn read(&self) -> Result<Range, Fault> {
        let (from, until) = (self.from.as_deref(), self.until.as_deref());
        Ok(Range { from: instant("from", from, false)?, until: instant("until", until, true)? })
    }
}

/// Streams the audit trail.
pub async fn audit(
    Extension(caller): Extension<Caller>,
    Query(asked): Query<AskedRange>,
    headers: HeaderMap,
) -> Response {
    if let Some(refusal) = refused(&headers) {
        return refusal;
    }
    let begun = async { trail::download(&caller, caller.allow().await?, asked.read()?).await };
    stream(LINES, caller.answer("export the audit trail", begun.await))
}

/// Not for a link of another site: that would be somebody else's wish.
fn refused(headers: &HeaderMap) -> Option<Response> {
    let from = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let is_foreign = from.is_some_and(|site| site != b"same-origin" && site != b"none");
    is_foreign.then(|| {
        answer::plain(
            StatusCode::FORBIDDEN,
            "Refused: open the page in Holdfast and take the file from there.\n",
        )
    })
}

/// The way to the page that asks who one is, and from there back to `page`.
fn led_to_proof(begun: &Result<Download, Fault>, page: &str) -> Option<Response> {
    matches!(begun, Err(Fault::ProofNeeded)).then(|| answer::see_other(&confirm_path(page)))
}

/// Answers with a file that is still being written.
pub fn stream(kind: &'static str, begun: Result<Download, Fault>) -> Response {
    match begun {
        Ok(download) => {
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
                (header::CONTENT_DISPOSITION, attachment(&download.file_name)),
            ];
            (headers, Body::from_stream(ReaderStream::with_capacity(download.content, 1 << 16)))
                .into_response()
        }
        Err(fault) => answer::fault(&fault),
    }
}

/// `attachment` with the name twice: in plain ASCII for old clients, whole for the others (RFC 6266).
fn attachment(name: &str) -> HeaderValue {
    let is_safe = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let ascii: String = name.chars().map(|letter| if is_safe(letter) { letter } else { '_' }).collect();
    let encoded: String =
        name.bytes()
            .map(|byte| {
                if is_safe(char::from(byte)) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
            })
            .collect();
    HeaderValue::try_from(format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}"))
        .unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::attachment;

    #[test]
    fn no_name_leaves_its_quotes() {
        let header = attachment("a\"; x=\r\nb/../ü.sql.gz");
        assert_eq!(
            header.to_str().unwrap(),
            "attachment; filename=\"a___x___b_.._ü.sql.gz\"; filename*=UTF-8''a%22%3B%20x%3D%0D%0Ab%2F..%2F%C3%BC.sql.gz"
                .replace('ü', "_")
        );
    }
}
