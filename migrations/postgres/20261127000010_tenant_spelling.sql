-- How the tenants of a source are spelled, as JSON: what a person types is brought to it before anything is made of it.
-- NULL until a schema was looked at since.
ALTER TABLE tenant_maps ADD COLUMN spelling TEXT;
