"""The library as a folder of files, and as tables: checked, brought in, written out, kept in agreement.

The database is the record; this is a door to it. Signatures never pass through.
"""
