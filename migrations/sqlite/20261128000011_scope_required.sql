-- SQLite has no row security; there the program is the only wall, and nobody else has the file.
SELECT 1;
