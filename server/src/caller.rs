//! Who asks, and what everything they may ask is implemented on.
//!
//! A caller is made for each request. Every port of the pages is implemented on it, area by area; each method gets
//! its scope here, the proof without which the catalog gives nothing.

use std::{net::IpAddr, sync::Arc};

use catalog::{Membership, Principal, Scope, TenantCatalog, TokenOutcome, TokenRefused};
use domain::{Fault, TenantId, TokenId, access::may::May, audit::Origin};
use tower_sessions::Session;

use crate::{access::gate::Gate, fault::Result, services::Services};

/// One request's caller.
#[derive(Clone)]
pub struct Caller {
    /// What everything is made of.
    pub services: Arc<Services>,
    /// What slows down guessing.
    pub gate: Arc<Gate>,
    /// The session of the request, signed in or not.
    pub session: Session,
    /// Where the request comes from; behind a trusted proxy what that says.
    pub address: IpAddr,
    /// What the browser calls itself.
    pub agent: Option<String>,
    principal: Option<Principal>,
    /// The organisation that the person chose to be at work in.
    chosen: Option<TenantId>,
}

/// The key of the session's data for the organisation that was chosen.
const CHOSEN: &str = "organisation";

/// Who a token stands for.
pub struct ByToken {
    /// The person, limited to what the token names.
    pub caller: Caller,
    /// Which token.
    pub token: TokenId,
}

impl Caller {
    /// A program that shows a token. Without a session: nothing of it is remembered between two requests.
    pub async fn by_token(
        services: Arc<Services>,
        gate: Arc<Gate>,
        secret_hash: &[u8],
        address: IpAddr,
    ) -> Result<std::result::Result<ByToken, TokenRefused>> {
        let (token, principal) = match services.catalog.authenticate_token(secret_hash).await? {
            TokenOutcome::Known { token, principal } => (token, principal),
            TokenOutcome::Refused(reason) => return Ok(Err(reason)),
        };
        let session = Session::new(None, Arc::new(services.catalog.sessions()), None);
        let caller =
            Self { services, gate, session, address, agent: None, principal: Some(principal), chosen: None };
        Ok(Ok(ByToken { caller, token }))
    }

    /// Finds out who is asking.
    pub async fn identify(
        services: Arc<Services>,
        gate: Arc<Gate>,
        session: Session,
        address: IpAddr,
        agent: Option<String>,
    ) -> Result<Self> {
        let principal = match session.id() {
            Some(id) => services.catalog.authenticate_session(&id).await?,
            None => None,
        };
        // Looked up only for those who have a choice.
        let chosen = match &principal {
            Some(who) if who.memberships().len() > 1 => session.get::<TenantId>(CHOSEN).await?,
            _ => None,
        };
        Ok(Self { services, gate, session, address, agent, principal, chosen })
    }

    /// Who is signed in.
    pub fn principal(&self) -> Result<&Principal, Fault> {
        self.principal.as_ref().filter(|who| !who.memberships().is_empty()).ok_or(Fault::Unauthenticated)
    }

    /// What the person is in the organisation at work: the one that they chose, or the first of theirs. One that they
    /// are no longer in is never at work, whatever was chosen.
    pub fn member(&self) -> Result<&Membership, Fault> {
        let members = self.principal()?.memberships();
        let chosen = self.chosen.and_then(|chosen| members.iter().find(|member| member.tenant_id == chosen));
        chosen.or_else(|| members.first()).ok_or(Fault::Unauthenticated)
    }

    /// The organisation at work.
    pub fn tenant(&self) -> Result<TenantId, Fault> {
        Ok(self.member()?.tenant_id)
    }

    /// Goes to work in another organisation of the person's, for the rest of the session.
    pub async fn go_to(&self, tenant: TenantId) -> Result<()> {
        if !self.principal()?.memberships().iter().any(|member| member.tenant_id == tenant) {
            return Err(Fault::NotFound.into());
        }
        self.work_in(tenant).await
    }

    /// Keeps in the session which organisation is at work. Whether the person is of it is asked whenever it is used.
    pub(crate) async fn work_in(&self, tenant: TenantId) -> Result<()> {
        Ok(self.session.insert(CHOSEN, tenant).await?)
    }

    /// Proof that the caller may do `P` in the organisation at work. A refusal is written to the audit trail.
    pub async fn allow<P: May>(&self) -> Result<Scope<P>> {
        let scope = self.allow_unproven().await?;
        self.require_standing(P::PERMISSION).await?;
        Ok(scope)
    }

    /// The same without asking for a fresh proof of who it is: for what stops something, which must not wait for a
    /// password to be found.
    pub async fn allow_unproven<P: May>(&self) -> Result<Scope<P>> {
        let tenant = self.tenant()?;
        match self.principal()?.allow::<P>(tenant) {
            Ok(scope) => Ok(scope),
            Err(denied) => {
                self.services.catalog.record_refusal(&denied, &self.origin()).await?;
                Err(catalog::Error::from(denied).into())
            }
        }
    }

    /// The rows that a scope opens. What is done with them is audited with where the request comes from.
    pub fn rows<P: May>(&self, scope: &Scope<P>) -> TenantCatalog<'_> {
        self.services.catalog.tenant(scope).seen_from(self.origin())
    }

    /// Where the request comes from, for the audit trail.
    pub fn origin(&self) -> Origin {
        Origin::network(self.address, self.agent.as_deref())
    }

    /// The answer for the person. The only way from a use case's error to a fault.
    pub fn answer<T>(&self, attempt: &str, result: Result<T>) -> Result<T, Fault> {
        result.map_err(|error| error.into_fault(self.services.clock.as_ref(), attempt))
    }
}
