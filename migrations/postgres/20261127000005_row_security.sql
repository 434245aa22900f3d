-- The second wall between organisations: a transaction that was begun for one (SET LOCAL holdfast.scope) neither sees nor
-- writes rows of another, whatever its statements say. '*' is the scope of the system. No scope at all is as free as
-- before: servers of the previous release set none, and a later migration takes that freedom away.
-- The owner of the tables is bound too, and superusers are not. A dump of the catalog by its owner takes
-- `pg_dump --enable-row-security`, which without a scope sees all rows.
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND a.attname = 'tenant_id'
            AND NOT a.attisdropped
        ORDER BY c.relname
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            $policy$
            CREATE POLICY one_organisation ON %I
                USING (coalesce(current_setting('holdfast.scope', true), '') IN ('', '*', tenant_id))
            $policy$,
            name
        );
    END LOOP;
END $$;
