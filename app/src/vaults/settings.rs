//! What this installation is made of: keys, vaults, verification servers, and where its notices go.

use domain::{access::Permission, vaults::VaultKind};
use leptos::prelude::*;

use crate::{
    alerts::{
        api::{SetChannelsFn, TestChannelsFn},
        channels::channels_panel,
    },
    layout::{
        navigation::Place,
        page::{PageView, page, require},
    },
    ui::{
        badge::Tone,
        empty::empty,
        notice::notice,
        table::{Table, text},
        text::{name, number, visible},
    },
    vaults::api::{InstallationView, VaultView},
};

/// `/settings`
#[component]
pub fn SettingsPage() -> impl IntoView {
    page(Place::Settings, |visit, me| async move {
        require(&me, Permission::ReadSettings)?;
        let installation = visit.backend.installation().await?;
        let channels = visit.backend.channels().await?;
        let (posted, tested) = (visit.posted::<SetChannelsFn>(), visit.posted::<TestChannelsFn>());
        let may_manage = me.may(Permission::ManageAlerts);
        let done = if visit.has_done("channels") {
            Some(notice(Tone::Good, "Saved where notices go."))
        } else {
            visit.has_done("test").then(|| {
                notice(Tone::Info, "A test notice is on its way; its fate shows under the newest notices.")
            })
        };
        let people = me
            .may(Permission::ReadUsers)
            .then(|| view! { <a class="btn" href="/settings/people">"People and roles"</a> });
        let signing_in = view! { <a class="btn" href="/settings/sign-in">"Signing in"</a> };
        let organisations = me
            .powers
            .runs_installation
            .then(|| view! { <a class="btn" href="/organisations">"Organisations"</a> });
        let webhooks = me
            .may(Permission::ManageAlerts)
            .then(|| view! { <a class="btn" href="/settings/webhooks">"Webhooks"</a> });
        let body = view! {
            {done}
            <div class="grid">
                {installation_panel(&installation)}
                {verification_panel(&installation.verification)}
                {vaults_panel(installation.vaults)}
                {channels_panel(channels, &posted, &tested, may_manage, visit.now)}
            </div>
        };
        Ok(PageView::new("Settings", body).actions(view! { {organisations}{people}{signing_in}{webhooks} }))
    })
}

fn installation_panel(installation: &InstallationView) -> AnyView {
    let fingerprint = |text: &str| view! { <code class="wrap">{visible(text)}</code> };
    view! {
        <section class="panel c6">
            <header><h2>"Installation and keys"</h2></header>
            <dl class="facts">
                <dt>"Version"</dt><dd>{format!("Holdfast {}", installation.version)}</dd>
                <dt>"Installation"</dt><dd><code class="wrap">{installation.id.to_string()}</code></dd>
                <dt>"Catalog"</dt><dd>{installation.catalog.clone()}</dd>
                <dt>"Root key"</dt><dd>{visible(&installation.root_key)}</dd>
                <dt>"Recovery key"</dt><dd>{fingerprint(&installation.recovery_key)}</dd>
                <dt>"Signing key"</dt><dd>{fingerprint(&installation.signing_key)}</dd>
            </dl>
            <p class="hint">"Keys are shown by their fingerprints. Write the signing key’s down beside the recovery key: "<code>"holdfast-recover --signing-key"</code>" then refuses a forged vault."</p>
        </section>
    }
    .into_any()
}

fn verification_panel(servers: &[(String, String)]) -> AnyView {
    let body = if servers.is_empty() {
        empty(
            "No verification server",
            view! { <p>"Without one no backup can be proven. Add a "<code>"[[verification]]"</code>" section to the configuration file and start Holdfast again."</p> },
        )
    } else {
        Table::new("Verification servers")
            .lead("Address")
            .text("Family")
            .rows(servers, |(family, address)| vec![name(address), text(visible(family))])
            .view()
    };
    view! {
        <section class="panel c6">
            <header><h2>"Verification servers"</h2></header>
            <p class="muted">"Backups are restored here and compared, never on the server they came from."</p>
            {body}
        </section>
    }
    .into_any()
}

fn vaults_panel(vaults: Vec<VaultView>) -> AnyView {
    let body = if vaults.is_empty() {
        empty(
            "No vault",
            view! { <p>"Add a "<code>"[[vault]]"</code>" section to the configuration file: a directory or a bucket."</p> },
        )
    } else {
        Table::new("Vaults")
            .lead("Vault")
            .text("Kind")
            .text("Where")
            .number("Backups")
            .number("Stored")
            .text("Room")
            .rows(vaults, |vault| {
                let kind = match vault.kind {
                    VaultKind::Local => "Directory",
                    VaultKind::S3 => "S3 bucket",
                };
                let room = vault.space.map_or_else(
                    || "not told by the store".to_owned(),
                    |(free, total)| format!("{free} of {total} free"),
                );
                vec![
                    name(&vault.name),
                    text(kind),
                    view! { <code class="wrap">{visible(&vault.location)}</code> }.into_any(),
                    text(number(u64::try_from(vault.backups).unwrap_or(0))),
                    text(vault.stored.to_string()),
                    text(room),
                ]
            })
            .view()
    };
    view! {
        <section class="panel c12">
            <header><h2>"Vaults"</h2></header>
            {body}
        </section>
    }
    .into_any()
}
