//! What would happen, in figures and names, from the rows as they are now. It is part of what is agreed to, and is
//! computed again when that is carried out: so it says nothing that changes by itself, such as ages.

use domain::{
    BackupId, ByteSize, ConnectionId, RestoreId, SourceId, Timestamp,
    approvals::{Change, Class, Preview, Rule},
    backups::Verification,
    clock::human_duration_ms,
    id::ApprovalId,
    policies::schedule::ScheduleKind,
    restores::Figures,
};

use super::TABLE;
use crate::{
    Conflict, TenantCatalog,
    db::{Tx, first},
    decode::{json, number, word},
    error::{Error, Result},
};

/// A preview and where it is about.
#[derive(Debug)]
pub(crate) struct Shown {
    pub preview: Preview,
    /// Kind and id of what it is about.
    pub subject: String,
    /// One line.
    pub title: String,
    /// The page of what it is about.
    pub path: String,
}

fn or_none(text: Option<&str>) -> String {
    text.map_or_else(|| "none".to_owned(), ToOwned::to_owned)
}

fn in_words(rule: Rule) -> String {
    let rest = if rule.cool_off_ms == 0 {
        "done at once".to_owned()
    } else {
        format!("done after {} more", human_duration_ms(rule.cool_off_ms))
    };
    format!("{} to agree within {}, {rest}", rule.approvals, human_duration_ms(rule.within_ms))
}

