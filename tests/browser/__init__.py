"""The hub in a real Chromium. A package, so that its browser and its server end with its last test."""
