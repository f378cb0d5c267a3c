"""Planning: what to write, promote, fix, test and retire next. Gaps and the queue, what reps asked for, and the briefs
that become assets; and the inbox, in which people are told what became of it."""
