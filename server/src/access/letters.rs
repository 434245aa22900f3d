//! Letters to a person about their own account.
//!
//! They go out beside the request, which does not wait for a mail server; one that is not delivered is logged. Where no
//! mail server is configured nobody is written to, and the same stands in the audit trail.

use std::sync::Arc;

use domain::UserId;

use crate::{
    alerts::channels::{Message, email},
    services::Services,
};

/// What a letter says.
#[derive(Debug, Clone)]
pub struct Letter {
    /// One line.
    pub subject: &'static str,
    /// What happened, and what to do if it was not oneself.
    pub text: String,
    /// The page to look at.
    pub path: &'static str,
}

/// Writes to a person.
pub fn send(services: &Arc<Services>, to: &str, user: UserId, letter: Letter) {
    if services.config.smtp.is_none() {
        tracing::warn!(user.id = %user, subject = letter.subject, "no mail server is configured: nobody is told");
        return;
    }
    let (services, to) = (Arc::clone(services), to.to_owned());
    let message = Message {
        id: services.clock.uuid().to_string(),
        kind: "account",
        subject: format!("Holdfast: {}", letter.subject),
        text: letter.text,
        url: Some(format!("{}{}", services.config.web.public_url.trim_end_matches('/'), letter.path)),
        at: services.clock.now(),
    };
    tokio::spawn(async move {
        let Some(server) = &services.config.smtp else { return };
        if let Err(error) = email::send(&message, &to, server).await {
            tracing::warn!(user.id = %user, %error, "a letter about an account was not delivered");
        }
    });
}
