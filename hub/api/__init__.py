"""The JSON API: thin entrances, one file a resource. Each parses, calls the domain and answers."""
