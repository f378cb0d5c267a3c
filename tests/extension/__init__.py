"""The extension in a real Chromium. A package, so that its hub ends with its last test."""
