//! Requests as people read them.

use domain::{
    Cursor, Page, Timestamp,
    access::Permission,
    approvals::{Change, Class, Preview, State, Verdict},
    id::ApprovalId,
};

use super::{Held, TABLE, votes::holds};
use crate::{
    Conflict, TenantCatalog,
    db::{AsConn, all, first},
    decode::{After, id, json, number, page, page_size, word},
    error::{Error, Result},
    tenant::Member,
};

/// Which requests to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Which {
    /// Those that wait for the reader.
    #[default]
    ForMe,
    /// Those that the reader asked for.
    ByMe,
    /// Those that wait or are not done yet.
    Open,
    /// Those that are over.
    Decided,
}

impl Which {
    const fn number(self) -> i64 {
        match self {
            Self::ForMe => 1,
            Self::ByMe => 2,
            Self::Open => 3,
            Self::Decided => 4,
        }
    }
}

/// Which requests to list, newest first.
#[derive(Debug, Clone, Default)]
pub struct ApprovalQuery {
    /// Which of them.
    pub which: Which,
    /// In one class.
    pub class: Option<Class>,
    /// Where to go on.
    pub after: Option<Cursor>,
    /// Rows at most; 0 means 50.
    pub limit: u32,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Which.
    pub id: ApprovalId,
    /// In which class.
    pub class: Class,
    /// In one line.
    pub title: String,
    /// The page of what it is about.
    pub path: String,
    /// What would happen.
    pub preview: Preview,
    /// What is agreed to.
    pub digest: String,
    /// The exact change.
    pub change: Change,
    /// Who asked.
    pub requester: String,
    /// Whether the reader did.
    pub is_mine: bool,
    /// Why.
    pub reason: String,
    /// Where it stands.
    pub state: State,
    /// How many have to agree.
    pub needed: u8,
    /// How many have.
    pub agreed: u8,
    /// When it was asked.
    pub created_at: Timestamp,
    /// Until when it waits.
    pub expires_at: Timestamp,
    /// When it was approved.
    pub approved_at: Option<Timestamp>,
    /// How long it rests from there.
    pub cool_off_ms: i64,
    /// When it was over.
    pub settled_at: Option<Timestamp>,
    /// Why it could not be done.
    pub problem: Option<String>,
    /// Whether somebody acted alone.
    pub is_emergency: bool,
}

/// What somebody said to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// For whom who is away.
    pub instead_of: Option<String>,
    /// What.
    pub verdict: Verdict,
    /// In words.
    pub comment: Option<String>,
    /// Whether it counts no more.
    pub is_void: bool,
}

/// A request with everything that its page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalWhole {
    /// The request.
    pub approval: Approval,
    /// What was said, oldest first.
    pub said: Vec<Decision>,
    /// Who could still agree, by name; with until when they are away.
    pub could_agree: Vec<(String, Option<Timestamp>)>,
    /// Why the reader may not decide; nothing if they may.
    pub refusal: Option<Conflict>,
    /// Whether the reader may do it alone in an emergency.
    pub may_act_alone: bool,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    class: String,
    title: String,
    path: String,
    payload: String,
    preview: String,
    digest: String,
    maker_id: String,
    requester_id: String,
    requester: String,
    reason: String,
    state: String,
    needed: i64,
    agreed: i64,
    created_at: i64,
    expires_at: i64,
    approved_at: Option<i64>,
    cool_off_ms: i64,
    settled_at: Option<i64>,
    problem: Option<String>,
    emergency_by: Option<String>,
}

macro_rules! select_approvals {
    () => {
        "select q.id, q.class, q.title, q.path, q.payload, q.preview, q.digest, q.maker_id, q.requester_id, q.requester, \
         q.reason, q.state, q.needed, cast((select count(*) from approval_decisions d where d.tenant_id = q.tenant_id \
         and d.request_id = q.id and d.verdict = 'agree' and d.is_void = 0) as bigint) as agreed, q.created_at, \
         q.expires_at, q.approved_at, q.cool_off_ms, q.settled_at, q.problem, q.emergency_by from approval_requests q \
         where q.tenant_id = $1"
    };
}

