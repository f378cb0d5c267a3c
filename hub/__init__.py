"""The hub: messaging that marketing and sales write, approve, find and measure together."""
