"""The CRMs that deals come from: what they send or let us pull, made one kind of saying, and sayings made deals."""
