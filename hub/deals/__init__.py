"""Deals, their accounts, contacts and stage history: what a source says of them, when it was so, and when the hub
learnt it.
"""
