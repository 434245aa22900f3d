//! Values that need code: JSON, e-mail addresses, geometry.

use crate::cell::{Row, text};
use crate::rng::Rng;
use crate::words::fill;

fn quoted(json: &str) -> String {
    let mut out = String::new();
    text(&mut out, json);
    out
}

/// What changed, as an audit log stores it.
pub fn change(_: &Row, rng: &mut Rng) -> String {
    let field = rng.pick(&["status", "owner_id", "due_date", "rating", "description"]);
    let (before, after) = (rng.below(5_000), rng.below(5_000));
    quoted(&format!(
        r#"{{"field":"{field}","old":{before},"new":{after},"request_id":"{:016x}","via":"{}"}}"#,
        rng.bits(),
        rng.pick(&["web", "api", "import", "scheduler"])
    ))
}

/// Settings of a tenant or a user: nested, with every kind of JSON value.
pub fn settings(row: &Row, rng: &mut Rng) -> String {
    quoted(&format!(
        concat!(
            r#"{{"theme":"{}","locale":"{}","limits":{{"users":{},"storage_gb":{}.5}},"#,
            r#""features":["risk","audit","vendors"],"beta":{},"logo":null,"tenant":{},"emoji":"🛡️"}}"#
        ),
        rng.pick(&["light", "dark", "system"]),
        rng.pick(&["en-IN", "en-GB", "de-DE", "ja-JP"]),
        rng.below(900) + 10,
        rng.below(500),
        rng.chance(20),
        row.tenant
    ))
}

/// Labels and a score, as custom fields store them.
pub fn labels(_: &Row, rng: &mut Rng) -> String {
    let (one, two) = (fill("{area}", rng), fill("{framework}", rng));
    quoted(&format!(
        r#"{{"labels":["{one}","{two}"],"score":{},"reviewed":{}}}"#,
        rng.below(101),
        rng.chance(60)
    ))
}

/// The answer to one question of a questionnaire.
pub fn answer(_: &Row, rng: &mut Rng) -> String {
    let remark = fill("Supported by {proof}, {outcome}", rng);
    quoted(&format!(
        r#"{{"choice":"{}","confidence":0.{},"remark":"{remark}","attachments":[{}]}}"#,
        rng.pick(&["yes", "no", "partly", "n/a"]),
        rng.below(90) + 10,
        rng.below(9_000)
    ))
}

/// An address in a domain reserved for examples; unique by the row's key.
pub fn email(row: &Row, rng: &mut Rng) -> String {
    fill("{login}", rng) + &format!("+{}@tenant{:02}.example.com", row.id, row.tenant)
}

/// An address of somebody outside.
pub fn outside_email(row: &Row, rng: &mut Rng) -> String {
    let company = fill("{company}", rng).to_lowercase();
    format!("contact{}@{company}.example.net", row.id)
}

/// A Django password hash: no compressor shrinks it.
pub fn password(_: &Row, rng: &mut Rng) -> String {
    format!(
        "pbkdf2_sha256$870000${:016x}${:016x}{:016x}{:016x}=",
        rng.bits(),
        rng.bits(),
        rng.bits(),
        rng.bits()
    )
}

/// A private IPv4 address.
pub fn address(_: &Row, rng: &mut Rng) -> String {
    format!("10.{}.{}.{}", rng.below(64), rng.below(256), rng.below(254) + 1)
}

/// A point on the globe, in degrees, without a reference system.
pub fn point(_: &Row, rng: &mut Rng) -> String {
    let degrees = |value: i64| {
        format!("{}{}.{:04}", if value < 0 { "-" } else { "" }, value.abs() / 10_000, value.abs() % 10_000)
    };
    let (x, y) = (rng.between(-1_790_000, 1_790_000), rng.between(-890_000, 890_000));
    format!("ST_GeomFromText('POINT({} {})')", degrees(x), degrees(y))
}
