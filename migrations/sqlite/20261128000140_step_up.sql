-- Whether whoever made a token had just proven who they are. Without that a token may nothing that people are asked to
-- prove themselves for.
ALTER TABLE api_tokens ADD COLUMN proven INTEGER NOT NULL DEFAULT 0 CHECK (proven IN (0, 1));
