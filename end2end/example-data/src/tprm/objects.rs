//! Views upon views, triggers that depend on their order, routines and events of `tprm_integration`.
//!
//! Events begin in 2037: a server whose scheduler is on would otherwise change the rows under a comparison.

use crate::object::{Object, compound, plain};

pub(super) fn all() -> Vec<Object> {
    let mut all = routines();
    all.extend(views());
    all.extend(triggers());
    all.extend(events());
    all
}

fn routines() -> Vec<Object> {
    vec![
        compound(
            "CREATE DEFINER=CURRENT_USER FUNCTION `vendor_grade`(score DOUBLE) RETURNS char(1) CHARSET utf8mb4
    DETERMINISTIC NO SQL SQL SECURITY INVOKER COMMENT 'A is best; it''s the purchaser''s scale'
BEGIN
  /* Text that looks like a delimiter: ';;' */
  IF score < 20 THEN RETURN 'A'; ELSEIF score < 50 THEN RETURN 'B'; ELSEIF score < 80 THEN RETURN 'C'; END IF;
  RETURN 'D';
END",
        ),
        compound(
            "CREATE DEFINER=CURRENT_USER FUNCTION `open findings of`(vendor BIGINT) RETURNS bigint
    READS SQL DATA
RETURN (SELECT count(*) FROM assessments_finding f JOIN assessments_assessment a ON a.id = f.assessment_id WHERE a.vendor_id = vendor)",
        ),
        compound(
            "CREATE DEFINER=CURRENT_USER PROCEDURE `suspend_expired_vendors`(IN day DATE, OUT suspended INT)
    MODIFIES SQL DATA
BEGIN
  DECLARE done INT DEFAULT 0;
  DECLARE vendor BIGINT;
  DECLARE expired CURSOR FOR SELECT vendor_id FROM vendors_certificate GROUP BY vendor_id HAVING max(valid_until) < day;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = 1;
  SET suspended = 0;
  OPEN expired;
  each_one: LOOP
    FETCH expired INTO vendor;
    IF done = 1 THEN LEAVE each_one; END IF;
    UPDATE vendors_vendor SET status = 'suspended' WHERE id = vendor AND status = 'active';
    SET suspended = suspended + row_count();
  END LOOP;
  CLOSE expired;
END",
        ),
        compound(
            "CREATE DEFINER=CURRENT_USER PROCEDURE `vendor``s \"file\"`(IN vendor BIGINT, INOUT label VARCHAR(80) CHARSET utf8mb4)
    READS SQL DATA SQL SECURITY INVOKER
BEGIN
  SET label = concat(label, ' 📎 ', `open findings of`(vendor));
  SELECT c.number, c.title FROM contracts_contract c WHERE c.vendor_id = vendor ORDER BY c.starts_on;
END",
        ),
    ]
}

fn views() -> Vec<Object> {
    vec![
        // `a_…` is made of `z_…`: whoever creates views in the order of their names fails.
        plain(
            "CREATE DEFINER=CURRENT_USER SQL SECURITY INVOKER VIEW `z_active_vendor` AS \
             SELECT id, TenantId, name, annual_spend, risk_score, vendor_grade(risk_score) AS grade \
             FROM vendors_vendor WHERE status = 'active'",
        ),
        plain(
            "CREATE DEFINER=CURRENT_USER VIEW `a_spend_by_grade` AS \
             SELECT TenantId, grade, count(*) AS vendors, sum(annual_spend) AS spend FROM z_active_vendor GROUP BY TenantId, grade",
        ),
        plain(
            "CREATE DEFINER=CURRENT_USER VIEW `b_concentration` (`tenant`, `customer's name`, `vendors`, `spend`) AS \
             SELECT t.id, t.name, coalesce(sum(a.vendors), 0), coalesce(sum(a.spend), 0) \
             FROM core_tenant t LEFT JOIN a_spend_by_grade a ON a.TenantId = t.id GROUP BY t.id, t.name",
        ),
        plain(
            "CREATE ALGORITHM=MERGE DEFINER=CURRENT_USER VIEW `odd ``view``` AS \
             SELECT id, `tick``ed` AS `col``umn`, 'é📎' AS label FROM `odd ``name`` with 'quotes' \"and\" $pace` \
             WHERE `100%` > 0 WITH CASCADED CHECK OPTION",
        ),
    ]
}

fn triggers() -> Vec<Object> {
    vec![
        // Three on one event, each reading what the one before wrote; their names sort otherwise.
        compound(
            "CREATE DEFINER=CURRENT_USER TRIGGER `z_vendor_code` BEFORE INSERT ON `vendors_vendor` FOR EACH ROW
BEGIN
  IF NEW.code = '' THEN SET NEW.code = concat('vnd-', lpad(NEW.TenantId, 3, '0'), '-', left(uuid(), 8)); END IF;
END",
        ),
        compound(
            "CREATE DEFINER=CURRENT_USER TRIGGER `a_vendor_name` BEFORE INSERT ON `vendors_vendor` FOR EACH ROW FOLLOWS `z_vendor_code`
SET NEW.name = if(NEW.name = '', concat('Unnamed ', NEW.code), NEW.name)",
        ),
        compound(
            "CREATE DEFINER=CURRENT_USER TRIGGER `m_vendor_upper` BEFORE INSERT ON `vendors_vendor` FOR EACH ROW PRECEDES `a_vendor_name`
SET NEW.code = upper(NEW.code)",
        ),
        compound(
            "CREATE DEFINER=CURRENT_USER TRIGGER `vendor_status` AFTER UPDATE ON `vendors_vendor` FOR EACH ROW
BEGIN
  IF NOT (OLD.status <=> NEW.status) THEN
    INSERT INTO vendors_statushistory (TenantId, vendor_id, old_status, new_status, changed_at)
      VALUES (NEW.TenantId, NEW.id, OLD.status, NEW.status, now(6));
  END IF;
END",
        ),
        compound(
            "CREATE DEFINER=CURRENT_USER TRIGGER `trigger_that_keeps_signed_contract_versions_from_being_removed_e` \
BEFORE DELETE ON `contracts_contractversion` FOR EACH ROW
BEGIN
  IF OLD.signed_at IS NOT NULL THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'Signed versions can''t be deleted';
  END IF;
END",
        ),
    ]
}

fn events() -> Vec<Object> {
    vec![
        compound(
            "CREATE DEFINER=CURRENT_USER EVENT `purge_sessions` ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 02:30:00' \
ON COMPLETION PRESERVE ENABLE COMMENT 'Django''s clearsessions'
DO DELETE FROM django_session WHERE expire_date < now() - INTERVAL 30 DAY",
        ),
        compound(
            "CREATE DEFINER=CURRENT_USER EVENT `expire ``certificates```
ON SCHEDULE EVERY 6 HOUR STARTS '2037-01-01 00:00:00' ENDS '2037-12-31 00:00:00' ON COMPLETION PRESERVE DISABLE
DO BEGIN
  CALL suspend_expired_vendors(current_date(), @suspended);
  SET @note = 'abgelaufen 📎';
END",
        ),
    ]
}
