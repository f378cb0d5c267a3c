"""Who uses the hub: persons with team and role, how they sign in, their tokens, and who may do what."""
