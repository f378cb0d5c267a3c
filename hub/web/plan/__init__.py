"""The plan: what to write, promote, fix, test and retire next, and the briefs that people made of it."""
