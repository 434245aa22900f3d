//! What becomes of a run when its job has ended: decided in one place, from what happened and why.

use catalog::Conflict;
use domain::{
    Timestamp,
    backups::{RunError, retry_delay_ms},
};
use engine::{Kind, Retry};

use super::{job::JobError, lease::Reason};

/// How a job ended.
#[derive(Debug)]
pub enum Ended {
    /// It has written its result itself.
    Done,
    /// It says why not.
    Failed(JobError),
    /// It broke down: a fault of ours.
    BrokeDown(String),
}

/// What is written about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: it is written already, or the run is not ours any more.
    Nothing,
    /// Stopped as asked.
    Cancelled,
    /// Given back untouched.
    Release,
    /// To be tried again at this instant.
    Retry(RunError, Timestamp),
    /// Given up.
    Fail(RunError),
}

/// Decides. `starts` counts this start; `jitter` is between 0 and 1.
pub fn judge(ended: Ended, reason: Reason, starts: i64, now: Timestamp, jitter: f64) -> Verdict {
    let failed = match ended {
        Ended::Done => return Verdict::Nothing,
        _ if reason == Reason::Lost => return Verdict::Nothing,
        Ended::Failed(error) => error,
        Ended::BrokeDown(_) if reason == Reason::Requested => return Verdict::Cancelled,
        Ended::BrokeDown(what) => {
            let error = RunError {
                kind: "internal".into(),
                message: format!("The program itself broke down: {what}"),
                hint: Some("Please report this as a fault of Holdfast.".into()),
                retry_may_help: true,
            };
            return Verdict::Retry(error, now.plus_ms(retry_delay_ms(starts, jitter)));
        }
    };
    let is_fenced = match &failed {
        JobError::Engine(error) => error.kind() == Kind::Fenced,
        JobError::Catalog(error) => matches!(error, catalog::Error::Conflict(Conflict::Stale)),
    };
    let is_stopped = matches!(&failed, JobError::Engine(error) if error.kind() == Kind::Cancelled);
    if is_fenced {
        Verdict::Nothing
    } else if reason == Reason::Requested {
        Verdict::Cancelled
    } else if reason == Reason::ShuttingDown && is_stopped {
        Verdict::Release
    } else {
        let error = describe(&failed);
        if error.retry_may_help || is_stopped {
            Verdict::Retry(error, now.plus_ms(retry_delay_ms(starts, jitter)))
        } else {
            Verdict::Fail(error)
        }
    }
}

/// A failure in words for the person who reads the run.
fn describe(error: &JobError) -> RunError {
    match error {
        JobError::Engine(error) => RunError {
            kind: error.kind().key().into(),
            message: sentence(error),
            hint: error.advice().map(str::to_owned),
            retry_may_help: error.retry() == Retry::Later,
        },
        JobError::Catalog(error) => RunError {
            kind: "catalog".into(),
            message: format!("Could not read or write what is known about this run: {error}"),
            hint: None,
            retry_may_help: error.retry_may_help(),
        },
    }
}

/// What could not be done, and why. The account is named once.
fn sentence(error: &engine::Error) -> String {
    let (attempt, mut why) = (error.attempt(), error.message().to_owned());
    if let Some(who) = attempt.strip_prefix("connect to ") {
        why = why.replace(&format!(" of {who}"), "").replace(who, "this account");
    }
    format!("Could not {attempt}: {why}")
}

#[cfg(test)]
mod tests {
    use engine::Error;

    use super::*;

    fn failed(error: Error) -> Ended {
        Ended::Failed(error.into())
    }
    fn judged(ended: Ended, reason: Reason) -> Verdict {
        judge(ended, reason, 2, Timestamp(1000), 0.0)
    }

    #[test]
    fn what_may_pass_is_tried_again_and_the_rest_is_given_up() {
        let error = Error::new(Kind::Source, "connect", "refused");
        assert!(matches!(judged(failed(error), Reason::None), Verdict::Fail(_)));
        let later = Error::new(Kind::Source, "connect", "refused").later();
        assert!(matches!(judged(failed(later), Reason::None), Verdict::Retry(_, Timestamp(26_000))));
        assert!(matches!(judged(Ended::BrokeDown("x".into()), Reason::None), Verdict::Retry(..)));
    }

    #[test]
    fn a_worker_that_lost_its_lease_writes_nothing() {
        for ended in [
            failed(Error::new(Kind::Storage, "a", "b")),
            failed(Error::cancelled("a")),
            Ended::BrokeDown(String::new()),
        ] {
            assert_eq!(judged(ended, Reason::Lost), Verdict::Nothing);
        }
        assert_eq!(judged(failed(Error::new(Kind::Fenced, "a", "b")), Reason::None), Verdict::Nothing);
        let stale = Ended::Failed(catalog::Error::Conflict(Conflict::Stale).into());
        assert_eq!(judged(stale, Reason::Requested), Verdict::Nothing);
    }

    #[test]
    fn a_failure_reads_as_a_sentence_that_names_the_account_once() {
        let error =
            Error::new(Kind::Source, "connect to u@db:3306", "the server refused the password of u@db:3306");
        assert_eq!(sentence(&error), "Could not connect to u@db:3306: the server refused the password");
        let error =
            Error::new(Kind::Source, "connect to u@db:3306", "the server does not let u@db:3306 connect");
        assert_eq!(
            sentence(&error),
            "Could not connect to u@db:3306: the server does not let this account connect"
        );
    }

    #[test]
    fn stopping_is_no_failure() {
        assert_eq!(judged(failed(Error::cancelled("a")), Reason::Requested), Verdict::Cancelled);
        assert_eq!(judged(failed(Error::cancelled("a")), Reason::ShuttingDown), Verdict::Release);
        // A real failure during shutdown stays one.
        assert!(matches!(
            judged(failed(Error::new(Kind::Integrity, "a", "b")), Reason::ShuttingDown),
            Verdict::Fail(_)
        ));
    }
}