/// What waits for a reader `$3` whose classes are `$2`: nothing of their own, and nothing that they have decided.
macro_rules! for_me {
    () => {
        "q.state = 'waiting' and q.expires_at > $4 and cast($2 as text) like '%,' || q.class || ',%' \
         and q.maker_id <> $3 and q.requester_id <> $3 and not exists (select 1 from approval_decisions d \
         where d.tenant_id = $1 and d.request_id = q.id and d.by_id = $3 and d.verdict <> 'comment' and d.is_void = 0)"
    };
}

fn read(row: Row, reader: &str) -> Result<Approval> {
    let is_mine = row.maker_id == reader || row.requester_id == reader;
    Ok(Approval {
        id: id(TABLE, &row.id)?,
        class: word(TABLE, &row.class, Class::find)?,
        title: row.title,
        path: row.path,
        preview: json(TABLE, &row.preview)?,
        digest: row.digest,
        change: json(TABLE, &row.payload)?,
        requester: row.requester,
        is_mine,
        reason: row.reason,
        state: word(TABLE, &row.state, State::find)?,
        needed: number(TABLE, row.needed)?,
        agreed: number(TABLE, row.agreed)?,
        created_at: Timestamp(row.created_at),
        expires_at: Timestamp(row.expires_at),
        approved_at: row.approved_at.map(Timestamp),
        cool_off_ms: row.cool_off_ms,
        settled_at: row.settled_at.map(Timestamp),
        problem: row.problem,
        is_emergency: row.emergency_by.is_some(),
    })
}

