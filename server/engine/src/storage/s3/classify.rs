//! What a store's refusal means: full, forbidden, misconfigured, or something that may pass.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use super::super::cause;
use crate::{Error, Kind};

/// A failed request.
pub(super) struct Failure {
    /// For the caller.
    pub(super) error: Error,
    /// HTTP status, if an answer came.
    pub(super) status: Option<u16>,
    /// The store's own code, if it sent one.
    pub(super) code: Option<String>,
    /// The store may have done it all the same: the answer was lost, or was a fault of the store's own.
    pub(super) unsure: bool,
}

impl Failure {
    /// The store does not know this request or one of its headers.
    pub(super) fn not_implemented(&self) -> bool {
        self.status == Some(501) || self.code.as_deref() == Some("NotImplemented")
    }
    /// The object, the version or the upload is not there. A missing bucket is something else.
    pub(super) fn not_found(&self) -> bool {
        self.status == Some(404) && self.code.as_deref() != Some("NoSuchBucket")
    }
}

/// Judges a failed request.
pub(super) fn failed<E>(attempt: String, error: SdkError<E>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    let code = error.as_service_error().and_then(|refusal| refusal.code()).map(str::to_owned);
    let said = error.as_service_error().and_then(|refusal| refusal.message()).map(str::to_owned);
    let unsure = match &error {
        SdkError::ServiceError(_) => status.is_some_and(|status| !(300..500).contains(&status)),
        SdkError::DispatchFailure(failure) => !failure.is_user(),
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => true,
        _ => false,
    };
    let judged = match &error {
        SdkError::ServiceError(_) => {
            refusal(attempt, status.unwrap_or_default(), code.as_deref(), said.as_deref())
        }
        SdkError::TimeoutError(_) => silent(attempt, "the store did not answer in time"),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            silent(attempt, "the store did not answer in time")
        }
        // A connection that ends before the answer is "other" to the SDK, and the commonest of all.
        SdkError::DispatchFailure(failure) if !failure.is_user() => {
            silent(attempt, "the store cannot be reached, or the connection broke")
        }
        SdkError::ResponseError(_) => {
            Error::new(Kind::Storage, attempt, "the store's answer was cut off or garbled").later().hint(
                "Something between here and the store (a proxy, a balancer) may be at fault if this stays.",
            )
        }
        _ => Error::new(Kind::Storage, attempt, "the request could not be made")
            .hint("Check the vault's settings: endpoint, region, bucket and credentials."),
    };
    // What callers act upon is the cause already, and stays it.
    let told = std::error::Error::source(&judged).is_some();
    Failure { error: if told { judged } else { judged.caused_by(error) }, status, code, unsure }
}

fn silent(attempt: String, message: &str) -> Error {
    Error::new(Kind::Storage, attempt, message)
        .later()
        .hint("Check `endpoint`, the network between here and there, and whether the store is running.")
}

