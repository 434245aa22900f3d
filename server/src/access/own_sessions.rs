//! A person's own sessions: seen, and ended.

use app::access::api::{EndSession, SessionView};
use domain::Fault;

use crate::{caller::Caller, fault::Result};

/// All that are not over.
pub async fn list(caller: &Caller) -> Result<Vec<SessionView>> {
    let this = caller.session.id();
    let sessions = caller.services.catalog.own_sessions(caller.principal()?, this.as_ref()).await?;
    let view = |session: catalog::OwnSession| SessionView {
        handle: session.handle,
        signed_in_at: session.signed_in_at,
        seen_at: session.seen_at,
        address: session.address,
        agent: session.agent,
        is_this: session.is_this,
    };
    Ok(sessions.into_iter().map(view).collect())
}

/// Ends one.
pub async fn end(caller: &Caller, request: EndSession) -> Result<()> {
    caller.services.catalog.end_own_session(caller.principal()?, &request.handle, &caller.origin()).await?;
    Ok(())
}

/// Ends all but the one that asks.
pub async fn end_others(caller: &Caller) -> Result<()> {
    let this = caller.session.id().ok_or(Fault::Unauthenticated)?;
    caller.services.catalog.end_other_sessions(caller.principal()?, &this, &caller.origin()).await?;
    Ok(())
}
