"""The event log and its outbox: what happened, who did it, and a worker that tells the rest of the hub about it."""
