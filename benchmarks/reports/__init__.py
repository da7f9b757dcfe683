"""The forms of a result: table, JSON, CSV, Markdown, HTML; one file each."""
