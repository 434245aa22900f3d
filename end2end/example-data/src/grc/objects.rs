//! Views upon views, triggers that depend on their order, routines and events of `grc2`.
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
            "CREATE DEFINER=CURRENT_USER FUNCTION `risk_level`(score INT) RETURNS varchar(20) CHARSET utf8mb4
    DETERMINISTIC NO SQL SQL SECURITY INVOKER COMMENT 'it''s the scale of the board; not the auditor''s'
BEGIN
  -- A semicolon; in a comment, and text that looks like a delimiter: ';;'
  IF score IS NULL THEN RETURN 'unknown'; END IF;
  RETURN CASE WHEN score >= 15 THEN 'critical' WHEN score >= 9 THEN 'high' WHEN score >= 4 THEN 'medium' ELSE 'low' END;
END",
        ),
        compound(
            "CREATE DEFINER=CURRENT_USER FUNCTION `open findings of`(tenant INT) RETURNS bigint
    READS SQL DATA
RETURN (SELECT count(*) FROM audit_finding WHERE TenantId = tenant AND rating <> 'observation')",
        ),
        compound(
            "CREATE DEFINER=CURRENT_USER PROCEDURE `close_stale_treatments`(IN before_day DATE, OUT closed INT)
    MODIFIES SQL DATA
BEGIN
  DECLARE done INT DEFAULT 0;
  DECLARE treatment BIGINT;
  DECLARE stale CURSOR FOR SELECT id FROM risk_treatment WHERE due_on < before_day;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = 1;
  SET closed = 0;
  OPEN stale;
  each_one: LOOP
    FETCH stale INTO treatment;
    IF done = 1 THEN LEAVE each_one; END IF;
    UPDATE risk_treatment_task SET done = b'1' WHERE treatment_id = treatment;
    SET closed = closed + 1;
  END LOOP;
  CLOSE stale;
END",
        ),
        compound(
            "CREATE DEFINER=CURRENT_USER PROCEDURE `tenant``s \"summary\"`(IN tenant INT, INOUT label VARCHAR(80) CHARSET utf8mb4)
    READS SQL DATA SQL SECURITY INVOKER
BEGIN
  SET label = concat(label, ' 🛡️ ', `open findings of`(tenant));
  SELECT risk_level(inherent_score) AS level, count(*) AS risks FROM risk_risk WHERE TenantId = tenant GROUP BY level;
END",
        ),
    ]
}

fn views() -> Vec<Object> {
    vec![
        // `a_…` is made of `z_…`: whoever creates views in the order of their names fails.
        plain(
            "CREATE DEFINER=CURRENT_USER SQL SECURITY INVOKER VIEW `z_open_risk` AS \
             SELECT r.id, r.TenantId, r.code, r.title, r.inherent_score, risk_level(r.inherent_score) AS level \
             FROM risk_risk r LEFT JOIN risk_treatment t ON t.risk_id = r.id AND t.strategy = 'accept' WHERE t.id IS NULL",
        ),
        plain(
            "CREATE DEFINER=CURRENT_USER VIEW `a_risk_by_tenant` AS \
             SELECT TenantId, level, count(*) AS risks, max(inherent_score) AS worst FROM z_open_risk GROUP BY TenantId, level",
        ),
        plain(
            "CREATE DEFINER=CURRENT_USER VIEW `b_board_report` (`tenant`, `customer's name`, `risks`, `findings`) AS \
             SELECT t.id, t.name, coalesce(sum(a.risks), 0), `open findings of`(t.id) \
             FROM core_tenant t LEFT JOIN a_risk_by_tenant a ON a.TenantId = t.id GROUP BY t.id, t.name",
        ),
        plain(
            "CREATE ALGORITHM=MERGE DEFINER=CURRENT_USER VIEW `odd ``view``` AS \
             SELECT id, `tick``ed` AS `col``umn`, 'é🛡️' AS label FROM `odd ``name`` with 'quotes' \"and\" $pace` \
             WHERE `100%` > 0 WITH CASCADED CHECK OPTION",
        ),
    ]
}

fn triggers() -> Vec<Object> {
    vec![
        // Two on one event. The second reads what the first wrote, and its name sorts first.
        compound(
            "CREATE DEFINER=CURRENT_USER TRIGGER `z_control_code` BEFORE INSERT ON `compliance_control` FOR EACH ROW
BEGIN
  IF NEW.code = '' THEN SET NEW.code = concat('CTL-', lpad(NEW.TenantId, 3, '0'), '-', left(uuid(), 8)); END IF;
END",
        ),
        compound(
            "CREATE DEFINER=CURRENT_USER TRIGGER `a_control_title` BEFORE INSERT ON `compliance_control` FOR EACH ROW FOLLOWS `z_control_code`
SET NEW.title = if(NEW.title = '', concat('Untitled ', NEW.code), NEW.title)",
        ),
        compound(
            "CREATE DEFINER=CURRENT_USER TRIGGER `m_control_upper` BEFORE INSERT ON `compliance_control` FOR EACH ROW PRECEDES `a_control_title`
SET NEW.code = upper(NEW.code)",
        ),
        compound(
            "CREATE DEFINER=CURRENT_USER TRIGGER `control_history` AFTER UPDATE ON `compliance_control` FOR EACH ROW
BEGIN
  IF NOT (OLD.title <=> NEW.title) THEN
    INSERT INTO compliance_controlhistory (TenantId, control_id, old_title, note, changed_at)
      VALUES (NEW.TenantId, NEW.id, OLD.title, concat('it''s now \"', left(NEW.title, 200), '\"; ✓'), now(6));
  END IF;
END",
        ),
        compound(
            "CREATE DEFINER=CURRENT_USER TRIGGER `trigger_that_keeps_evidence_from_being_deleted_without_review_eu` \
BEFORE DELETE ON `evidence_evidence` FOR EACH ROW
BEGIN
  IF EXISTS (SELECT 1 FROM evidence_review WHERE evidence_id = OLD.id AND verdict = 'accepted') THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'Accepted evidence can''t be deleted';
  END IF;
END",
        ),
    ]
}

fn events() -> Vec<Object> {
    vec![
        compound(
            "CREATE DEFINER=CURRENT_USER EVENT `purge_sessions` ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 02:00:00' \
ON COMPLETION PRESERVE ENABLE COMMENT 'Django''s clearsessions'
DO DELETE FROM django_session WHERE expire_date < now() - INTERVAL 30 DAY",
        ),
        compound(
            "CREATE DEFINER=CURRENT_USER EVENT `remind ``owners```
ON SCHEDULE EVERY 6 HOUR STARTS '2037-01-01 00:00:00' ENDS '2037-12-31 00:00:00' ON COMPLETION PRESERVE DISABLE
DO BEGIN
  INSERT INTO core_notification (TenantId, recipient_id, subject, body, created_at)
    SELECT TenantId, min(user_id), 'Überfällig 🛡️', '', now(6) FROM core_userprofile GROUP BY TenantId;
  SET @reminded = row_count();
END",
        ),
    ]
}