impl TenantCatalog<'_> {
    /// What `change` would do.
    pub(in crate::tenant) async fn show(&self, tx: &mut Tx, change: &Change) -> Result<Shown> {
        match change {
            Change::RestoreLive { restore_id, difference } => {
                self.show_restore(tx, *restore_id, difference).await
            }
            Change::DeleteBackup { backup_id } => self.show_deletion(tx, *backup_id).await,
            Change::SetSchedule { source_id, incremental, cron, enabled } => {
                let kind = if *incremental { ScheduleKind::Incremental } else { ScheduleKind::Full };
                self.show_schedule(tx, *source_id, kind, (cron, *enabled)).await
            }
            Change::SetChannels { email_to, webhook_url, .. } => {
                self.show_channels(tx, email_to.as_deref(), webhook_url.as_deref()).await
            }
            Change::MoveConnection { connection_id, name, host, port, user, credential, .. } => {
                let to = format!("{host}:{port} as {user}");
                self.show_move(tx, *connection_id, (name, &to, credential.is_some())).await
            }
            Change::SetRule { class, rule } => self.show_rule(tx, *class, *rule).await,
            Change::ReviewEmergency { approval_id } => self.show_emergency(tx, *approval_id).await,
        }
    }

    async fn show_restore(&self, tx: &mut Tx, restore: RestoreId, difference: &str) -> Result<Shown> {
        let row = first!(
            tx,
            (String, String, i64, Option<String>, Option<i64>, Option<i64>),
            "select s.database_name, q.tenant_key, b.snapshot_at, q.difference, r.started_at, r.finished_at \
             from restore_requests q join sources s on s.tenant_id = q.tenant_id and s.id = q.source_id \
             join backups b on b.tenant_id = q.tenant_id and b.id = q.backup_id \
             join runs r on r.tenant_id = q.tenant_id and r.id = q.plan_run_id where q.tenant_id = $1 and q.id = $2",
            self.key(),
            restore.to_string(),
        )?;
        let (database, tenant, as_of, figures, begun, ended) =
            row.ok_or(Error::NotFound { what: "restore" })?;
        let figures: Figures = json("restore_requests", &figures.ok_or(Conflict::Stale)?)?;
        if figures.digest != difference {
            return Err(Conflict::DifferenceChanged.into());
        }
        let title = format!("Restore tenant {tenant} into {database}");
        let what = format!(
            "Rows of tenant {tenant} in the live database {database} become what they were at {}, in one transaction.",
            Timestamp(as_of).exact()
        );
        let mut preview = Preview::of(what)
            .fact("Rows that come back", figures.inserts.to_string())
            .fact("Rows that change", figures.updates.to_string())
            .fact("Rows that go", figures.deletes.to_string())
            .fact("Rows that stay as they are", figures.unchanged.to_string())
            .fact("Tables touched", format!("{} of {}", figures.changed_tables, figures.tables))
            .fact("Rows of other tenants touched", figures.foreign_rows.to_string())
            .fact("Read from the vault", ByteSize(figures.bytes_read).to_string());
        if let (Some(begun), Some(ended)) = (begun, ended) {
            // Applying compares the same rows once more, and writes those that differ.
            preview = preview.fact("Expected to take about", human_duration_ms((ended - begun).max(1_000)));
        }
        for remark in &figures.remarks {
            preview = preview.fact("Remark", remark);
        }
        if figures.deletes > 0 {
            preview = preview.loses(format!(
                "{} rows that were entered after the backup leave the live database. They are kept for thirty days, and one \
                 step brings them back.",
                figures.deletes
            ));
        }
        let preview = preview.loses("What applications and people do with the restored rows meanwhile.");
        Ok(Shown {
            preview,
            subject: format!("restore:{restore}"),
            title,
            path: format!("/restores/{restore}"),
        })
    }

    async fn show_deletion(&self, tx: &mut Tx, backup: BackupId) -> Result<Shown> {
        let row = first!(
            tx,
            (String, i64, Option<String>, String, i64, i64, i64, String, Option<String>),
            "select s.database_name, b.snapshot_at, b.label, b.verification, b.plain_bytes, b.stored_bytes, b.tables, \
             b.retention, b.tenant_key from backups b join sources s on s.tenant_id = b.tenant_id and s.id = b.source_id \
             where b.tenant_id = $1 and b.id = $2",
            self.key(),
            backup.to_string(),
        )?;
        let (database, as_of, label, verification, plain, stored, tables, retention, tenant) =
            row.ok_or(Error::NotFound { what: "backup" })?;
        if retention != "active" {
            return Err(Conflict::Expired.into());
        }
        let counts = first!(
            tx,
            (i64, i64),
            "select cast((select count(*) from backup_tenants t where t.tenant_id = $1 and t.backup_id = $2) as bigint), \
             cast((select count(*) from backups o join backups b on b.tenant_id = o.tenant_id and b.source_id = o.source_id \
             and coalesce(b.tenant_key, '') = coalesce(o.tenant_key, '') where b.tenant_id = $1 and b.id = $2 and o.id <> $2 \
             and o.retention = 'active' and o.verification = 'restore_ok') as bigint)",
            self.key(),
            backup.to_string(),
        )?;
        let (tenants, others) = counts.unwrap_or_default();
        let found = word("backups", &verification, Verification::find)?;
        let as_of = Timestamp(as_of).exact();
        let size = |bytes: i64| Ok::<_, Error>(ByteSize(number("backups", bytes)?).to_string());
        let mut preview =
            Preview::of(format!("The backup of {database} as of {as_of} is deleted from every vault."))
                .fact("Database", database.as_str())
                .fact("As of", as_of.as_str())
                .fact("Label", or_none(label.as_deref()))
                .fact("Proof", found.title())
                .fact("Tables", tables.to_string())
                .fact("Size of its contents", size(plain)?)
                .fact("Size in the vault", size(stored)?)
                .loses(
                    "The recovery point itself. Nobody can bring it back, and neither can whoever runs this installation.",
                );
        if let Some(tenant) = tenant {
            preview = preview.fact("Only of tenant", tenant);
        } else if tenants > 0 {
            preview = preview
                .fact("Tenants in it", tenants.to_string())
                .loses(format!("The same point for each of {tenants} tenants whose rows are in it."));
        }
        if others == 0 {
            preview = preview
                .loses(format!("The last proven way back: no other proven backup of {database} is kept."));
        }
        let preview = preview.loses(
            "What a law, a contract or a court may require to be kept. The audit trail keeps who asked, who agreed and what \
             was deleted; it does not keep the data.",
        );
        let title = format!("Delete the backup of {database} as of {as_of}");
        Ok(Shown { preview, subject: format!("backup:{backup}"), title, path: format!("/backups/{backup}") })
    }

    async fn show_schedule(
        &self,
        tx: &mut Tx,
        source: SourceId,
        kind: ScheduleKind,
        (cron, enabled): (&str, bool),
    ) -> Result<Shown> {
        let row = first!(
            tx,
            (String, Option<String>, Option<i64>),
            "select s.database_name, h.cron, h.enabled from sources s left join schedules h on h.tenant_id = s.tenant_id \
             and h.source_id = s.id and h.kind = $3 where s.tenant_id = $1 and s.id = $2",
            self.key(),
            source.to_string(),
            kind.key(),
        )?;
        let (database, before, was_enabled) = row.ok_or(Error::NotFound { what: "source" })?;
        let words = |cron: Option<&str>, enabled: bool| match (cron, enabled) {
            (None, _) => "none".to_owned(),
            (Some(cron), true) => format!("{cron} (UTC)"),
            (Some(cron), false) => format!("off ({cron})"),
        };
        let what = if enabled {
            format!("{database} is backed up at other times.")
        } else {
            format!("{database} is not backed up by itself any more.")
        };
        let preview = Preview::of(what)
            .fact("Database", database.as_str())
            .fact("Schedule now", words(before.as_deref(), was_enabled == Some(1)))
            .fact("Schedule then", words(Some(cron), enabled))
            .loses("Every recovery point that would have been taken: what happens between two backups is lost with the server.");
        let title = format!("Back up {database} less often");
        Ok(Shown { preview, subject: format!("source:{source}"), title, path: format!("/sources/{source}") })
    }

    async fn show_channels(&self, tx: &mut Tx, email: Option<&str>, webhook: Option<&str>) -> Result<Shown> {
        let row = first!(
            tx,
            (Option<String>, Option<String>),
            "select email_to, webhook_url from channels where tenant_id = $1",
            self.key(),
        )?;
        let (was_email, was_webhook) = row.unwrap_or_default();
        let preview = Preview::of("Notices of this organisation go elsewhere, or nowhere.")
            .fact("E-mail now", or_none(was_email.as_deref()))
            .fact("E-mail then", or_none(email))
            .fact("Webhook now", or_none(was_webhook.as_deref()))
            .fact("Webhook then", or_none(webhook))
            .loses("Whoever is told now is not told of failures any more.");
        let title = "Change where notices go".to_owned();
        Ok(Shown { preview, subject: "channels:channels".into(), title, path: "/settings".into() })
    }

    async fn show_move(
        &self,
        tx: &mut Tx,
        connection: ConnectionId,
        (name, to, has_password): (&str, &str, bool),
    ) -> Result<Shown> {
        let row = first!(
            tx,
            (String, String, i64, String, i64),
            "select c.name, c.host, c.port, c.user_name, cast((select count(*) from sources s where s.tenant_id = c.tenant_id \
             and s.connection_id = c.id) as bigint) from connections c where c.tenant_id = $1 and c.id = $2",
            self.key(),
            connection.to_string(),
        )?;
        let (was_name, host, port, user, sources) = row.ok_or(Error::NotFound { what: "connection" })?;
        let preview = Preview::of(format!("The connection {was_name} leads to another server."))
            .fact("Server now", format!("{host}:{port} as {user}"))
            .fact("Server then", to)
            .fact("Name then", name)
            .fact("Password", if has_password { "entered anew" } else { "has to be entered again" })
            .fact("Databases protected by it", sources.to_string())
            .loses("Backups of these databases come from the other server from then on; open restore requests are withdrawn.");
        let title = format!("Move the connection {was_name} to another server");
        let path = format!("/connections/{connection}");
        Ok(Shown { preview, subject: format!("connection:{connection}"), title, path })
    }

    async fn show_rule(&self, tx: &mut Tx, class: Class, rule: Rule) -> Result<Shown> {
        let before = self.stored_rule(tx, class).await?;
        let mut preview = Preview::of(format!("Another rule decides who has to agree: {}.", class.title()))
            .fact("Rule now", in_words(before))
            .fact("Rule then", in_words(rule));
        if rule.is_laxer_than(before) {
            preview = preview
                .loses("Some of the protection against one person, or one stolen account, acting alone.");
        }
        let title = format!("Change the rule: {}", class.title());
        let subject = format!("approval_rule:{}", class.key());
        Ok(Shown { preview, subject, title, path: "/settings/approvals".into() })
    }

    async fn show_emergency(&self, tx: &mut Tx, request: ApprovalId) -> Result<Shown> {
        let row = first!(
            tx,
            (String, String, String, Option<String>, Option<String>),
            "select q.title, q.requester, q.reason, d.by_name, d.comment from approval_requests q \
             left join approval_decisions d on d.tenant_id = q.tenant_id and d.request_id = q.id and d.by_id = q.emergency_by \
             and d.verdict = 'comment' and d.at >= q.approved_at where q.tenant_id = $1 and q.id = $2 \
             and q.emergency_by is not null order by d.seq limit 1",
            self.key(),
            request.to_string(),
        )?;
        let (title, requester, reason, by, why) = row.ok_or(Error::NotFound { what: "request" })?;
        let preview = Preview::of("Something was done without the second person that it needs. Somebody else looks at it and says so.")
            .fact("What", title.as_str())
            .fact("Asked for by", requester)
            .fact("Because", reason)
            .fact("Done alone by", or_none(by.as_deref()))
            .fact("Their reason", or_none(why.as_deref()));
        let subject = format!("approval:{request}");
        Ok(Shown {
            preview,
            subject,
            title: format!("Review: {title}"),
            path: format!("/approvals/{request}"),
        })
    }

    /// The rule that is stored for a class, or its default.
    pub(super) async fn stored_rule(&self, tx: &mut Tx, class: Class) -> Result<Rule> {
        let row = first!(
            tx,
            (i64, i64, i64),
            "select approvals, within_ms, cool_off_ms from approval_rules where tenant_id = $1 and class = $2",
            self.key(),
            class.key(),
        )?;
        row.map_or(Ok(class.default_rule()), |(approvals, within_ms, cool_off_ms)| {
            Ok(Rule { approvals: number(TABLE, approvals)?, within_ms, cool_off_ms })
        })
    }
}
