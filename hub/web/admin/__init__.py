"""The pages of those who look after the hub: imports, the taxonomy, people, tokens, events, settings and health."""
