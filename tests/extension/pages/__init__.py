"""The scripts in visited pages. A package, so that its Chromium and its hub end with its last test."""
