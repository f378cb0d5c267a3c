"""Insights: one page a question, each with its picture, its table, how to read it and where its rows are."""
