//! Protecting a whole server by its files: whether that can be done, said before anybody asks for it, and what it means.

use domain::{ByteSize, files::FilesCopy};
use leptos::prelude::*;

use crate::{
    layout::page::Visit,
    sources::api::{AddServerFn, ConnectionDetail},
    ui::{
        badge::{Tone, badge},
        form::button_form,
        notice::notice,
        text::visible,
    },
};

/// The panel on the page of a connection.
pub fn whole_server_panel(detail: &ConnectionDetail, visit: &Visit, may_manage: bool) -> AnyView {
    let added = visit.posted::<AddServerFn>();
    let connection = &detail.row.connection;
    let files = connection.capabilities.as_ref().and_then(|found| found.files.as_ref());
    let body = match (detail.whole, files) {
        (Some(source), _) => view! {
            <p>{badge(Tone::Info, "Protected")}" "<a href=format!("/sources/{source}")>"The server as a whole"</a></p>
        }
        .into_any(),
        (None, None) => view! {
            <p class="muted">"Nobody has looked yet whether a worker can reach its files. Test this connection; the answer appears here."</p>
        }
        .into_any(),
        (None, Some(FilesCopy::Impossible { why, instead })) => notice(
            Tone::Mute,
            view! {
                <p><b>"Not for this server: "</b>{visible(why)}"."</p>
                <p>{visible(instead)}</p>
            },
        ),
        (None, Some(FilesCopy::Possible { program, directory, bytes })) => {
            let protect = may_manage.then(|| {
                let fields = vec![("request[id]", connection.id.to_string())];
                button_form("/fn/sources/add_server", fields, "btn", "Protect the whole server")
            });
            view! {
                <dl class="facts">
                    <dt>"Files"</dt><dd><code class="wrap">{visible(directory)}</code>{format!(", {}", ByteSize(*bytes))}</dd>
                    <dt>"Program"</dt><dd><code class="wrap">{visible(program)}</code></dd>
                </dl>
                {protect}
            }
            .into_any()
        }
    };
    view! {
        <section class="panel" id="whole">
            <header><h2>"The server as a whole"</h2></header>
            {added.summary()}
            {body}
            <p class="muted small">"Copies the files of every database at once, full or what changed since: for servers too large to be read row by row. The worker must run on the server's own machine, so it is nothing for Amazon RDS and other managed services. No single database or tenant can be restored from it."</p>
        </section>
    }
    .into_any()
}

/// What the page of such a source says in place of its tenants.
pub fn whole_source_panel() -> AnyView {
    view! {
        <section class="panel" id="engine">
            <header><h2>"The server as a whole"</h2></header>
            <p>"Every database of this server is in each of these backups, those included that are made tomorrow: they are its files."</p>
            <ul class="plain">
                <li>"A backup is restored at the command line of a machine; its page shows the command."</li>
                <li>"No single database and no tenant can be restored or exported from it. Protect the databases that need this one by one as well."</li>
                <li>"What changed since is worth nothing without what it continues: a backup stays for as long as one that was built on it is kept."</li>
                <li>"Backups are taken and proven on the server's own machine, so every worker must run there."</li>
            </ul>
        </section>
    }
    .into_any()
}
