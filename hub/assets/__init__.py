"""Messaging assets: their text, their versions, and how both teams write, review, publish and retire them."""
