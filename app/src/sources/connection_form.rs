//! The fields of a server, for adding and for changing one.

use domain::sources::{Connection, TlsMode};
use leptos::prelude::*;

use crate::ui::{field::Field, form::Posted};

/// The fields, filled in from `connection` if there is one.
pub fn connection_fields(connection: Option<&Connection>, posted: &Posted) -> AnyView {
    let of = |read: fn(&Connection) -> String, fallback: &str| {
        connection.map_or_else(|| fallback.to_owned(), read)
    };
    let modes = [
        (TlsMode::Verify, "Encrypted, certificate checked"),
        (TlsMode::Encrypt, "Encrypted, certificate not checked"),
        (TlsMode::Off, "Not encrypted: same machine or tunnel only"),
    ];
    let modes = modes.map(|(mode, label)| (mode.key().to_owned(), label.to_owned())).to_vec();
    let password =
        Field::password("server", "password", "Password of that account").autocomplete("off").after(posted);
    let password = if connection.is_some_and(|connection| connection.has_credentials) {
        password
            .optional()
            .hint("One is stored; leave this empty to keep it. Another host, port or account voids it.")
    } else {
        password.hint("Sealed at once to the workers' key; it is never shown again.")
    };
    view! {
        {Field::text("server", "name", "Name").value(of(|it| it.name.to_string(), "")).hint("What people call it, e.g. production GRC.").after(posted).view()}
        <div class="columns">
            {Field::text("server", "host", "Host name or address").value(of(|it| it.host.to_string(), "")).after(posted).view()}
            {Field::text("server", "port", "Port").kind("number").value(of(|it| it.port.to_string(), "3306")).after(posted).view()}
        </div>
        {Field::text("server", "user", "Account").value(of(|it| it.user.to_string(), "")).hint("An account of its own for backups is best; the test prints the exact grants.").after(posted).view()}
        {password.view()}
        {Field::choice("server", "tls", "Protection of the connection", modes).value(of(|it| it.tls.key().to_owned(), "verify")).after(posted).view()}
    }
    .into_any()
}
