"""What somebody sends the hub to do that takes a while: an import, a sync, a rebuild, a backup. Asked for by a page,
done by a thread of the server or of `hub work`, told about while it runs and kept afterwards with its report."""
