//! A route and its description, which cannot be had apart.

use axum::{
    handler::Handler,
    routing::{self, MethodRouter},
};
use domain::access::Permission;
use http::Method;
use serde_json::Value;

use super::describe::{Described, Parts};
use crate::http::WebState;

/// Makes a schema.
pub type SchemaOf = fn(&mut Parts) -> Value;

/// What a route is for.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// Its name in generated clients.
    pub id: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// The rest that one must know.
    pub about: &'static str,
    /// What a token must have, all of them.
    pub scopes: &'static [Permission],
    /// Fields after `?`.
    pub query: Option<SchemaOf>,
    /// The body.
    pub body: Option<SchemaOf>,
    /// What is answered, and with which status.
    pub answer: (u16, Option<SchemaOf>),
    /// Whether it answers one thing with a mark of its content.
    pub is_marked: bool,
    /// Whether it may be that somebody else has to agree first.
    pub may_ask: bool,
}

impl Operation {
    /// An operation that answers 200 with `T`.
    pub fn answering<T: Described>(
        id: &'static str,
        summary: &'static str,
        scopes: &'static [Permission],
    ) -> Self {
        let answer = (200, Some(T::schema as SchemaOf));
        Self {
            id,
            summary,
            about: "",
            scopes,
            query: None,
            body: None,
            answer,
            is_marked: false,
            may_ask: false,
        }
    }
    /// An operation that the product refuses whoever asks, in words.
    pub const fn refusing(id: &'static str, summary: &'static str, scopes: &'static [Permission]) -> Self {
        let answer = (409, None);
        Self {
            id,
            summary,
            about: "",
            scopes,
            query: None,
            body: None,
            answer,
            is_marked: false,
            may_ask: false,
        }
    }
    /// An operation that answers with lines of JSON, one after the other.
    pub const fn lines(id: &'static str, summary: &'static str, scopes: &'static [Permission]) -> Self {
        let answer = (200, None);
        Self {
            id,
            summary,
            about: "",
            scopes,
            query: None,
            body: None,
            answer,
            is_marked: false,
            may_ask: false,
        }
    }
    /// What one must know beside the summary.
    #[must_use]
    pub const fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }
    /// With fields after `?`.
    #[must_use]
    pub fn asked<T: Described>(mut self) -> Self {
        self.query = Some(T::schema);
        self
    }
    /// With a body.
    #[must_use]
    pub fn body<T: Described>(mut self) -> Self {
        self.body = Some(T::schema);
        self
    }
    /// What it begins goes on after the answer.
    #[must_use]
    pub const fn begins(mut self) -> Self {
        self.answer.0 = 202;
        self
    }
    /// Somebody else may have to agree first: then it answers 202 and names the request.
    #[must_use]
    pub const fn asks(mut self) -> Self {
        self.may_ask = true;
        self
    }
    /// Answers one thing with a mark of its content.
    #[must_use]
    pub const fn marked(mut self) -> Self {
        self.is_marked = true;
        self
    }
}

/// A route.
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path, with `{id}` where an id stands.
    pub path: &'static str,
    /// What it is for.
    pub operation: Operation,
    pub(super) handler: MethodRouter<WebState>,
}

impl Route {
    /// Reads.
    pub fn get<H: Handler<T, WebState>, T: 'static>(
        path: &'static str,
        operation: Operation,
        handler: H,
    ) -> Self {
        Self { method: Method::GET, path, operation, handler: routing::get(handler) }
    }
    /// Begins or changes something.
    pub fn post<H: Handler<T, WebState>, T: 'static>(
        path: &'static str,
        operation: Operation,
        handler: H,
    ) -> Self {
        Self { method: Method::POST, path, operation, handler: routing::post(handler) }
    }
    /// Makes something what the body says.
    pub fn put<H: Handler<T, WebState>, T: 'static>(
        path: &'static str,
        operation: Operation,
        handler: H,
    ) -> Self {
        Self { method: Method::PUT, path, operation, handler: routing::put(handler) }
    }
    /// Removes something.
    pub fn delete<H: Handler<T, WebState>, T: 'static>(
        path: &'static str,
        operation: Operation,
        handler: H,
    ) -> Self {
        Self { method: Method::DELETE, path, operation, handler: routing::delete(handler) }
    }
}
