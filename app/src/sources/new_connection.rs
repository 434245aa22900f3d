//! Adding a server.

use domain::access::Permission;
use leptos::prelude::*;

use crate::{
    layout::{
        navigation::Place,
        page::{PageView, page, require},
    },
    sources::{api::AddConnectionFn, connection_form::connection_fields},
    ui::{form::form, text::code_block},
};

const ACCOUNT: &str = "CREATE USER 'holdfast'@'%' IDENTIFIED BY 'a long password';\n\
GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES, RELOAD, PROCESS, REPLICATION CLIENT ON *.* TO 'holdfast'@'%';";

/// `/connections/new`
#[component]
pub fn NewConnectionPage() -> impl IntoView {
    page(Place::Sources, |visit, me| async move {
        require(&me, Permission::ManageSources)?;
        let posted = visit.posted::<AddConnectionFn>();
        let fields = view! {
            {connection_fields(None, &posted)}
            <button class="btn primary">"Add this server and test it"</button>
        };
        let body = view! {
            <div class="grid">
                <section class="panel c7">{form("/fn/sources/add_connection", &posted, fields)}</section>
                <section class="panel c5">
                    <header><h2>"What happens next"</h2></header>
                    <ol class="plain">
                        <li>"Holdfast connects and looks at what this account can do. It changes nothing."</li>
                        <li>"Whatever is missing is printed as the exact statement or setting."</li>
                        <li>"You choose the databases to protect."</li>
                    </ol>
                    <p class="muted">"An account with everything a verified backup needs:"</p>
                    {code_block("statements for an account", ACCOUNT)}
                </section>
            </div>
        };
        Ok(PageView::new("Add a server", body).under("Sources", "/sources"))
    })
}
