//! A notice as a letter, through the operator's own mail server.

use std::time::Duration;

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message as Letter, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};
use secrecy::ExposeSecret;

use super::{Message, Undelivered};
use crate::config::{Smtp, SmtpTls};

const WITHIN: Duration = Duration::from_secs(20);

fn transport(server: &Smtp) -> Result<AsyncSmtpTransport<Tokio1Executor>, Undelivered> {
    let parameters = || {
        TlsParameters::new(server.host.clone())
            .map_err(|error| Undelivered::never(format!("TLS cannot be used with {}: {error}", server.host)))
    };
    let local = matches!(server.host.as_str(), "localhost" | "127.0.0.1" | "::1");
    let tls = match server.tls {
        SmtpTls::Implicit => Tls::Wrapper(parameters()?),
        SmtpTls::Starttls => Tls::Required(parameters()?),
        SmtpTls::Off if local => Tls::None,
        SmtpTls::Off => {
            return Err(Undelivered::never(
                "mail without encryption is possible to a server on this machine only",
            ));
        }
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
        .port(server.port)
        .tls(tls)
        .timeout(Some(WITHIN));
    if let (Some(user), Some(password)) = (&server.user, &server.password) {
        builder = builder.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned()));
    }
    Ok(builder.build())
}

/// Whether the mail server answers and lets us in.
pub async fn check(server: &Smtp) -> Result<(), Undelivered> {
    match transport(server)?.test_connection().await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Undelivered::later(format!("{} does not take mail at the moment", server.host))),
        Err(error) => Err(explain(server, &error)),
    }
}

/// Sends `message` to `to`.
pub async fn send(message: &Message, to: &str, server: &Smtp) -> Result<(), Undelivered> {
    let mailbox = |text: &str, what: &str| {
        text.parse::<Mailbox>()
            .map_err(|_| Undelivered::never(format!("the address of the {what} is not an e-mail address")))
    };
    let letter = Letter::builder()
        .from(mailbox(&server.from, "sender ([smtp] from)")?)
        .to(mailbox(to, "receiver")?)
        // The same for every attempt, so that a repetition is recognised.
        .message_id(Some(format!("<{}@holdfast>", message.id)))
        .subject(one_line(&message.subject))
        .header(ContentType::TEXT_PLAIN)
        .body(letter_text(message))
        .map_err(|error| Undelivered::never(format!("the letter cannot be written: {error}")))?;
    transport(server)?.send(letter).await.map(drop).map_err(|error| explain(server, &error))
}

fn letter_text(message: &Message) -> String {
    let mut text = message.text.trim_end().to_owned();
    if let Some(url) = &message.url {
        text.push_str("\n\n");
        text.push_str(url);
    }
    text.push_str("\n\n-- \nHoldfast\n");
    text
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The mail server's own words are left out: they come from another machine.
fn explain(server: &Smtp, error: &lettre::transport::smtp::Error) -> Undelivered {
    let place = format!("{}:{}", server.host, server.port);
    let status = error.status().map(|code| format!(" (code {code})")).unwrap_or_default();
    if error.is_permanent() {
        Undelivered::never(format!("the mail server {place} refused the letter for good{status}"))
    } else if error.is_transient() {
        Undelivered::later(format!("the mail server {place} refused the letter for now{status}"))
    } else if error.is_timeout() {
        Undelivered::later(format!("the mail server {place} did not answer in time"))
    } else if error.is_tls() {
        Undelivered::later(format!(
            "no encrypted connection to the mail server {place}; check its certificate"
        ))
    } else {
        Undelivered::later(format!("the mail server {place} cannot be reached"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_in_clear_leaves_this_machine_for_nowhere_else() {
        let server = Smtp {
            host: "mail.example.com".into(),
            port: 25,
            tls: SmtpTls::Off,
            user: None,
            password: None,
            from: "holdfast@example.com".into(),
        };
        assert!(transport(&server).is_err());
        assert!(transport(&Smtp { host: "127.0.0.1".into(), ..server }).is_ok());
    }
}
