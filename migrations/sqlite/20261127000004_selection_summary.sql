-- Lists of requests need what was chosen in figures, not the keys of every chosen row.
ALTER TABLE restore_requests ADD COLUMN selection_summary TEXT NOT NULL DEFAULT '{"what":"everything"}';
UPDATE restore_requests SET selection_summary = CASE json_extract(selection, '$.what')
    WHEN 'rows' THEN json_object('what', 'rows', 'table', json_extract(selection, '$.table'), 'rows', json_array_length(selection, '$.keys'))
    WHEN 'tables' THEN json_object('what', 'tables', 'tables', json_array_length(selection, '$.tables'), 'only',
        CASE json_array_length(selection, '$.tables') WHEN 1 THEN json_extract(selection, '$.tables[0]') END)
    ELSE '{"what":"everything"}' END;
