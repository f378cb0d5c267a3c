"""Backups: a hub's database, attachments and settings as one file, and a hub made again from it.

The file names no engine: what was written from SQLite can be loaded into PostgreSQL, and back.
"""
