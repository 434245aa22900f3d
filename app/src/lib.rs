//! Everything that runs in the browser as well as on the server.
//!
//! Pages are components that run on the server only; islands are the few pieces that also run in the browser.
//! Every page is complete without JavaScript: forms post to server functions, filters are links and GET forms.

#![recursion_limit = "256"]

#[cfg(all(feature = "ssr", feature = "hydrate"))]
compile_error!("build `app` with `ssr` or with `hydrate`, not both: name the package with -p");

pub mod access;
pub mod alerts;
pub mod approvals;
pub mod audit;
pub mod backups;
pub mod health;
pub mod layout;
pub mod policies;
pub mod port;
pub mod restores;
pub mod sources;
pub mod tenancy;
pub mod ui;
pub mod vaults;

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::{
    SsrMode,
    components::{Route, Router, Routes},
    path,
};

pub use layout::document::shell;

/// The whole console: one line per page. Every page is rendered whole before it is sent, so that its status,
/// its redirects and its reader without JavaScript get what they should.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Routes fallback=layout::fault::NotFoundPage>
                <Route path=path!("/") view=health::overview::OverviewPage ssr=SsrMode::Async />
                <Route path=path!("/sources") view=sources::list::SourcesPage ssr=SsrMode::Async />
                <Route path=path!("/sources/:id") view=sources::detail::SourcePage ssr=SsrMode::Async />
                <Route path=path!("/sources/:id/tenants") view=tenancy::list::SourceTenantsPage ssr=SsrMode::Async />
                <Route path=path!("/sources/:id/tenants/:key") view=tenancy::detail::TenantPage ssr=SsrMode::Async />
                <Route path=path!("/sources/:id/tenants/:key/restore") view=restores::wizard::WizardPage ssr=SsrMode::Async />
                <Route path=path!("/sources/:id/map") view=tenancy::map::MapPage ssr=SsrMode::Async />
                <Route path=path!("/sources/:id/map/table") view=tenancy::mapping::MappingPage ssr=SsrMode::Async />
                <Route path=path!("/sources/:id/map/confirm") view=tenancy::confirm::ConfirmMapPage ssr=SsrMode::Async />
                <Route path=path!("/tenants") view=tenancy::list::TenantsPage ssr=SsrMode::Async />
                <Route path=path!("/restores") view=restores::list::RestoresPage ssr=SsrMode::Async />
                <Route path=path!("/restores/:id") view=restores::detail::RestorePage ssr=SsrMode::Async />
                <Route path=path!("/restores/:id/table") view=restores::rows::ChangedRowsPage ssr=SsrMode::Async />
                <Route path=path!("/approvals") view=approvals::list::ApprovalsPage ssr=SsrMode::Async />
                <Route path=path!("/approvals/:id") view=approvals::detail::ApprovalPage ssr=SsrMode::Async />
                <Route path=path!("/settings/approvals") view=approvals::rules::ApprovalRulesPage ssr=SsrMode::Async />
                <Route path=path!("/backups/:id/delete") view=approvals::delete_backup::DeleteBackupPage ssr=SsrMode::Async />
                <Route path=path!("/connections/new") view=sources::new_connection::NewConnectionPage ssr=SsrMode::Async />
                <Route path=path!("/connections/:id") view=sources::connection::ConnectionPage ssr=SsrMode::Async />
                <Route path=path!("/backups") view=backups::list::BackupsPage ssr=SsrMode::Async />
                <Route path=path!("/backups/:id") view=backups::detail::BackupPage ssr=SsrMode::Async />
                <Route path=path!("/runs") view=backups::run_list::RunsPage ssr=SsrMode::Async />
                <Route path=path!("/runs/:id") view=backups::run::RunPage ssr=SsrMode::Async />
                <Route path=path!("/audit") view=audit::explorer::AuditPage ssr=SsrMode::Async />
                <Route path=path!("/audit/:id") view=audit::entry::AuditEntryPage ssr=SsrMode::Async />
                <Route path=path!("/settings") view=vaults::settings::SettingsPage ssr=SsrMode::Async />
                <Route path=path!("/settings/sign-in") view=access::policy::PolicyPage ssr=SsrMode::Async />
                <Route path=path!("/settings/webhooks") view=alerts::webhooks::WebhooksPage ssr=SsrMode::Async />
                <Route path=path!("/settings/people") view=access::people::PeoplePage ssr=SsrMode::Async />
                <Route path=path!("/settings/people/add") view=access::people::PeoplePage ssr=SsrMode::Async />
                <Route path=path!("/settings/people/link") view=access::people::PeoplePage ssr=SsrMode::Async />
                <Route path=path!("/people/:id") view=access::person::PersonPage ssr=SsrMode::Async />
                <Route path=path!("/roles") view=access::roles::RolesPage ssr=SsrMode::Async />
                <Route path=path!("/groups") view=access::groups::GroupsPage ssr=SsrMode::Async />
                <Route path=path!("/invitations") view=access::invitations::InvitationsPage ssr=SsrMode::Async />
                <Route path=path!("/invitations/renew") view=access::invitations::InvitationsPage ssr=SsrMode::Async />
                <Route path=path!("/invitation") view=access::invited::InvitedPage ssr=SsrMode::Async />
                <Route path=path!("/organisations") view=access::organisations::OrganisationsPage ssr=SsrMode::Async />
                <Route path=path!("/profile") view=access::profile::ProfilePage ssr=SsrMode::Async />
                <Route path=path!("/profile/security") view=access::security::SecurityPage ssr=SsrMode::Async />
                <Route path=path!("/profile/security/app") view=access::security::AppPage ssr=SsrMode::Async />
                <Route path=path!("/confirm-identity") view=access::confirm_identity::ConfirmIdentityPage ssr=SsrMode::Async />
                <Route path=path!("/profile/tokens") view=access::tokens::TokensPage ssr=SsrMode::Async />
                <Route path=path!("/sign-in") view=access::sign_in::SignInPage ssr=SsrMode::Async />
                <Route path=path!("/sign-in/second") view=access::second_step::SecondStepPage ssr=SsrMode::Async />
                <Route path=path!("/reset") view=access::reset::ResetPage ssr=SsrMode::Async />
                <Route path=path!("/setup") view=access::setup::SetupPage ssr=SsrMode::Async />
                <Route path=path!("/setup/recovery-key") view=access::recovery_key::RecoveryKeyPage ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}

/// Sends the browser to `path` after a form was accepted, and hands `value` through.
#[cfg_attr(not(feature = "ssr"), expect(unused_variables, reason = "only the server redirects"))]
pub fn redirect_to<T>(path: &str, value: T) -> T {
    #[cfg(feature = "ssr")]
    leptos_axum::redirect(path);
    value
}

/// A path of this site: `next` if it is one, the overview otherwise.
pub fn local_path(next: Option<&str>) -> String {
    let is_local = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && !path.contains('\\')
            && !path.contains(char::is_control)
    };
    next.filter(is_local).unwrap_or("/").to_owned()
}
