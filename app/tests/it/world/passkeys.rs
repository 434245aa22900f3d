use app::access::passkeys_api::{AddPasskey, PasskeyView, PasskeysPort, RemovePasskey, UsePasskey};
use async_trait::async_trait;
use domain::Fault;

use super::{
    data::{HOUR, MARKUP, NOW},
    script::Script,
};

#[async_trait]
impl PasskeysPort for Script {
    async fn passkeys(&self) -> Result<Vec<PasskeyView>, Fault> {
        let passkey = PasskeyView {
            id: "1".into(),
            name: MARKUP.into(),
            created_at: NOW.plus_ms(-48 * HOUR),
            last_used_at: Some(NOW.plus_ms(-HOUR)),
        };
        self.answer(|| Ok(Vec::new()), || vec![passkey])
    }
    async fn begin_passkey(&self) -> Result<String, Fault> {
        Err(Fault::ProofNeeded)
    }
    async fn add_passkey(&self, _: AddPasskey) -> Result<(), Fault> {
        Ok(())
    }
    async fn remove_passkey(&self, _: RemovePasskey) -> Result<(), Fault> {
        Ok(())
    }
    async fn ask_passkey(&self) -> Result<String, Fault> {
        Err(Fault::NotFound)
    }
    async fn use_passkey(&self, _: UsePasskey) -> Result<(), Fault> {
        Err(Fault::invalid("credential", "this passkey was not accepted"))
    }
}
