"""Personas, buyer-journey stages and the other vocabularies: the words by which assets and deals are tagged."""