impl TenantCatalog<'_> {
    /// The classes to which the actor may agree, by themselves or for somebody who is away: `,a,b,`.
    async fn own_classes(&self, on: &mut impl AsConn) -> Result<String> {
        let left = self.left_to(on).await?;
        let held: Vec<_> =
            self.powers.into_iter().chain(left.into_iter().map(|(_, _, powers)| powers)).collect();
        let may = |class: &&Class| held.iter().any(|powers| powers.may(class.permission()));
        let keys: Vec<_> = Class::ALL.iter().filter(may).map(|class| class.key()).collect();
        Ok(format!(",{},", keys.join(",")))
    }

    /// How many requests wait for the actor.
    pub async fn approvals_waiting(&self) -> Result<u64> {
        let mut reader = self.read().await?;
        let classes = self.own_classes(&mut reader).await?;
        let row = first!(
            &mut reader,
            (i64,),
            concat!(
                "select cast(count(*) as bigint) from approval_requests q where q.tenant_id = $1 and ",
                for_me!()
            ),
            self.key(),
            classes,
            self.actor.key(),
            self.now(),
        )?;
        number(TABLE, row.map_or(0, |(count,)| count))
    }

    /// Requests, newest first.
    pub async fn list_approvals(&self, query: &ApprovalQuery) -> Result<Page<Approval>> {
        let limit = page_size(query.limit);
        let after = After::read(query.after.as_ref())?;
        let after_at = after.as_ref().map(After::at).transpose()?;
        let mut reader = self.read().await?;
        let classes = self.own_classes(&mut reader).await?;
        let actor = self.actor.key();
        let rows = all!(
            &mut reader,
            Row,
            concat!(
                select_approvals!(),
                " and (($5 = 1 and ",
                for_me!(),
                ") or ($5 = 2 and (q.maker_id = $3 or q.requester_id = $3)) or ($5 = 3 and q.state in ('waiting', 'approved')) \
                 or ($5 = 4 and q.state not in ('waiting', 'approved'))) \
                 and (cast($6 as text) is null or q.class = $6) \
                 and (cast($7 as bigint) is null or q.created_at < $7 or (q.created_at = $7 and q.id < $8)) \
                 order by q.created_at desc, q.id desc limit $9"
            ),
            self.key(),
            classes,
            actor.as_str(),
            self.now(),
            query.which.number(),
            query.class.map(Class::key),
            after_at.map(|at| at.0),
            after.map(|after| after.id),
            i64::from(limit) + 1,
        )?;
        let found = rows.into_iter().map(|row| read(row, &actor)).collect::<Result<Vec<_>>>()?;
        Ok(page(found, limit, |one| (one.created_at.0.to_string(), one.id.to_string())))
    }

    /// One request as a list shows it.
    pub async fn get_approval(&self, request: ApprovalId) -> Result<Approval> {
        let mut reader = self.read().await?;
        self.find_approval(&mut reader, request).await
    }

    async fn find_approval(&self, on: &mut impl AsConn, request: ApprovalId) -> Result<Approval> {
        let row = first!(
            on,
            Row,
            concat!(select_approvals!(), " and q.id = $2"),
            self.key(),
            request.to_string(),
        )?;
        read(row.ok_or(Error::NotFound { what: "request" })?, &self.actor.key())
    }

    /// The newest request about this, e.g. `restore:019ab3…`.
    pub async fn approval_about(&self, subject: &str) -> Result<Option<ApprovalId>> {
        let mut reader = self.read().await?;
        let row = first!(
            &mut reader,
            (String,),
            "select id from approval_requests where tenant_id = $1 and subject = $2 order by created_at desc, id desc limit 1",
            self.key(),
            subject,
        )?;
        row.map(|(found,)| id(TABLE, &found)).transpose()
    }

    /// One request with everything that its page shows.
    pub async fn approval_whole(&self, request: ApprovalId) -> Result<ApprovalWhole> {
        let mut tx = self.begin().await?;
        let held = Held::find(&mut tx, &self.key(), request).await?;
        let approval = self.find_approval(&mut tx, request).await?;
        let said = all!(
            &mut tx,
            (i64, String, Option<String>, String, Option<String>, i64),
            "select at, by_name, voice_name, verdict, comment, is_void from approval_decisions where tenant_id = $1 \
             and request_id = $2 order by seq limit 200",
            self.key(),
            request.to_string(),
        )?;
        let said = said.into_iter().map(|(at, by, instead_of, verdict, comment, is_void)| {
            let verdict = word("approval_decisions", &verdict, Verdict::find)?;
            Ok(Decision { at: Timestamp(at), by, instead_of, verdict, comment, is_void: is_void == 1 })
        });
        let said = said.collect::<Result<Vec<_>>>()?;
        let decided = all!(
            &mut tx,
            (String,),
            "select by_id from approval_decisions where tenant_id = $1 and request_id = $2 and verdict <> 'comment' \
             and is_void = 0",
            self.key(),
            request.to_string(),
        )?;
        let members = self.could_agree(&mut tx, approval.class.permission(), &held.asked()).await?;
        let mut could_agree = Vec::new();
        for Member { id, name, .. } in members {
            if !decided.iter().any(|(by,)| *by == format!("user:{id}")) {
                could_agree.push((name, self.away_until(&mut tx, id).await?));
            }
        }
        let refusal = self.refusal(&mut tx, &held).await?;
        let actor = self.actor.key();
        let may_act_alone = self.powers.is_some_and(|powers| powers.may(Permission::ActAlone))
            && holds(&mut tx, (&self.key(), self.now()), &actor, Some(Permission::ActAlone)).await?;
        let has_decided = decided.iter().any(|(by,)| *by == actor);
        let refusal = if has_decided { Some(Conflict::Stale) } else { refusal };
        Ok(ApprovalWhole { approval, said, could_agree, refusal, may_act_alone })
    }

    async fn away_until(&self, on: &mut impl AsConn, user: domain::UserId) -> Result<Option<Timestamp>> {
        let row = first!(
            on,
            (Option<i64>,),
            "select max(until_at) from approval_absences where tenant_id = $1 and user_id = $2 and ended_at is null \
             and from_at <= $3 and until_at > $3",
            self.key(),
            user.to_string(),
            self.now(),
        )?;
        Ok(row.and_then(|(until,)| until).map(Timestamp))
    }
}
