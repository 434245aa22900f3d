//! One's own tokens: made, seen, revoked. Only ever by a person who is signed in.

use app::{
    access::tokens_api::{MOST_DAYS, MadeToken, MakeToken, TokenRef, TokenView, TokensPort},
    port::SecretText,
};
use async_trait::async_trait;
use catalog::NewToken;
use domain::{Fault, access::Permission, sources::Label};
use secrecy::ExposeSecret;

use super::token_text;
use crate::{
    caller::Caller,
    fault::{Error, Result, Wrong},
};

const DAY_MS: i64 = 24 * 3_600_000;

async fn list(caller: &Caller) -> Result<Vec<TokenView>> {
    let tokens = caller.services.catalog.own_tokens(caller.principal()?, caller.tenant()?).await?;
    let view = |token: catalog::Token| TokenView {
        id: token.id,
        name: token.name,
        prefix: token.prefix,
        scopes: token.scopes.iter().map(|scope| scope.name().to_owned()).collect(),
        created_at: token.created_at,
        expires_at: token.expires_at,
        last_used_at: token.last_used_at,
        revoked_at: token.revoked_at,
    };
    Ok(tokens.into_iter().map(view).collect())
}

async fn make(caller: &Caller, request: MakeToken) -> Result<MadeToken> {
    let (principal, tenant) = (caller.principal()?, caller.tenant()?);
    let mut wrong = Wrong::default();
    let name = wrong.check("name", Label::new(request.name.trim()));
    if !(1..=MOST_DAYS).contains(&request.days) {
        wrong.note("days", "a token is good for at least a day and at most a year");
    }
    let scopes: Option<Vec<_>> = request.scopes.iter().map(|scope| Permission::find(scope)).collect();
    let scopes = scopes.filter(|scopes| !scopes.is_empty() && scopes.len() <= Permission::ALL.len());
    let Some(mut scopes) = scopes else {
        wrong.note("scopes", "choose at least one of the things that it may do");
        return Err(wrong.finish().err().unwrap_or(Fault::Forbidden).into());
    };
    scopes.sort_by_key(|scope| scope.name());
    scopes.dedup();
    if scopes.iter().any(|scope| !principal.permits(tenant, *scope)) {
        wrong.note("scopes", "a token may do nothing that you may not do yourself");
    }
    wrong.finish()?;
    // A token cannot prove anything later, so its maker does now.
    let is_proven = caller.is_proven().await?;
    if !is_proven && scopes.iter().any(|scope| scope.needs_fresh_proof()) {
        return Err(Fault::ProofNeeded.into());
    }
    let name = name.ok_or(Error::Impossible("a field was neither right nor wrong"))?;
    let fresh = token_text::fresh()?;
    let expires_at = caller.services.clock.now().plus_ms(i64::from(request.days) * DAY_MS);
    let (name, hash) = (String::from(name), fresh.hash);
    let new = NewToken {
        name: name.clone(),
        prefix: fresh.prefix,
        secret_hash: hash,
        scopes,
        expires_at,
        is_proven,
    };
    caller.services.catalog.create_token(principal, tenant, &new, &caller.origin()).await?;
    Ok(MadeToken { name, secret: SecretText(fresh.text.expose_secret().to_owned()), expires_at })
}

async fn revoke(caller: &Caller, request: TokenRef) -> Result<()> {
    let catalog = &caller.services.catalog;
    Ok(catalog.revoke_token(caller.principal()?, caller.tenant()?, request.id, &caller.origin()).await?)
}

#[async_trait]
impl TokensPort for Caller {
    async fn own_tokens(&self) -> Result<Vec<TokenView>, Fault> {
        self.answer("list your tokens", list(self).await)
    }
    async fn make_token(&self, request: MakeToken) -> Result<MadeToken, Fault> {
        self.answer("make a token", make(self, request).await)
    }
    async fn revoke_token(&self, request: TokenRef) -> Result<(), Fault> {
        self.answer("revoke a token", revoke(self, request).await)
    }
}
