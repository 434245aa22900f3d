//! The scripted backend's tokens.

use app::{
    access::tokens_api::{MadeToken, MakeToken, TokenRef, TokenView, TokensPort},
    port::SecretText,
};
use async_trait::async_trait;
use domain::Fault;

use super::{
    data::{self, HOUR, MARKUP, NOW},
    script::Script,
};

fn tokens() -> Vec<TokenView> {
    let token = |n, name: &str, days: i64, is_revoked: bool| TokenView {
        id: data::id(n),
        name: name.into(),
        prefix: "hf_k7qd2m9x".into(),
        scopes: vec!["ReadBackups".into(), "StartBackup".into()],
        created_at: NOW.plus_ms(-48 * HOUR),
        expires_at: NOW.plus_ms(days * 24 * HOUR),
        last_used_at: is_revoked.then(|| NOW.plus_ms(-HOUR)),
        revoked_at: is_revoked.then_some(NOW),
    };
    vec![token(81, "nightly export", 30, false), token(82, MARKUP, 30, true), token(83, "old", -1, false)]
}

#[async_trait]
impl TokensPort for Script {
    async fn own_tokens(&self) -> Result<Vec<TokenView>, Fault> {
        self.answer(|| Ok(Vec::new()), tokens)
    }
    async fn make_token(&self, request: MakeToken) -> Result<MadeToken, Fault> {
        let (secret, expires_at) = (SecretText("hf_k7qd2m9x".into()), NOW.plus_ms(24 * HOUR));
        Ok(MadeToken { name: request.name, secret, expires_at })
    }
    async fn revoke_token(&self, _: TokenRef) -> Result<(), Fault> {
        Err(Fault::NotFound)
    }
}
