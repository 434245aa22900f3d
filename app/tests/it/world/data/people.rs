//! People, and where notices go.

use app::access::api::Me;
use app::access::api::Organisation;
use app::access::api::PasswordLink;
use app::access::api::SessionView;
use app::access::api::UserRow;
use app::alerts::api::Channels;
use app::alerts::api::Delivery;
use app::port::SecretText;
use domain::access::Role;
use domain::powers::{HeldRole, Powers};

use super::{DAY, HOUR, MARKUP, NOW, id};

pub fn me(role: Role) -> Me {
    Me {
        id: id(900),
        name: "Ada Keller".into(),
        email: "ada@example.com".into(),
        tenant_id: id(1),
        tenant: "Northwind Compliance".into(),
        roles: vec![held(role)],
        powers: Powers::of(role),
        organisations: vec![Organisation { id: id(1), name: "Northwind Compliance".into() }],
        second_factor_due: None,
    }
}

fn held(role: Role) -> HeldRole {
    let title = role.title().into();
    HeldRole { role: role.into(), title, expires_at: None, group: None, powers: Powers::of(role) }
}

pub fn own_sessions() -> Vec<SessionView> {
    let session = |is_this, agent: &str, hours: i64| SessionView {
        handle: Some("0192".into()),
        signed_in_at: NOW.plus_ms(-hours * HOUR),
        seen_at: NOW.plus_ms(-HOUR / 60),
        address: Some("192.0.2.17".into()),
        agent: Some(agent.into()),
        is_this,
    };
    vec![
        session(true, "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", 2),
        session(false, MARKUP, 9),
    ]
}

pub fn users() -> Vec<UserRow> {
    let user = |n, name: &str, role, enabled, has_password| UserRow {
        id: id(n),
        name: name.into(),
        email: format!("person{n}@example.com"),
        roles: vec![held(role)],
        enabled,
        has_password,
        last_sign_in: has_password.then(|| NOW.plus_ms(-3 * HOUR)),
    };
    vec![
        user(900, "Ada Keller", Role::PlatformOperator, true, true),
        user(901, MARKUP, Role::Viewer, true, false),
        user(902, "Bo Lindqvist", Role::Operator, false, true),
    ]
}

pub fn password_link() -> PasswordLink {
    PasswordLink {
        email: "person901@example.com".into(),
        path: SecretText("/reset?token=s3cr3t-t0ken".into()),
        expires_at: NOW.plus_ms(DAY),
    }
}

pub fn channels() -> Channels {
    let delivery = |hours: i64, state: &str, error: Option<&str>| Delivery {
        at: NOW.plus_ms(-hours * HOUR),
        channel: "webhook".into(),
        subject: format!("Backup of {MARKUP} failed"),
        state: state.into(),
        error: error.map(Into::into),
    };
    Channels {
        email_to: "ops@example.com".into(),
        smtp_configured: false,
        webhook_url: "https://hooks.example.com/holdfast".into(),
        has_webhook_secret: true,
        deliveries: vec![
            delivery(3, "sent", None),
            delivery(27, "failed", Some("the receiver answered 503; tried 5 times")),
        ],
    }
}

pub fn no_channels() -> Channels {
    Channels {
        email_to: String::new(),
        smtp_configured: false,
        webhook_url: String::new(),
        has_webhook_secret: false,
        deliveries: vec![],
    }
}
