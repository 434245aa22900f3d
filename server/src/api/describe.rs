//! How what is sent and answered looks, as JSON Schema, made from the types themselves.
//!
//! A shape is declared once: its fields, their words for people, and how it is written. So the document cannot say
//! something else than the program does, and a field without words does not compile.

use app::{port::SecretText, restores::api::DefinerChoice, tenancy::map_api::MapState};
use domain::{
    approvals::{Class, State},
    audit::Outcome,
    backups::{CopyState, Proof, Retention, RunKind, RunState, Verification},
    health::Standing,
    id::Id,
    policies::schedule::ScheduleKind,
    restores::RequestState,
    sources::{EngineKind, Severity, TlsMode},
    tenancy::{ExportFormat, RouteKind, TenantKey},
};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Shapes that are referred to by name.
pub type Parts = Map<String, Value>;

/// Something with a schema.
pub trait Described {
    /// Whether a request may leave it out.
    const IS_OPTIONAL: bool = false;
    /// Its schema; adds what that refers to.
    fn schema(parts: &mut Parts) -> Value;
}

macro_rules! plain {
    ($($type:ty => $schema:tt;)+) => {
        $(impl Described for $type {
            fn schema(_: &mut Parts) -> Value { json!($schema) }
        })+
    };
}

plain! {
    bool => { "type": "boolean" };
    String => { "type": "string" };
    u8 => { "type": "integer", "minimum": 0, "maximum": 100 };
    u16 => { "type": "integer", "minimum": 0, "maximum": 65535 };
    u32 => { "type": "integer", "minimum": 0, "maximum": u32::MAX };
    u64 => { "type": "integer", "minimum": 0, "maximum": u64::MAX };
    i64 => { "type": "integer", "minimum": i64::MIN, "maximum": i64::MAX };
    TenantKey => { "type": "string", "minLength": 1 };
    SecretText => { "type": "string", "format": "password", "writeOnly": true };
    TlsMode => { "type": "string", "enum": [TlsMode::Verify, TlsMode::Encrypt, TlsMode::Off] };
    Severity => { "type": "string", "enum": [Severity::Good, Severity::Warn, Severity::Bad] };
    ScheduleKind => { "type": "string", "enum": [ScheduleKind::Full, ScheduleKind::Incremental] };
    EngineKind => { "type": "string", "enum": EngineKind::ALL };
    DefinerChoice => { "type": "string", "enum": [DefinerChoice::Strip, DefinerChoice::Keep, DefinerChoice::Map] };
    MapState => { "type": "string", "enum": [
        MapState::Missing, MapState::Unconfirmed, MapState::Confirmed, MapState::Changed
    ] };
}

macro_rules! words {
    ($($type:ty;)+) => {
        $(impl Described for $type {
            fn schema(_: &mut Parts) -> Value { json!({ "type": "string", "enum": <$type>::ALL }) }
        })+
    };
}

words! { Outcome; Class; State; CopyState; Proof; Retention; RunKind; RunState; Verification; Standing; RequestState; RouteKind; ExportFormat; }

impl<T> Described for Id<T> {
    fn schema(_: &mut Parts) -> Value {
        json!({ "type": "string", "format": "uuid" })
    }
}

impl<T: Described> Described for Option<T> {
    const IS_OPTIONAL: bool = true;
    fn schema(parts: &mut Parts) -> Value {
        json!({ "anyOf": [T::schema(parts), { "type": "null" }] })
    }
}

impl<T: Described> Described for Vec<T> {
    fn schema(parts: &mut Parts) -> Value {
        json!({ "type": "array", "items": T::schema(parts) })
    }
}

/// An instant, as RFC 3339 in UTC.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct When(String);

impl From<domain::Timestamp> for When {
    fn from(at: domain::Timestamp) -> Self {
        Self(at.rfc3339())
    }
}

impl Described for When {
    fn schema(_: &mut Parts) -> Value {
        json!({ "type": "string", "format": "date-time" })
    }
}

/// A named object in the making.
pub struct Shape {
    fields: Map<String, Value>,
    required: Vec<&'static str>,
}

impl Shape {
    /// Begins one.
    pub fn begin() -> Self {
        Self { fields: Map::new(), required: Vec::new() }
    }
    /// Adds a field.
    pub fn field<T: Described>(
        &mut self,
        parts: &mut Parts,
        name: &'static str,
        words: &str,
        may_be_missing: bool,
    ) {
        let mut schema = T::schema(parts);
        schema["description"] = words.trim().into();
        self.fields.insert(name.into(), schema);
        if !(may_be_missing && T::IS_OPTIONAL) {
            self.required.push(name);
        }
    }
    /// Ends it under its name; gives the reference to it.
    pub fn end(self, parts: &mut Parts, name: &str, words: &str) -> Value {
        let schema = json!({
            "type": "object", "description": words.trim(), "properties": self.fields,
            "required": self.required, "additionalProperties": false,
        });
        parts.insert(name.into(), schema);
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }
}

/// Declares what is answered: every field is always there.
macro_rules! answers {
    ($($(#[doc = $about:literal])+ $name:ident { $($(#[doc = $doc:literal])+ $field:ident: $type:ty,)+ })+) => {
        $($(#[doc = $about])+
        #[derive(Debug, Clone, serde::Serialize)]
        pub struct $name { $($(#[doc = $doc])+ pub $field: $type),+ }
        impl $crate::api::describe::Described for $name {
            fn schema(parts: &mut $crate::api::describe::Parts) -> serde_json::Value {
                let mut shape = $crate::api::describe::Shape::begin();
                $(shape.field::<$type>(parts, stringify!($field), concat!($($doc),+), false);)+
                shape.end(parts, stringify!($name), concat!($($about),+))
            }
        })+
    };
}

/// Declares what is sent: what may be missing may be left out, and nothing else may be there.
macro_rules! requests {
    ($($(#[doc = $about:literal])+ $name:ident { $($(#[doc = $doc:literal])+ $field:ident: $type:ty,)+ })+) => {
        $($(#[doc = $about])+
        #[derive(Debug, Clone, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[doc = $doc])+ pub $field: $type),+ }
        impl $crate::api::describe::Described for $name {
            fn schema(parts: &mut $crate::api::describe::Parts) -> serde_json::Value {
                let mut shape = $crate::api::describe::Shape::begin();
                $(shape.field::<$type>(parts, stringify!($field), concat!($($doc),+), true);)+
                shape.end(parts, stringify!($name), concat!($($about),+))
            }
        })+
    };
}

pub(super) use {answers, requests};
