"""What the outcomes of deals say about assets: which content helps, where the money passed, and how sure we may be."""
