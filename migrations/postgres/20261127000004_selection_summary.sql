-- Lists of requests need what was chosen in figures, not the keys of every chosen row.
ALTER TABLE restore_requests ADD COLUMN selection_summary TEXT NOT NULL DEFAULT '{"what":"everything"}';
UPDATE restore_requests SET selection_summary = CASE selection::json ->> 'what'
    WHEN 'rows' THEN json_build_object('what', 'rows', 'table', selection::json ->> 'table', 'rows', json_array_length(selection::json -> 'keys'))::text
    WHEN 'tables' THEN json_build_object('what', 'tables', 'tables', json_array_length(selection::json -> 'tables'), 'only',
        CASE json_array_length(selection::json -> 'tables') WHEN 1 THEN selection::json -> 'tables' ->> 0 END)::text
    ELSE '{"what":"everything"}' END;
