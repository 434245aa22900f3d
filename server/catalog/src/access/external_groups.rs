//! Groups whose members another house knows: whoever signs people in says in which ones somebody is.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    GroupId, TenantId, UserId,
    audit::{Act, Deed, Field, Origin},
};

use crate::{
    Catalog, TenantCatalog,
    audit::Actor,
    db::{all, exec},
    decode::id,
    error::Result,
};

impl Catalog {
    /// Makes the groups that somebody is in by a sign-in elsewhere exactly those of `names`, in every organisation of
    /// theirs. Groups that people put them into stay, and so do groups without a name elsewhere. What changes is in the
    /// trail of each organisation. Returns how many changed.
    pub async fn set_external_groups(&self, user: UserId, names: &[String], origin: &Origin) -> Result<u64> {
        let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        let key = user.to_string();
        let mut tx = self.db.begin().await?;
        let known = all!(
            &mut tx,
            (String, String, String),
            "select g.tenant_id, g.id, g.external_name from people_groups g join memberships m \
             on m.tenant_id = g.tenant_id where m.user_id = $1 and g.external_name is not null",
            &key,
        )?;
        let present = all!(
            &mut tx,
            (String, String, i64),
            "select tenant_id, group_id, is_external from group_members where user_id = $1",
            &key,
        )?;
        let is_in = |tenant: &str, group: &str| {
            present.iter().find(|(of, which, _)| of == tenant && which == group).map(|row| row.2 == 1)
        };
        // By organisation, because chains of the trail are written in their order.
        let mut changes: BTreeMap<String, Vec<(String, bool)>> = BTreeMap::new();
        for (tenant, group, name) in &known {
            let change = match (names.contains(name.as_str()), is_in(tenant, group)) {
                (true, None) => true,
                (false, Some(true)) => false,
                _ => continue,
            };
            changes.entry(tenant.clone()).or_default().push((group.clone(), change));
        }
        for (tenant, groups) in &changes {
            for (group, joins) in groups {
                if *joins {
                    exec!(
                        &mut tx,
                        "insert into group_members (tenant_id, group_id, user_id, is_external) \
                         values ($1, $2, $3, 1) on conflict do nothing",
                        tenant,
                        group,
                        &key,
                    )?;
                } else {
                    exec!(
                        &mut tx,
                        "delete from group_members where tenant_id = $1 and group_id = $2 and user_id = $3 \
                         and is_external = 1",
                        tenant,
                        group,
                        &key,
                    )?;
                }
            }
        }
        let mut count = 0;
        for (tenant, groups) in changes {
            let tenant: TenantId = id("people_groups", &tenant)?;
            let rows = TenantCatalog::new(self, tenant, None, Actor::system("single sign-on"));
            let rows = rows.seen_from(origin.clone());
            for (group, joins) in groups {
                let group: GroupId = id("people_groups", &group)?;
                let deed = if joins {
                    Deed::done(Act::GroupJoin, group).after(Field::Person, user)
                } else {
                    Deed::done(Act::GroupLeave, group).before(Field::Person, user)
                };
                rows.audit(&mut tx, deed).await?;
                count += 1;
            }
        }
        tx.commit().await?;
        Ok(count)
    }
}
