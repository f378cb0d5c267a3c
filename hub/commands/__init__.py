"""The command line, one file a subject: thin entrances, like the API's. Heavy imports happen inside the commands."""
