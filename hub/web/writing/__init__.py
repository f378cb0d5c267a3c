"""Writing: the list of what somebody is writing, the editor, and files and hub that say different things."""
