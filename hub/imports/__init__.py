"""Tables of other systems, read row by row: what every import has in common (the CSV, the mapping, the report)."""