fn refusal(attempt: String, status: u16, code: Option<&str>, said: Option<&str>) -> Error {
    let name = match (code, said) {
        (Some(code), Some(said)) => format!(" ({code}: {said})"),
        (Some(code), None) => format!(" ({code})"),
        _ => format!(" (HTTP {status})"),
    };
    let new = |kind, message: &str| Error::new(kind, attempt.clone(), format!("{message}{name}"));
    match (code.unwrap_or_default(), status) {
        (
            "QuotaExceeded"
            | "QuotaExceededException"
            | "XMinioStorageFull"
            | "XMinioAdminBucketQuotaExceeded"
            | "InsufficientStorage"
            | "InsufficientCapacity"
            | "StorageFull",
            _,
        )
        | (_, 507) => new(Kind::Space, "the store is full, or the bucket's quota is used up")
            .hint("Enlarge the quota or the store, or let old backups expire, then start again."),
        ("InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken" | "InvalidSecurity", _) => {
            new(Kind::Storage, "the store does not accept the access key or its secret")
                .hint("Enter both again; blanks and line breaks at the ends count.")
        }
        ("ExpiredToken" | "TokenRefreshRequired", _) => new(Kind::Storage, "the credentials have run out")
            .later()
            .hint("Credentials of a role renew themselves; others must be entered again."),
        ("RequestTimeTooSkewed", _) => new(Kind::Storage, "the clocks here and at the store differ too much")
            .hint("Set this machine's clock (NTP), then start again."),
        ("NoSuchBucket", _) => new(Kind::Storage, "there is no such bucket")
            .hint("Make the bucket, or correct `bucket`, `region` and `endpoint`. Holdfast makes no buckets."),
        ("PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException", _)
        | (_, 301 | 307) => new(Kind::Storage, "the bucket is in another region")
            .hint("Set `region` to the bucket's own region."),
        ("BadDigest" | "XAmzContentSHA256Mismatch" | "InvalidDigest" | "IncompleteBody", _) => {
            new(Kind::Storage, "the bytes changed or were cut on their way to the store").later()
        }
        ("InvalidObjectState", _) => new(Kind::Storage, "the object is in an archive tier and must be fetched first")
            .hint("Restore it to the bucket (RestoreObject), wait, then start again."),
        ("AccessDenied" | "AllAccessDisabled" | "AccountProblem" | "UnauthorizedAccess", _) | (_, 401 | 403) => {
            new(Kind::Storage, "the store forbids it").hint(
                "Allow this account s3:PutObject, s3:GetObject, s3:DeleteObject and s3:AbortMultipartUpload on the \
                 objects, and s3:ListBucket and s3:ListBucketMultipartUploads on the bucket.",
            )
        }
        ("PreconditionFailed", _) | (_, 412) => cause::exists(attempt),
        (_, 404) => cause::missing(attempt),
        (_, 416) => cause::beyond(attempt),
        ("ConditionalRequestConflict" | "OperationAborted", _) | (_, 409) => {
            new(Kind::Storage, "another request to the same key was under way").later()
        }
        (
            "SlowDown" | "Throttling" | "ThrottlingException" | "RequestLimitExceeded" | "RequestTimeout"
            | "TooManyRequests" | "InternalError" | "ServiceUnavailable",
            _,
        )
        | (_, 408 | 429) => new(Kind::Storage, "the store is busy or in trouble").later().hint(BUSY),
        (_, 501) => new(Kind::Storage, "the store does not know this request")
            .hint("It speaks only a part of S3. Run `holdfast doctor` to see which."),
        // An error inside an answer of 200 is the store's own trouble too.
        (_, 500.. | 200..=299) => new(Kind::Storage, "the store is busy or in trouble").later().hint(BUSY),
        _ => new(Kind::Storage, "the store refuses it"),
    }
}

const BUSY: &str = "It was tried several times. If it stays so, look at the store's own status.";

#[cfg(test)]
mod tests {
    use super::refusal;
    use crate::{Kind, Retry};

    #[test]
    fn a_refusal_says_whether_it_may_pass() {
        let judge = |status, code| {
            let error = refusal("put x".into(), status, code, None);
            (error.kind(), error.retry())
        };
        for (status, code) in [
            (500, None),
            (503, Some("SlowDown")),
            (429, None),
            (200, Some("InternalError")),
            (400, Some("RequestTimeout")),
            (409, Some("ConditionalRequestConflict")),
            (400, Some("BadDigest")),
        ] {
            assert_eq!(judge(status, code), (Kind::Storage, Retry::Later), "{status} {code:?}");
        }
        for (status, code) in [
            (403, Some("AccessDenied")),
            (403, None),
            (404, Some("NoSuchBucket")),
            (403, Some("InvalidAccessKeyId")),
            (403, Some("SignatureDoesNotMatch")),
            (301, None),
            (403, Some("RequestTimeTooSkewed")),
            (501, Some("NotImplemented")),
        ] {
            assert_eq!(judge(status, code), (Kind::Storage, Retry::Never), "{status} {code:?}");
        }
        for (status, code) in [
            (403, Some("QuotaExceeded")),
            (507, Some("XMinioStorageFull")),
            (507, None),
            (400, Some("InsufficientStorage")),
        ] {
            assert_eq!(judge(status, code), (Kind::Space, Retry::Never), "{status} {code:?}");
        }
    }
}
