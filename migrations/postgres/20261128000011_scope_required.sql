-- The second wall stands without a gap: a statement in no scope sees nothing and writes nothing. Every transaction of
-- the program sets one, the system's '*' as expressly as an organisation's, and so does whoever applies migrations.
ALTER TABLE installation ENABLE ROW LEVEL SECURITY;
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE password_links ENABLE ROW LEVEL SECURITY;
ALTER TABLE vaults ENABLE ROW LEVEL SECURITY;
ALTER TABLE installation FORCE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
ALTER TABLE sessions FORCE ROW LEVEL SECURITY;
ALTER TABLE password_links FORCE ROW LEVEL SECURITY;
ALTER TABLE vaults FORCE ROW LEVEL SECURITY;

-- What belongs to no organisation is seen in any scope: people have memberships in several.
CREATE POLICY any_scope ON installation USING (coalesce(current_setting('holdfast.scope', true), '') <> '');
CREATE POLICY any_scope ON users USING (coalesce(current_setting('holdfast.scope', true), '') <> '');
CREATE POLICY any_scope ON sessions USING (coalesce(current_setting('holdfast.scope', true), '') <> '');
CREATE POLICY any_scope ON password_links USING (coalesce(current_setting('holdfast.scope', true), '') <> '');
CREATE POLICY any_scope ON vaults USING (coalesce(current_setting('holdfast.scope', true), '') <> '');

-- A scope that was never set is NULL and one that has ended is empty; both are nobody's. Audit entries of the
-- installation, which name no organisation, are the system's alone.
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN
        SELECT c.relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid
        WHERE c.relnamespace = current_schema()::regnamespace AND p.polname = 'one_organisation'
        ORDER BY c.relname
    LOOP
        EXECUTE format(
            $policy$
            ALTER POLICY one_organisation ON %I
                USING (current_setting('holdfast.scope', true) IN ('*', tenant_id))
            $policy$,
            name
        );
    END LOOP;
END $$;
